#include "daemon/sinks/sink_maker.h"

#include <gtest/gtest.h>

#include "tests/daemon/sinks/sample_run.h"
#include "tests/daemon/sinks/test_receiver.h"

namespace squall {
namespace {

using Kind = MetricOutput::Kind;

TEST(SinkMakerTest, EachKindSpeaksItsProtocol) {
  const TestReceiver receiver;
  SinkOptions options;
  options.version = "1.2.3";
  const MetricSinkMaker make = MakeSinks(options);
  const Snapshot now = SampleRun();
  for (const Kind kind : {Kind::kInfluxDb, Kind::kRemoteWrite}) {
    auto sink = make({.kind = kind, .to = receiver.url(), .headers = {{"X-Key", "k"}}}, kSource);
    ASSERT_TRUE(sink.ok()) << sink.status();
    EXPECT_TRUE((*sink)->Send(ReportOf(now)).ok());
  }
  ASSERT_EQ(receiver.requests().size(), 2u);
  for (const std::string& request : receiver.requests()) {
    EXPECT_NE(request.find("User-Agent: squall/1.2.3\r\n"), std::string::npos);
    EXPECT_NE(request.find("X-Key: k\r\n"), std::string::npos);
  }
  EXPECT_NE(receiver.requests()[1].find("Content-Encoding: snappy\r\n"), std::string::npos);
  EXPECT_NE(receiver.requests()[1].find("X-Prometheus-Remote-Write-Version: 0.1.0\r\n"),
            std::string::npos);
  EXPECT_TRUE(make({.kind = Kind::kStatsd, .to = "127.0.0.1:1"}, kSource).ok());
  EXPECT_TRUE(make({.kind = Kind::kJsonLines, .to = "/dev/null"}, kSource).ok());
}

TEST(SinkMakerTest, WhatIsNotBuiltInIsSaid) {
  EXPECT_EQ(MakeSinks({})({.kind = Kind::kOtlp}, kSource).status(),
            absl::FailedPreconditionError("this program must be built with OpenTelemetry "
                                          "(SQUALL_WITH_OTEL) to send OTLP"));
}

TEST(SinkMakerTest, ConnectionsAreCheckedByTarget) {
  const TestReceiver receiver;
  SinkOptions options;
  std::string asked;
  options.check_of = [&](std::string_view to) {
    asked = std::string(to);
    return [](const sockaddr_storage&) { return false; };
  };
  auto sink = MakeSinks(options)({.kind = Kind::kInfluxDb, .to = receiver.url()}, kSource);
  const Snapshot now = SampleRun();
  EXPECT_EQ((*sink)->Send(ReportOf(now)).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(asked, receiver.url());
}

}  // namespace
}  // namespace squall
