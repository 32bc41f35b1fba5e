#include "daemon/otel/otlp_span_export.h"

#include <mutex>

#include <gtest/gtest.h>

#include "daemon/otel/sdk_log.h"
#include "tests/daemon/otel/silent_port.h"

namespace squall {
namespace {

constexpr int kSpans = 1500;  // three batches

class OtlpSpanExportTest : public testing::TestWithParam<OtlpProtocol> {
 protected:
  OtlpSpanOptions Options(const SilentPort& port) {
    QuietOtelSdk();
    OtlpSpanOptions options;
    // Over gRPC there is no path.
    options.output.endpoint =
        port.Url() + (GetParam() == OtlpProtocol::kHttp ? "/hunter2?k=hunter2" : "");
    options.output.protocol = GetParam();
    options.sending.traces_timeout = std::chrono::milliseconds(300);
    options.close_time = std::chrono::milliseconds(300);
    options.log = [this](std::string_view text) {
      const std::lock_guard<std::mutex> lock(mutex_);
      log_.emplace_back(text);
    };
    return options;
  }

  // Records spans, closes the export and returns what became of them.
  TraceFigures Record(OtlpSpanOptions options) {
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
    return snapshot.traces;
  }

  const SystemClock clock_;
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_P(OtlpSpanExportTest, CountsEverySpanOnceWhenNobodyListens) {
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

TEST_P(OtlpSpanExportTest, CountsEverySpanOnceWhenTheCollectorNeverAnswers) {
  const SilentPort port(/*listening=*/true);
  const TraceFigures figures = Record(Options(port));
  EXPECT_EQ(figures.sampled, uint64_t{kSpans});
  EXPECT_EQ(figures.exported, 0U);
  EXPECT_EQ(figures.failed + figures.dropped, uint64_t{kSpans});
}

TEST_P(OtlpSpanExportTest, DropsWhatTheBacklogHasNoRoomFor) {
  const SilentPort port(/*listening=*/true);
  OtlpSpanOptions options = Options(port);
  options.backlog_spans = 10;
  const TraceFigures figures = Record(std::move(options));
  EXPECT_GT(figures.dropped, 0U);
  EXPECT_EQ(figures.failed + figures.dropped, uint64_t{kSpans});
}

INSTANTIATE_TEST_SUITE_P(Protocols, OtlpSpanExportTest,
                         testing::Values(OtlpProtocol::kGrpc, OtlpProtocol::kHttp));

}  // namespace
}  // namespace squall
