#include "daemon/sinks/influxdb_sink.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"
#include "tests/daemon/sinks/test_receiver.h"

namespace squall {
namespace {

std::string LinesOf(const Snapshot& now, const Snapshot* before = nullptr) {
  RequestSampler sampler;
  const MetricReport report = ReportOf(now, before);
  return InfluxLines(sampler.Take(report), report,
                     InfluxTags({{"agent", "a-1"}, {"test", "shop"}}));
}

TEST(InfluxDbSinkTest, AReportIsLinesOfMeasurements) {
  const Snapshot before = SampleRun(1);
  EXPECT_EQ(LinesOf(SampleRun(4), &before),
            "squall_load,agent=a-1,test=shop users=3,target_users=3,target_arrivals_per_second=0,"
            "open_requests=0,stage=1,elapsed_seconds=5,iterations_total=4,"
            "dropped_iterations_total=0,task_errors_total=0,cpu_seconds_total=0,rss_bytes=0 "
            "1700000000000000000\n"
            "squall_users,agent=a-1,test=shop,user_class=Shopper users=3i 1700000000000000000\n"
            "squall_requests,agent=a-1,test=shop,method=GET,name=/products requests=3i,failures=0i,"
            "timeouts=0i,bytes_sent=30i,bytes_received=300i,requests_total=4i,failures_total=1i,"
            "avg_ms=20,min_ms=20,p50_ms=20,p90_ms=20,p95_ms=20,"
            "p99_ms=20,max_ms=20 1700000000000000000\n");
}

TEST(InfluxDbSinkTest, AHostileNameStaysOneTag) {
  Snapshot now;
  AddRequests(&now, kHostileName, 1, 0, std::chrono::milliseconds(1));
  const std::string lines = LinesOf(now);
  EXPECT_NE(lines.find("name=a\\ b\\,c\\=d|e#f:g/\\ \"{}\xEF\xBF\xBD\\ ä/ requests=1i"),
            std::string::npos)
      << lines;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
}

TEST(InfluxDbSinkTest, UserClassesAreBounded) {
  Snapshot now;
  for (int i = 0; i < 150; ++i) {
    now.users["class" + std::to_string(i)] = 1;
  }
  const std::string lines = LinesOf(now);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 102);  // and one of squall_load
  EXPECT_NE(lines.find(",user_class=other users=50i "), std::string::npos) << lines;
}

TEST(InfluxDbSinkTest, EmptyTagsAreLeftOut) {
  EXPECT_EQ(InfluxTags({{"b", "x y"}, {"a", ""}, {"A", "\\"}}), ",A=/,b=x\\ y");
}

TEST(InfluxDbSinkTest, AQueryAndHeadersGoAlong) {
  const TestReceiver receiver;
  const MetricOutput output{.kind = MetricOutput::Kind::kInfluxDb, .tags = {{"env", "staging"}}};
  HttpPostOptions http;
  http.url = receiver.url("/write?db=a&u=b");
  http.headers = {{"Authorization", "Token t"}};
  InfluxDbSink sink(output, kSource, http);
  const Snapshot now = SampleRun();
  EXPECT_TRUE(sink.Send(ReportOf(now)).ok());
  ASSERT_EQ(receiver.requests().size(), 1u);
  const std::string request = receiver.requests()[0];
  EXPECT_TRUE(request.starts_with("POST /write?db=a&u=b HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Authorization: Token t\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\nsquall_users,agent=a-1,env=staging,run_id=run-1,test=shop,user_class="),
            std::string::npos)
      << request;
}

TEST(InfluxDbSinkTest, ManyLinesGoInSeveralPostsOfWholeLines) {
  const TestReceiver receiver;
  HttpPostOptions http;
  http.url = receiver.url();
  const MetricOutput output{.kind = MetricOutput::Kind::kInfluxDb,
                            .tags = {{"long", std::string(1500, 'x')}}};
  InfluxDbSink sink(output, kSource, http);
  Snapshot now;
  for (int i = 0; i < 1000; ++i) {
    AddRequests(&now, "name" + std::to_string(i), 1, 0, Nanos(1));
  }
  EXPECT_TRUE(sink.Send(ReportOf(now)).ok());
  size_t lines = 0;
  for (const std::string& request : receiver.requests()) {
    EXPECT_EQ(request.back(), '\n');
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    EXPECT_TRUE(body.starts_with("squall_"));
    lines += static_cast<size_t>(std::count(body.begin(), body.end(), '\n'));
  }
  EXPECT_GT(receiver.requests().size(), 1u);
  EXPECT_EQ(lines, 1001u);
  EXPECT_EQ(receiver.connections(), 1);
}

constexpr char kBusy[] = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
constexpr char kRefused[] = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";

// A report of two posts, to a receiver that does not take each of them.
class InfluxDbFailureTest : public testing::Test {
 protected:
  // Each of 1000 names has had so many requests.
  static Snapshot Names(uint64_t requests, int second) {
    Snapshot now;
    now.at = WallTime(std::chrono::seconds(1'700'000'000 + second));
    for (int i = 0; i < 1000; ++i) {
      AddRequests(&now, "name" + std::to_string(i), requests, 0, Nanos(1));
    }
    return now;
  }
  static HttpPostOptions To(const TestReceiver& receiver) {
    HttpPostOptions http;
    http.url = receiver.url();
    http.timeout = std::chrono::milliseconds(500);
    return http;
  }
  std::vector<std::string> Bodies() const {
    std::vector<std::string> bodies;
    for (const std::string& request : receiver_.requests()) {
      bodies.push_back(request.substr(request.find("\r\n\r\n") + 4));
    }
    return bodies;
  }
  // {requests of a name, how many names have as many}, added up over the posts that were taken.
  // Points of the same name and time are one, as in a database.
  std::map<uint64_t, size_t> Sums(const std::set<size_t>& not_taken) const {
    std::map<std::string, uint64_t> points;
    const std::vector<std::string> bodies = Bodies();
    for (size_t i = 0; i < bodies.size(); ++i) {
      std::istringstream lines(not_taken.contains(i) ? "" : bodies[i]);
      for (std::string line; std::getline(lines, line);) {
        const size_t name = line.find(",name=");
        if (name != std::string::npos) {
          const size_t end = line.find(' ', name);
          points[line.substr(name, end - name) + line.substr(line.rfind(' '))] =
              std::stoul(line.substr(end + std::string(" requests=").size()));
        }
      }
    }
    std::map<std::string, uint64_t> by_name;
    for (const auto& [point, requests] : points) {
      by_name[point.substr(0, point.find(' '))] += requests;
    }
    std::map<uint64_t, size_t> sums;
    for (const auto& [name, requests] : by_name) {
      ++sums[requests];
    }
    return sums;
  }

  const std::map<uint64_t, size_t> kAllSeven = {{7, 1000}};
  TestReceiver receiver_;
  InfluxDbSink sink_{
      {.kind = MetricOutput::Kind::kInfluxDb, .tags = {{"long", std::string(1000, 'x')}}},
      kSource,
      To(receiver_)};
  const Snapshot four_ = Names(4, 0);
  const Snapshot seven_ = Names(7, 5);
};

TEST_F(InfluxDbFailureTest, PostsThatWereTakenAreNotSentAgain) {
  receiver_.Answer({kTaken, kBusy});
  EXPECT_TRUE(absl::IsUnavailable(sink_.Send(ReportOf(four_))));
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());  // the pump knows of nothing before it
  const std::vector<std::string> bodies = Bodies();
  ASSERT_EQ(bodies.size(), 5u);
  EXPECT_EQ(bodies[1], bodies[2]);
  EXPECT_EQ(Sums({1}), kAllSeven);
  const Snapshot nine = Names(9, 10);
  EXPECT_TRUE(sink_.Send(ReportOf(nine, &seven_)).ok());
  EXPECT_EQ(Sums({1}), (std::map<uint64_t, size_t>{{9, 1000}}));
}

TEST_F(InfluxDbFailureTest, APostWhoseAnswerIsLostIsSentAgainAsItWas) {
  receiver_.Answer({""});
  EXPECT_TRUE(absl::IsUnavailable(sink_.Send(ReportOf(four_))));
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_EQ(Bodies().at(0), Bodies().at(1));
  EXPECT_EQ(Sums({}), kAllSeven);
  EXPECT_EQ(Sums({0}), kAllSeven);
}

TEST_F(InfluxDbFailureTest, WhatFailsTwiceComesOnceAllTheSame) {
  receiver_.Answer({kTaken, kBusy, kTaken, kBusy, kBusy});
  EXPECT_FALSE(sink_.Send(ReportOf(four_)).ok());   // one post of two
  EXPECT_FALSE(sink_.Send(ReportOf(seven_)).ok());  // the other, and none of its own
  EXPECT_FALSE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_EQ(Sums({1, 3, 4}), kAllSeven);
}

TEST_F(InfluxDbFailureTest, ALastReportThatIsTriedAgainSendsWhatIsMissing) {
  receiver_.Answer({kTaken, kBusy});
  EXPECT_FALSE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_EQ(Bodies().size(), 3u);
  EXPECT_EQ(Sums({1}), kAllSeven);
}

TEST_F(InfluxDbFailureTest, WhatIsRefusedIsInTheNextReportUnlessOthersWereTaken) {
  receiver_.Answer({kRefused});
  EXPECT_TRUE(absl::IsFailedPrecondition(sink_.Send(ReportOf(four_))));
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_EQ(Sums({0}), kAllSeven);
  const Snapshot nine = Names(9, 10);
  receiver_.Answer({kTaken, kRefused});
  EXPECT_TRUE(absl::IsFailedPrecondition(sink_.Send(ReportOf(nine, &seven_))));
  EXPECT_TRUE(sink_.Send(ReportOf(nine, &seven_)).ok());
  const std::map<uint64_t, size_t> sums = Sums({0, 4});
  EXPECT_EQ(sums.begin()->first, 7u);
  EXPECT_EQ(sums.rbegin()->first, 9u);
  EXPECT_EQ(sums.size(), 2u);
}

TEST_F(InfluxDbFailureTest, AKeptReportThatIsRefusedHoldsUpNoLaterOne) {
  receiver_.Answer({kBusy, kRefused});
  EXPECT_TRUE(absl::IsUnavailable(sink_.Send(ReportOf(four_))));
  EXPECT_TRUE(sink_.Send(ReportOf(seven_)).ok());
  EXPECT_EQ(Sums({0, 1}), kAllSeven);
}

TEST_F(InfluxDbFailureTest, AllPostsOfAReportShareItsTime) {
  receiver_.Answer({kTaken, ""});
  MetricReport report = ReportOf(four_);
  report.time_max = std::chrono::milliseconds(100);
  EXPECT_TRUE(absl::IsUnavailable(sink_.Send(report)));
  report.time_max = Nanos(0);
  EXPECT_TRUE(absl::IsUnavailable(sink_.Send(report)));
  EXPECT_EQ(Bodies().size(), 2u);
}

TEST(InfluxDbSinkTest, PointsOfTheSameTimeDoNotTakeEachOthersPlace) {
  const TestReceiver receiver;
  HttpPostOptions http;
  http.url = receiver.url();
  InfluxDbSink sink({.kind = MetricOutput::Kind::kInfluxDb}, kSource, http);
  const Snapshot one = SampleRun(1);
  const Snapshot two = SampleRun(2);
  EXPECT_TRUE(sink.Send(ReportOf(one)).ok());
  EXPECT_TRUE(sink.Send(ReportOf(two, &one)).ok());
  EXPECT_TRUE(receiver.requests().at(0).ends_with(" 1700000000000000000\n"));
  EXPECT_TRUE(receiver.requests().at(1).ends_with(" 1700000000000000001\n"));
}

}  // namespace
}  // namespace squall
