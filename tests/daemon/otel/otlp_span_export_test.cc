#include "daemon/otel/otlp_span_export.h"

#include <cstdlib>
#include <mutex>

#include <gtest/gtest.h>

#include "daemon/otel/sdk_log.h"
#include "tests/daemon/otel/silent_port.h"
#include "tests/daemon/sinks/test_receiver.h"

namespace squall {
namespace {

constexpr int kSpans = 1500;  // three batches
constexpr char kAccepted[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

class OtlpSpanExportTest : public testing::Test {
 protected:
  OtlpSpanOptions Options(const std::string& endpoint, OtlpProtocol protocol) {
    QuietOtelSdk();
    OtlpSpanOptions options;
    options.output.endpoint = endpoint;
    options.output.protocol = protocol;
    options.sending.traces_timeout = std::chrono::milliseconds(300);
    options.close_time = std::chrono::milliseconds(300);
    options.log = [this](std::string_view text) {
      const std::lock_guard<std::mutex> lock(mutex_);
      log_.emplace_back(text);
    };
    return options;
  }

  // Records spans, closes the export and returns what became of them.
  Snapshot RecordAll(OtlpSpanOptions options) {
    OtlpSpanExport exporter(std::move(options), &clock_);
    SpanRecorder* recorder = exporter.hub()->NewRecorder();
    for (int i = 0; i < kSpans; ++i) {
      EXPECT_TRUE(recorder->Choose());
      RequestSpan* span = recorder->Reserve();
      if (span != nullptr) {
        *span = RequestSpan();
        span->context = recorder->NewContext();
        span->method.assign("GET");
        span->name.assign("x");
        span->host.assign("h");
        span->target.assign("/");
        span->failure.assign("");
        recorder->Commit();
      }
    }
    exporter.Close();
    exporter.Close();  // changes nothing
    Snapshot snapshot;
    exporter.hub()->Fill(&snapshot);
    return snapshot;
  }
  TraceFigures Record(OtlpSpanOptions options) { return RecordAll(std::move(options)).traces; }

  const SystemClock clock_;
  std::mutex mutex_;
  std::vector<std::string> log_;
};

class OtlpSpanExportToNobodyTest : public OtlpSpanExportTest,
                                   public testing::WithParamInterface<OtlpProtocol> {
 protected:
  OtlpSpanOptions Options(const SilentPort& port) {
    // Over gRPC there is no path.
    return OtlpSpanExportTest::Options(
        port.Url() + (GetParam() == OtlpProtocol::kHttp ? "/hunter2?k=hunter2" : ""), GetParam());
  }
};

TEST_P(OtlpSpanExportToNobodyTest, CountsEverySpanOnceWhenNobodyListens) {
  const SilentPort port(/*listening=*/false);
  const TraceFigures figures = Record(Options(port));
  EXPECT_EQ(figures.sampled, uint64_t{kSpans});
  EXPECT_EQ(figures.exported, 0U);
  EXPECT_EQ(figures.failed + figures.dropped, uint64_t{kSpans});
  EXPECT_GT(figures.failed, 0U);
  ASSERT_EQ(log_.size(), 1U);  // not one line for each batch
  EXPECT_TRUE(log_[0].starts_with("spans do not reach " + port.Url() + ": ")) << log_[0];
  EXPECT_EQ(log_[0].find("hunter2"), std::string::npos) << log_[0];
}

TEST_P(OtlpSpanExportToNobodyTest, CountsEverySpanOnceWhenTheCollectorNeverAnswers) {
  const SilentPort port(/*listening=*/true);
  const TraceFigures figures = Record(Options(port));
  EXPECT_EQ(figures.sampled, uint64_t{kSpans});
  EXPECT_EQ(figures.exported, 0U);
  EXPECT_EQ(figures.failed + figures.dropped, uint64_t{kSpans});
}

TEST_P(OtlpSpanExportToNobodyTest, DropsWhatTheBacklogHasNoRoomFor) {
  const SilentPort port(/*listening=*/true);
  OtlpSpanOptions options = Options(port);
  options.backlog_spans = 10;
  const TraceFigures figures = Record(std::move(options));
  EXPECT_GT(figures.dropped, 0U);
  EXPECT_EQ(figures.failed + figures.dropped, uint64_t{kSpans});
}

// Someone who looks a slow request up would find nothing.
TEST_P(OtlpSpanExportToNobodyTest, NoExemplarTellsOfATraceThatNobodyHas) {
  const SilentPort port(/*listening=*/false);
  EXPECT_TRUE(RecordAll(Options(port)).exemplars.empty());
}

// The library of Debian cannot compress over HTTP, and logs an error on each try.
TEST_F(OtlpSpanExportTest, WhatIsAcceptedIsSentOnceWhateverCompressionTheEnvironmentWants) {
  ASSERT_EQ(setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1), 0);
  const TestReceiver receiver(kAccepted);
  OtlpSpanOptions options = Options(receiver.url("/v1/traces"), OtlpProtocol::kHttp);
  options.sending = OtlpSending();
  options.close_time = std::chrono::seconds(10);
  const Snapshot snapshot = RecordAll(std::move(options));
  ASSERT_EQ(unsetenv("OTEL_EXPORTER_OTLP_COMPRESSION"), 0);
  EXPECT_EQ(snapshot.traces, (TraceFigures{kSpans, kSpans, 0, 0}));
  EXPECT_EQ(log_, std::vector<std::string>());
  EXPECT_EQ(snapshot.exemplars.size(), 1U);
  size_t bytes = 0;
  for (const std::string& request : receiver.requests()) {
    bytes += request.size();
  }
  // Three batches, or a few more where a thread was slow; each span has 24 bytes of ids alone.
  EXPECT_LE(receiver.requests().size(), 10U);
  EXPECT_GT(bytes, size_t{kSpans} * 24);
}

INSTANTIATE_TEST_SUITE_P(Protocols, OtlpSpanExportToNobodyTest,
                         testing::Values(OtlpProtocol::kGrpc, OtlpProtocol::kHttp));

}  // namespace
}  // namespace squall
