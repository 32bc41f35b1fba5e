#include "daemon/otel/otlp_metric_sink.h"

#include <gtest/gtest.h>

#include "daemon/otel/sdk_log.h"
#include "tests/daemon/otel/silent_port.h"

namespace squall {
namespace {

TEST(OtlpMetricSinkTest, SaysWhyWhenNothingIsTaken) {
  QuietOtelSdk();
  for (const bool listening : {false, true}) {
    for (const OtlpProtocol protocol : {OtlpProtocol::kGrpc, OtlpProtocol::kHttp}) {
      const SilentPort port(listening);
      OtlpSending sending;
      sending.metrics_timeout = std::chrono::milliseconds(200);
      const std::string path = protocol == OtlpProtocol::kHttp ? "/hunter2?k=hunter2" : "";
      OtlpMetricSink sink({.to = port.Url() + path, .protocol = protocol}, {"r", "t", "a"},
                          sending);
      const Snapshot run;
      MetricReport report;
      report.now = &run;
      const absl::Status status = sink.Send(report);
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
      EXPECT_EQ(status.message().find('\n'), std::string::npos) << status;
      // Where to is for the pump to say, without what may be secret.
      EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
      EXPECT_EQ(status.message().find("no reason is known"), std::string::npos) << status;
    }
  }
}

}  // namespace
}  // namespace squall
