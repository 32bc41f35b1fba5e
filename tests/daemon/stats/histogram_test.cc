#include "daemon/stats/histogram.h"

#include <gtest/gtest.h>

namespace squall {
namespace {
TEST(HistogramTest, EmptyHasNothing) { EXPECT_EQ(Histogram().count(), 0U); }
}  // namespace
}  // namespace squall
