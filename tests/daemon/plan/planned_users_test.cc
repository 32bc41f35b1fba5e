#include "daemon/plan/planned_users.h"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Legs one after the other: from, to, seconds, spawn rate.
struct Part {
  double from = 0;
  double to = 0;
  double seconds = 0;
  double spawn_rate = 1;
};

std::vector<TargetLeg> Legs(const std::vector<Part>& parts) {
  std::vector<TargetLeg> legs;
  Nanos start{0};
  for (const Part& part : parts) {
    const Nanos length = FromSeconds(part.seconds);
    legs.push_back({.start = start,
                    .end = start + length,
                    .from = std::llround(part.from * 1e6),
                    .rise = std::llround((part.to - part.from) * 1e6),
                    .run = length,
                    .spawn_rate = part.spawn_rate});
    start += length;
  }
  return legs;
}

struct Event {
  Nanos at{0};
  uint64_t users = 0;
};

std::vector<Event> Events(const PlannedUsers& plan) {
  std::vector<Event> events;
  for (auto at = plan.NextChange(Nanos(-1)); at; at = plan.NextChange(*at)) {
    EXPECT_TRUE(events.empty() || *at > events.back().at);
    events.push_back({*at, plan.At(*at)});
  }
  return events;
}

// The rule itself, change by change, in floating point.
std::vector<Event> BruteForce(const std::vector<TargetLeg>& legs) {
  std::vector<Event> events;
  long double last = -1e30L;
  int64_t users = 0;
  for (const TargetLeg& leg : legs) {
    const long double start = leg.start.count() / 1e9L;
    const long double end = leg.end.count() / 1e9L;
    const long double slope = leg.rise / 1e6L / (leg.run.count() / 1e9L);
    long double now = start;
    while (true) {
      now = std::max(now, last + 1.0L / leg.spawn_rate);
      if (now >= end) {
        break;
      }
      long double target = std::floor(leg.from / 1e6L + slope * (now - start));
      if (target == users && slope != 0) {
        const int64_t edge = slope > 0 ? users + 1 : users;
        now = std::max(now, start + (edge - leg.from / 1e6L) / slope);
        target = slope > 0 ? edge : edge - 1;
      }
      if (target == users || now >= end || target < 0) {
        break;
      }
      users += target > users ? 1 : -1;
      last = now;
      events.push_back(
          {Nanos(static_cast<int64_t>(std::ceil(now * 1e9L))), static_cast<uint64_t>(users)});
    }
  }
  if (users != 0) {
    events.push_back({legs.back().end, 0});
  }
  return events;
}

void ExpectSameEvents(const std::vector<TargetLeg>& legs) {
  const std::vector<Event> expected = BruteForce(legs);
  const PlannedUsers plan(legs);
  const std::vector<Event> actual = Events(plan);
  ASSERT_EQ(actual.size(), expected.size());
  uint64_t before = 0;
  uint64_t peak = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(actual[i].users, expected[i].users) << i;
    ASSERT_NEAR(static_cast<double>(actual[i].at.count()),
                static_cast<double>(expected[i].at.count()), 40)
        << i;
    ASSERT_EQ(plan.At(actual[i].at - Nanos(1)), before) << i;
    before = actual[i].users;
    peak = std::max(peak, before);
  }
  EXPECT_EQ(plan.Peak(), peak);
}

TEST(PlannedUsersTest, TheFirstOfAJumpStartsAtOnceAndTheOthersFollowAtTheRate) {
  const PlannedUsers plan(Legs({{5, 5, 10, 2}}));
  EXPECT_EQ(plan.At(Nanos(0)), 1u);
  EXPECT_EQ(plan.At(milliseconds(500) - Nanos(1)), 1u);
  EXPECT_EQ(plan.At(milliseconds(500)), 2u);
  EXPECT_EQ(plan.At(seconds(2)), 5u);
  EXPECT_EQ(plan.At(seconds(9)), 5u);
  EXPECT_EQ(plan.At(seconds(10)), 0u);
  EXPECT_EQ(plan.At(Nanos(-1)), 0u);
}

TEST(PlannedUsersTest, AJumpDownMirrorsAJumpUp) {
  const PlannedUsers plan(Legs({{5, 5, 10, 2}, {2, 2, 10, 1}}));
  EXPECT_EQ(plan.At(seconds(10) - Nanos(1)), 5u);
  EXPECT_EQ(plan.At(seconds(10)), 4u);
  EXPECT_EQ(plan.At(seconds(11)), 3u);
  EXPECT_EQ(plan.At(seconds(12)), 2u);
  EXPECT_EQ(plan.At(seconds(19)), 2u);
}

TEST(PlannedUsersTest, ASlowSpawnRateLeavesTheTargetUnreached) {
  const PlannedUsers plan(Legs({{100, 100, 10, 3}}));
  EXPECT_EQ(plan.Peak(), 30u);
  EXPECT_EQ(plan.At(seconds(10) - Nanos(1)), 30u);
}

TEST(PlannedUsersTest, SplittingAStageInThreeMovesNoStartByMoreThanANanosecondEach) {
  const std::vector<Event> whole = Events(PlannedUsers(Legs({{9, 9, 20, 0.7}})));
  const std::vector<Event> split =
      Events(PlannedUsers(Legs({{9, 9, 3.3, 0.7}, {9, 9, 2.1, 0.7}, {9, 9, 14.6, 0.7}})));
  ASSERT_EQ(whole.size(), split.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(whole[i].users, split[i].users);
    EXPECT_LE(std::abs((whole[i].at - split[i].at).count()), 2) << i;
  }
}

