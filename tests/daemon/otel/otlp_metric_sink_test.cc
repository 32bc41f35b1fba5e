#include "daemon/otel/otlp_metric_sink.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "daemon/otel/sdk_log.h"
#include "tests/daemon/otel/silent_port.h"
#include "tests/daemon/sinks/test_receiver.h"

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

TEST(OtlpMetricSinkTest, WhatIsAcceptedIsSentWhateverCompressionTheEnvironmentWants) {
  QuietOtelSdk();
  ASSERT_EQ(setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", 1), 0);
  const TestReceiver receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  OtlpMetricSink sink({.to = receiver.url("/v1/metrics"), .protocol = OtlpProtocol::kHttp},
                      {"r", "t", "a"}, {});
  ASSERT_EQ(unsetenv("OTEL_EXPORTER_OTLP_COMPRESSION"), 0);
  const Snapshot run;
  MetricReport report;
  report.now = &run;
  EXPECT_EQ(sink.Send(report), absl::OkStatus());
  EXPECT_EQ(receiver.requests().size(), 1U);
}

}  // namespace
}  // namespace squall
