#include "daemon/otel/otlp.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(OtlpTest, MakesWhatAnAgentIsHanded) {
  const SpanExportMaker spans = OtlpSpanExportMaker({}, nullptr);
  const auto made = spans({.endpoint = "http://127.0.0.1:9"}, {"r", "t", "a"});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_NE((*made)->hub(), nullptr);
  const MetricSinkMaker sinks = OtlpMetricSinkMaker({});
  EXPECT_TRUE(sinks({.to = "http://127.0.0.1:9"}, {"r", "t", "a"}).ok());
}

TEST(OtlpTest, RefusesAnEndpointThatIsNone) {
  EXPECT_EQ(OtlpSpanExportMaker({}, nullptr)({.endpoint = "x"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OtlpMetricSinkMaker({})({.to = "x"}, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(OtlpTest, AgentsOfOneRunHaveOtherTraceIds) {
  const SpanExportMaker make = OtlpSpanExportMaker({}, nullptr);
  const auto one = *make({.endpoint = "http://127.0.0.1:9"}, {"r", "t", "a"});
  const auto two = *make({.endpoint = "http://127.0.0.1:9"}, {"r", "t", "b"});
  EXPECT_NE(one->hub()->NewRecorder()->NewContext(), two->hub()->NewRecorder()->NewContext());
}

}  // namespace
}  // namespace squall
