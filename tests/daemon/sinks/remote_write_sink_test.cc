#include "daemon/sinks/remote_write_sink.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <snappy.h>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"
#include "tests/daemon/sinks/test_receiver.h"

namespace squall {
namespace {

// Reads the protocol's messages, as far as they are used.
struct Reader {
  std::string_view rest;
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; !rest.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) {
        break;
      }
    }
    return value;
  }
  std::string_view Bytes() {
    const size_t size = Varint();
    const std::string_view bytes = rest.substr(0, size);
    rest.remove_prefix(size);
    return bytes;
  }
  uint64_t Fixed64() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) {
      bits |= uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
    }
    rest.remove_prefix(8);
    return bits;
  }
};

constexpr uint64_t kAtMs = 1'700'000'000'000;

struct Sample {
  uint64_t bits = 0;
  uint64_t at_ms = 0;
  bool operator==(const Sample&) const = default;
};

Sample SampleOf(double value) { return {std::bit_cast<uint64_t>(value), kAtMs}; }

// "name=…;a=b;" in the order of the message.
std::map<std::string, Sample> ReadRequest(std::string_view request) {
  std::map<std::string, Sample> all;
  Reader outer{request};
  while (!outer.rest.empty()) {
    EXPECT_EQ(outer.Varint(), 1 << 3 | 2u);
    Reader series{outer.Bytes()};
    std::string text;
    std::string last;
    Sample sample;
    while (!series.rest.empty()) {
      const uint64_t tag = series.Varint();
      Reader part{series.Bytes()};
      if (tag == (1 << 3 | 2)) {
        part.Varint();
        const std::string name(part.Bytes());
        part.Varint();
        EXPECT_LT(last, name) << "labels must be sorted";
        last = name;
        text += name + "=" + std::string(part.Bytes()) + ";";
      } else {
        part.Varint();
        sample.bits = part.Fixed64();
        part.Varint();
        sample.at_ms = part.Varint();
      }
    }
    EXPECT_TRUE(all.emplace(text, sample).second) << "twice: " << text;
  }
  return all;
}

std::map<std::string, Sample> BodyOf(const std::string& request) {
  std::string body;
  const std::string compressed = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_TRUE(snappy::Uncompress(compressed.data(), compressed.size(), &body));
  return ReadRequest(body);
}

TEST(RemoteWriteSinkTest, SeriesAreThoseOfTheMetricsPage) {
  const TestReceiver receiver;
  HttpPostOptions http;
  http.url = receiver.url();
  const MetricOutput output{.kind = MetricOutput::Kind::kRemoteWrite,
                            .tags = {{"env", "staging"}, {"job", "load"}}};
  RemoteWriteSink sink(output, kSource, http, {});
  Snapshot now = SampleRun();
  AddRequests(&now, kHostileName, 1, 0, std::chrono::milliseconds(1));
  ASSERT_TRUE(sink.Send(ReportOf(now)).ok());
  ASSERT_EQ(receiver.requests().size(), 1u);
  const std::map<std::string, Sample> series = BodyOf(receiver.requests()[0]);
  const auto value = [&](const std::string& name, const std::string& labels) {
    const auto found =
        series.find("__name__=" + name + ";agent=a-1;env=staging;instance=a-1;job=load;" + labels);
    EXPECT_NE(found, series.end()) << name << " " << labels;
    if (found == series.end()) {
      return -1.0;
    }
    EXPECT_EQ(found->second.at_ms, kAtMs);
    return std::bit_cast<double>(found->second.bits);
  };
  const std::string row = "method=GET;name=/products;run_id=run-1;test=shop;";
  EXPECT_EQ(value("squall_requests_total", row), 4);
  EXPECT_EQ(value("squall_request_duration_seconds_count", row), 4);
  EXPECT_NEAR(value("squall_request_duration_seconds_sum", row), 0.08, 1e-9);
  EXPECT_EQ(value("squall_request_duration_seconds_bucket", "le=0.01;" + row), 0);
  EXPECT_EQ(value("squall_request_duration_seconds_bucket", "le=0.025;" + row), 4);
  // As the page of metrics has them, or a panel over both would show each bucket twice.
  EXPECT_EQ(value("squall_request_duration_seconds_bucket", "le=1.0;" + row), 4);
  EXPECT_EQ(value("squall_request_duration_seconds_bucket", "le=5.0;" + row), 4);
  EXPECT_EQ(value("squall_request_duration_seconds_bucket", "le=+Inf;" + row), 4);
  EXPECT_EQ(value("squall_users", "run_id=run-1;test=shop;user_class=Shopper;"), 3);
}

