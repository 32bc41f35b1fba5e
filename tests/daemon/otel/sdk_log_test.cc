#include "daemon/otel/sdk_log.h"

#include <opentelemetry/sdk/common/global_log_handler.h>
#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(SdkLogTest, KeepsTheLastFailureUntilItIsTaken) {
  QuietOtelSdk();
  QuietOtelSdk();
  TakeOtelFailure();
  const uint64_t before = OtelErrorsOnThisThread();
  OTEL_INTERNAL_LOG_ERROR("[OTLP TRACE GRPC Exporter] first");
  OTEL_INTERNAL_LOG_ERROR("[OTLP TRACE GRPC Exporter] second");
  OTEL_INTERNAL_LOG_WARN("a warning is none");
  EXPECT_EQ(OtelErrorsOnThisThread(), before + 2);
  EXPECT_EQ(TakeOtelFailure(), "second");
  EXPECT_EQ(TakeOtelFailure(), "");
}

TEST(SdkLogTest, AThreadThatExportsHearsNothingOfAnotherOne) {
  QuietOtelSdk();
  TakeOtelFailure();
  std::thread([] {
    TakeOtelFailure();  // now it exports, too
    OTEL_INTERNAL_LOG_ERROR("[OTLP METRIC GRPC Exporter] of the other");
    EXPECT_EQ(TakeOtelFailure(), "of the other");
  }).join();
  EXPECT_EQ(TakeOtelFailure(), "");
}

TEST(SdkLogTest, WhatAConnectionSaysGoesBeforeWhatTheExporterSaysOfIt) {
  QuietOtelSdk();
  TakeOtelFailure();
  std::thread([] { OTEL_INTERNAL_LOG_ERROR("[OTLP HTTP Client] Couldn't connect"); }).join();
  OTEL_INTERNAL_LOG_ERROR("[OTLP TRACE HTTP Exporter] ERROR: Export 3 trace span(s) error: 1");
  EXPECT_EQ(TakeOtelFailure(), "Couldn't connect");
  OTEL_INTERNAL_LOG_ERROR("[OTLP TRACE HTTP Exporter] ERROR: Export 3 trace span(s) error: 1");
  EXPECT_NE(TakeOtelFailure(), "Couldn't connect");
}

TEST(SdkLogTest, LeavesOutHowLongItTook) {
  EXPECT_EQ(OtelFailureIn("Failed to connect to 10.0.0.1 port 4318 after 12 ms: Couldn't connect"),
            "Failed to connect to 10.0.0.1 port 4318: Couldn't connect");
  EXPECT_EQ(OtelFailureIn("Operation timed out after 3001 milliseconds with 0 bytes received"),
            "Operation timed out with 0 bytes received");
  EXPECT_EQ(OtelFailureIn("refused after 3 tries, after all, after"),
            "refused after 3 tries, after all, after");
}

TEST(SdkLogTest, LeavesOutWhatACollectorAnswered) {
  EXPECT_EQ(OtelFailureIn("[OTLP HTTP Client] Export failed, Status:404, Header: a: b\nBody: x"),
            "Export failed, Status:404");
  EXPECT_LT(OtelFailureIn(std::string(10'000, 'x')).size(), 200U);
}

}  // namespace
}  // namespace squall
