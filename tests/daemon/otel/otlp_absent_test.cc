// Of a build without opentelemetry-cpp.
#include <gtest/gtest.h>

#include "daemon/otel/otlp.h"

namespace squall {
namespace {

TEST(OtlpAbsentTest, MakersAreEmptySoThatAgentsRefuseWhatTheyCannotSend) {
  EXPECT_FALSE(OtlpSpanExportMaker({}, nullptr));
  EXPECT_FALSE(OtlpMetricSinkMaker({}));
}

}  // namespace
}  // namespace squall