TEST(RemoteWriteSinkTest, EmptyLabelsAreNone) {
  prometheus::MetricFamily family{"x", "", prometheus::MetricType::Gauge, {}};
  family.metric.emplace_back().label = {{"a", ""}, {"b", "own"}};
  family.metric.back().gauge.value = 2.5;
  const WrittenSeries series = SeriesOf({family}, {{"b", "common"}, {"c", "d"}});
  const std::map<std::string, Sample> expected = {{"__name__=x;b=own;c=d;", SampleOf(2.5)}};
  EXPECT_EQ(ReadRequest(WriteRequestOf(series, WallTime(std::chrono::milliseconds(kAtMs)))),
            expected);
}

constexpr uint64_t kStale = 0x7ff0000000000002;  // the specification's

class RemoteWriteEndTest : public testing::Test {
 protected:
  absl::Status Send(const Snapshot& now, bool last) {
    MetricReport report = ReportOf(now);
    report.last = last;
    return sink_.Send(report);
  }
  static HttpPostOptions To(const TestReceiver& receiver) {
    HttpPostOptions http;
    http.url = receiver.url();
    return http;
  }

  TestReceiver receiver_;
  RemoteWriteSink sink_{{.kind = MetricOutput::Kind::kRemoteWrite}, kSource, To(receiver_), {}};
};

TEST_F(RemoteWriteEndTest, AfterTheLastReportEverySeriesIsStale) {
  ASSERT_TRUE(Send(SampleRun(), true).ok());
  ASSERT_EQ(receiver_.requests().size(), 2u);
  const std::map<std::string, Sample> values = BodyOf(receiver_.requests()[0]);
  const std::map<std::string, Sample> markers = BodyOf(receiver_.requests()[1]);
  EXPECT_EQ(markers.size(), values.size());
  EXPECT_GT(markers.size(), 50u);
  for (const auto& [series, marker] : markers) {
    EXPECT_EQ(marker, (Sample{kStale, kAtMs + 1})) << series;
    ASSERT_TRUE(values.contains(series)) << series;
    EXPECT_NE(values.at(series).bits, kStale) << series;
  }
}

TEST_F(RemoteWriteEndTest, ASeriesThatIsNoMoreIsStaleAtOnce) {
  Snapshot now = SampleRun();
  now.users["Guest"] = 1;
  ASSERT_TRUE(Send(now, false).ok());
  now.users.erase("Guest");
  ASSERT_TRUE(Send(now, false).ok());
  ASSERT_TRUE(Send(now, false).ok());
  ASSERT_EQ(receiver_.requests().size(), 3u);
  std::vector<size_t> stale;
  for (const std::string& request : receiver_.requests()) {
    size_t& count = stale.emplace_back(0);
    for (const auto& [series, sample] : BodyOf(request)) {
      if (sample.bits == kStale) {
        ++count;
        EXPECT_TRUE(series.ends_with("user_class=Guest;")) << series;
      }
    }
  }
  EXPECT_EQ(stale, (std::vector<size_t>{0, 1, 0}));
}

TEST_F(RemoteWriteEndTest, WhatWasTakenOfALastReportIsNotSentAgain) {
  receiver_.Answer({"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", kTaken,
                    "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"});
  const Snapshot now = SampleRun();
  EXPECT_FALSE(Send(now, true).ok());  // samples
  EXPECT_FALSE(Send(now, true).ok());  // samples, markers
  EXPECT_TRUE(Send(now, true).ok());   // markers
  const std::vector<std::string> requests = receiver_.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0], requests[1]);
  EXPECT_EQ(requests[2], requests[3]);
  EXPECT_EQ(BodyOf(requests[3]).begin()->second, (Sample{kStale, kAtMs + 1}));
}

}  // namespace
}  // namespace squall
