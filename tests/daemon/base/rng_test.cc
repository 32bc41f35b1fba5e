#include "daemon/base/rng.h"

#include <array>
#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(RngTest, TheSameSeedGivesTheSameStream) {
  Rng a(7);
  Rng b(7);
  Rng other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = a.Next();
    EXPECT_EQ(value, b.Next());
    differs = differs || value != other.Next();
  }
  EXPECT_TRUE(differs);
}

TEST(RngTest, BetweenIncludesBothEndsAndNothingElse) {
  Rng rng(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) {
    const int64_t value = rng.Between(1, 5);
    ASSERT_GE(value, 1);
    ASSERT_LE(value, 5);
    ++seen[value - 1];
  }
  for (int count : seen) {
    EXPECT_NEAR(count, 1000, 150);
  }
}

TEST(RngTest, ExtremeBoundsDoNotOverflow) {
  Rng rng(1);
  EXPECT_EQ(rng.Between(3, 2), 3);
  EXPECT_EQ(rng.Below(0), 0u);
  const int64_t low = std::numeric_limits<int64_t>::min();
  const int64_t high = std::numeric_limits<int64_t>::max();
  EXPECT_NE(rng.Between(low, high), rng.Between(low, high));
}

TEST(RngTest, UnitStaysBelowOne) {
  Rng rng(3);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = rng.Unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace squall