TEST(PlannedUsersTest, TheRampsAgreeWithTheRuleFollowedStepByStep) {
  const std::pair<const char*, std::vector<Part>> rows[] = {
      {"up", {{10, 10, 10, 3}}},
      {"up and down", {{10, 10, 10, 3}, {0, 0, 10, 7}}},
      {"a line slower than the rate", {{0, 10, 10, 3}}},
      {"a line as fast as the rate", {{0, 30, 10, 3}, {30, 0, 10, 3}}},
      {"a line faster than the rate", {{0, 100, 10, 3}}},
      {"a line that is caught up with", {{20, 30, 20, 3}, {30, 10, 20, 3}}},
      {"a line that falls towards climbing users", {{40, 0, 10, 5}}},
      {"a line that rises towards falling users", {{20, 20, 30, 5}, {0, 20, 5, 5}}},
      {"a turn before the target was reached", {{50, 50, 3, 4}, {0, 0, 2, 4}, {9, 9, 9, 1}}},
      {"fractions of users", {{0.5, 3.75, 5, 10}, {3.75, 0.25, 5, 10}}},
      {"a rate below one", {{3, 3, 100, 0.05}}},
      {"stages shorter than one start", {{9, 9, 0.1, 2}, {9, 9, 0.1, 2}, {9, 9, 0.2, 2}}},
  };
  for (const auto& [what, parts] : rows) {
    SCOPED_TRACE(what);
    ExpectSameEvents(Legs(parts));
  }
}

TEST(PlannedUsersTest, RandomLegsAgreeWithTheRuleFollowedStepByStep) {
  constexpr double kRates[] = {0.3, 1, 2.7, 7.3, 10, 41, 333};
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::vector<Part> parts(1 + rng.Below(6));
    double level = 0;
    for (Part& part : parts) {
      const bool jump = rng.Below(2) == 0;
      const bool flat = rng.Below(2) == 0;
      part.from = jump ? static_cast<double>(rng.Below(60)) : level;
      part.to = flat ? part.from : static_cast<double>(rng.Below(60)) + rng.Unit();
      part.seconds = 0.05 + rng.Unit() * 12;
      part.spawn_rate = kRates[rng.Below(7)];
      level = part.to;
    }
    ExpectSameEvents(Legs(parts));
  }
}

TEST(PlannedUsersTest, AMillionSecondsStayExactToTheNanosecond) {
  // One user each third of a second for a million seconds: summed up it would be off by 0.33 ms.
  const PlannedUsers plan(Legs({{3'000'000, 3'000'000, 1'000'000, 3}}));
  for (int64_t whole : {1, 10, 999'999}) {
    EXPECT_EQ(plan.At(seconds(whole) - Nanos(1)), static_cast<uint64_t>(3 * whole));
    EXPECT_EQ(plan.At(seconds(whole)), static_cast<uint64_t>(3 * whole + 1));
    EXPECT_EQ(plan.NextChange(seconds(whole) - Nanos(1)), seconds(whole));
    EXPECT_EQ(plan.NextChange(seconds(whole)), seconds(whole) + Nanos(333'333'333));
  }
  EXPECT_EQ(plan.Peak(), 3'000'000u);
}

TEST(PlannedUsersTest, ALevelWithoutAnEndGrowsOnceAndThenNeverChanges) {
  TargetLeg leg{.end = kForever, .from = 3 * kMicrosPerUser, .spawn_rate = 1};
  const PlannedUsers plan({leg});
  EXPECT_EQ(plan.NextChange(seconds(0)), seconds(1));
  EXPECT_EQ(plan.NextChange(seconds(1)), seconds(2));
  EXPECT_EQ(plan.NextChange(seconds(2)), std::nullopt);
  EXPECT_EQ(plan.At(kForever - Nanos(1)), 3u);
  // So slow that the second one never comes.
  leg.spawn_rate = 1e-12;
  const PlannedUsers slow({leg});
  EXPECT_EQ(slow.At(kForever - Nanos(1)), 1u);
  EXPECT_EQ(slow.NextChange(seconds(0)), std::nullopt);
}

TEST(PlannedUsersTest, ManyQuietLegsAreOneStepForNextChange) {
  std::vector<Part> parts(100'000, Part{4, 4, 0.5, 100});
  parts.push_back({9, 9, 1, 100});
  const PlannedUsers plan(Legs(parts));
  // Linear in the legs, the loop would take minutes.
  for (int i = 1; i < 100'000; ++i) {
    ASSERT_EQ(plan.NextChange(milliseconds(500) * i), seconds(50'000)) << i;
  }
}

TEST(PlannedUsersTest, WithoutLegsNothingHappens) {
  const PlannedUsers plan;
  EXPECT_EQ(plan.End(), Nanos(0));
  EXPECT_EQ(plan.LegAt(Nanos(0)), nullptr);
  EXPECT_EQ(plan.At(Nanos(0)), 0u);
  EXPECT_EQ(plan.NextChange(Nanos(-5)), std::nullopt);
}

}  // namespace
}  // namespace squall
