#include "daemon/plan/target_leg.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TargetLeg Line(int64_t from, int64_t to, Nanos run, Nanos start = Nanos(0)) {
  return {.start = start,
          .end = start + run,
          .from = from * kMicrosPerUser,
          .rise = (to - from) * kMicrosPerUser,
          .run = run,
          .spawn_rate = 1};
}

TEST(TargetLegTest, ARisingLineReachesEachUserAtTheExactNanosecond) {
  const TargetLeg leg = Line(0, 3, seconds(1), seconds(5));
  // 1/3 s is no whole number of nanoseconds: the first whole one after it.
  EXPECT_EQ(TargetAt(leg, seconds(5) + Nanos(333'333'333)), 0u);
  EXPECT_EQ(TargetAt(leg, seconds(5) + Nanos(333'333'334)), 1u);
  EXPECT_EQ(TargetReached(leg, 1), seconds(5) + Nanos(333'333'334));
  EXPECT_EQ(NextTargetChange(leg, seconds(5)), seconds(5) + Nanos(333'333'334));
  EXPECT_EQ(NextTargetChange(leg, seconds(5) + Nanos(333'333'334)),
            seconds(5) + Nanos(666'666'667));
  EXPECT_EQ(NextTargetChange(leg, seconds(5) + Nanos(666'666'667)), std::nullopt);
}

TEST(TargetLegTest, AFallingLineLosesAUserRightAfterTheWholeNumber) {
  const TargetLeg leg = Line(10, 0, seconds(10));
  EXPECT_EQ(TargetAt(leg, Nanos(0)), 10u);
  EXPECT_EQ(TargetAt(leg, Nanos(1)), 9u);
  EXPECT_EQ(TargetAt(leg, seconds(1)), 9u);
  EXPECT_EQ(TargetAt(leg, seconds(1) + Nanos(1)), 8u);
  EXPECT_EQ(NextTargetChange(leg, Nanos(0)), Nanos(1));
  EXPECT_EQ(NextTargetChange(leg, Nanos(1)), seconds(1) + Nanos(1));
  EXPECT_EQ(NextTargetChange(leg, seconds(10) - Nanos(1)), std::nullopt);
}

TEST(TargetLegTest, ALevelNeverChanges) {
  const TargetLeg leg{.end = kForever, .from = 7 * kMicrosPerUser, .spawn_rate = 1};
  EXPECT_EQ(TargetAt(leg, hours(1'000'000)), 7u);
  EXPECT_EQ(NextTargetChange(leg, Nanos(0)), std::nullopt);
  EXPECT_EQ(SlopeOf(leg), 0);
}

TEST(TargetLegTest, ACenturyOfTenMillionUsersDoesNotOverflow) {
  const Nanos century = hours(24 * 36525);
  const TargetLeg leg = Line(0, 10'000'000, century);
  EXPECT_EQ(TargetAt(leg, century / 2), 5'000'000u);
  EXPECT_EQ(TargetAt(leg, century - Nanos(1)), 9'999'999u);
  EXPECT_EQ(TargetReached(leg, 5'000'000), century / 2);
  const TargetLeg back = Line(10'000'000, 0, century);
  EXPECT_EQ(TargetAt(back, century / 2), 5'000'000u);
  EXPECT_EQ(TargetReached(back, 4'999'999), century / 2 + Nanos(1));
}

TEST(TargetLegTest, ATargetThatIsNeverReachedSaturates) {
  const TargetLeg leg{.end = seconds(1), .from = 0, .rise = 1, .run = hours(24 * 36525)};
  EXPECT_EQ(TargetReached(leg, 10'000'000), kForever);
  EXPECT_EQ(NextTargetChange(leg, Nanos(0)), std::nullopt);
}

TEST(TargetLegTest, NextChangeWalksOverEveryUserOfALine) {
  for (const TargetLeg& leg : {Line(3, 40, seconds(7)), Line(40, 3, seconds(7))}) {
    uint64_t users = TargetAt(leg, Nanos(0));
    int changes = 0;
    for (auto at = NextTargetChange(leg, Nanos(0)); at; at = NextTargetChange(leg, *at)) {
      EXPECT_EQ(TargetAt(leg, *at - Nanos(1)), users);
      users = TargetAt(leg, *at);
      ++changes;
    }
    EXPECT_EQ(changes, leg.rise > 0 ? 36 : 37);
  }
}

}  // namespace
}  // namespace squall
