#include "daemon/base/clock.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ManualClockTest, MovesOnlyWhenTold) {
  ManualClock clock;
  const TimePoint before = clock.Now();
  const WallTime wall_before = clock.Wall();
  EXPECT_EQ(clock.Now(), before);
  clock.Advance(std::chrono::milliseconds(250));
  EXPECT_EQ(clock.Now() - before, std::chrono::milliseconds(250));
  EXPECT_EQ(clock.Wall() - wall_before, std::chrono::milliseconds(250));
}

TEST(SystemClockTest, NeverGoesBack) {
  const SystemClock clock;
  const TimePoint first = clock.Now();
  EXPECT_LE(first, clock.Now());
  EXPECT_GT(clock.Wall().time_since_epoch(), std::chrono::hours(24 * 365 * 50));
}

}  // namespace
}  // namespace squall
