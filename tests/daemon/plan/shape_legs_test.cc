#include "daemon/plan/shape_legs.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<TargetLeg> Legs(const LoadProfile& profile) {
  auto legs = MakeTargetLegs(profile);
  EXPECT_TRUE(legs.ok()) << legs.status();
  return legs.ok() ? *legs : std::vector<TargetLeg>();
}

std::string ErrorOf(const LoadProfile& profile) {
  const absl::Status status = MakeTargetLegs(profile).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

uint64_t TargetOf(const std::vector<TargetLeg>& legs, Nanos at) {
  for (const TargetLeg& leg : legs) {
    if (at >= leg.start && at < leg.end) {
      return TargetAt(leg, at);
    }
  }
  ADD_FAILURE() << "no leg at " << at.count();
  return 0;
}

// Each begins where the one before ends, from 0 on.
void ExpectNoGaps(const std::vector<TargetLeg>& legs) {
  Nanos end{0};
  for (const TargetLeg& leg : legs) {
    ASSERT_EQ(leg.start, end);
    ASSERT_LT(leg.start, leg.end);
    end = leg.end;
  }
}

TEST(ShapeLegsTest, ALinearShapeIsRoundedDown) {
  const auto legs = Legs({.load = LinearShape{.from = 10, .to = 20, .duration = seconds(20)}});
  EXPECT_EQ(TargetOf(legs, seconds(0)), 10u);
  EXPECT_EQ(TargetOf(legs, milliseconds(1999)), 10u);
  EXPECT_EQ(TargetOf(legs, seconds(2)), 11u);
  EXPECT_EQ(TargetOf(legs, milliseconds(19'999)), 19u);
  EXPECT_EQ(legs.back().end, seconds(20));
}

TEST(ShapeLegsTest, ASineStartsLowAndIsCloseToTheRealOne) {
  const auto legs =
      Legs({.load = SineShape{
                .low = 100, .high = 300, .period = seconds(61), .duration = seconds(200)}});
  ExpectNoGaps(legs);
  EXPECT_EQ(legs.back().end, seconds(200));
  for (Nanos at{0}; at < seconds(200); at += milliseconds(50)) {
    const double turn = 2 * std::numbers::pi * ToSeconds(at) / 61;
    const double exact = 100 + 100 * (1 - std::cos(turn));
    // Half a percent of the amplitude, and one for rounding down.
    ASSERT_NEAR(static_cast<double>(TargetOf(legs, at)), exact - 0.5, 1.0) << at.count();
  }
  EXPECT_EQ(TargetOf(legs, seconds(0)), 100u);
  EXPECT_EQ(TargetOf(legs, milliseconds(30'500)), 300u);
  EXPECT_EQ(TargetOf(legs, seconds(61)), 100u);
}

TEST(ShapeLegsTest, StepsAddTheirUsersFromTheFirstStepOn) {
  const auto legs =
      Legs({.load = StepsShape{.start = 5, .step_users = 10, .step = minutes(1), .steps = 3}});
  ExpectNoGaps(legs);
  EXPECT_EQ(TargetOf(legs, seconds(0)), 15u);
  EXPECT_EQ(TargetOf(legs, seconds(60)), 25u);
  EXPECT_EQ(TargetOf(legs, seconds(179)), 35u);
  EXPECT_EQ(legs.back().end, seconds(180));
}

TEST(ShapeLegsTest, ACurveJoinsItsPointsAndJumpsWhereTwoHaveTheSameTime) {
  const auto legs =
      Legs({.load = CurveShape{
                .points = {
                    {seconds(10), 5}, {seconds(20), 15}, {seconds(20), 50}, {seconds(30), 2.5}}}});
  ExpectNoGaps(legs);
  EXPECT_EQ(TargetOf(legs, seconds(0)), 5u);  // the first point holds until its time
  EXPECT_EQ(TargetOf(legs, seconds(10)), 5u);
  EXPECT_EQ(TargetOf(legs, seconds(15)), 10u);
  EXPECT_EQ(TargetOf(legs, seconds(20) - Nanos(1)), 14u);
  EXPECT_EQ(TargetOf(legs, seconds(20)), 50u);
  EXPECT_EQ(TargetOf(legs, seconds(30) - Nanos(1)), 2u);
  EXPECT_EQ(legs.back().end, seconds(30));
}

TEST(ShapeLegsTest, PartsOfAShapeMayBeLeftOut) {
  const auto peak = Legs({.load = PeakShape{.ramp_up = seconds(0), .ramp_down = seconds(0)}});
  ASSERT_EQ(peak.size(), 1u);
  EXPECT_EQ(TargetOf(peak, seconds(0)), 300u);
  const auto soak = Legs({.load = SoakShape{.ramp_up = hours(2)}});
  ASSERT_EQ(soak.size(), 1u);
}

TEST(ShapeLegsTest, TheRunTimeCutsButNeverStretches) {
  const LoadProfile cut{.load = PeakShape{}, .run_time = seconds(30)};
  EXPECT_EQ(Legs(cut).back().end, seconds(30));
  EXPECT_EQ(TargetOf(Legs(cut), seconds(20)), 100u);  // with the slope of the whole ramp
  EXPECT_EQ(Legs({.load = PeakShape{}, .run_time = hours(9)}).back().end, seconds(420));
  const LoadProfile both{.load = ConstantLoad{.run_time = seconds(9)}, .run_time = seconds(5)};
  EXPECT_EQ(Legs(both).back().end, seconds(5));
  EXPECT_EQ(Legs({.load = ConstantLoad{}}).back().end, kForever);
}

TEST(ShapeLegsTest, TheOpenModelHasNoTargets) {
  EXPECT_TRUE(Legs({.load = Arrival{.stages = {{seconds(1), 5}}}}).empty());
}

TEST(ShapeLegsTest, AMillionSecondsOfASineFit) {
  const auto legs = Legs({.load = SineShape{.high = 10, .duration = seconds(1'000'000)}});
  EXPECT_EQ(legs.back().end, seconds(1'000'000));
  EXPECT_EQ(legs.size(), 533'334u);
}

struct BadRow {
  const char* what;
  LoadProfile profile;
  const char* message;
};

TEST(ShapeLegsTest, NonsenseIsRefusedWithTheNameOfTheField) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Stage good{seconds(10), 5, 1};
  const BadRow rows[] = {
      {"no stages",
       {.load = std::vector<Stage>{}},
       "stages must have at least one stage, got none"},
      {"a negative duration",
       {.load = std::vector<Stage>{good, {seconds(-5), 5, 1}}},
       "stages[1].duration must be above 0, got -5s"},
      {"a duration of nothing",
       {.load = std::vector<Stage>{{Nanos(0), 5, 1}}},
       "stages[0].duration must be above 0, got 0s"},
      {"a spawn rate of 0",
       {.load = std::vector<Stage>{{seconds(1), 5, 0}}},
       "stages[0].spawn_rate must be above 0 and at most 10000000 users per second, got 0"},
      {"a spawn rate that is no number",
       {.load = ConstantLoad{.spawn_rate = nan}},
       "spawn_rate must be above 0 and at most 10000000 users per second, got nan"},
      {"more users than any machine has",
       {.load = ConstantLoad{.users = UINT64_MAX}},
       "users must be a number of users from 0 to 10000000, got 1.8446744073709552e+19"},
      {"a run time of 0",
       {.load = ConstantLoad{.run_time = Nanos(0)}},
       "run_time must be above 0, got 0s"},
      {"stages longer than a century",
       {.load = std::vector<Stage>(40, {hours(87'660), 5, 1})},
       "must last at most 100 years"},
      {"stages beyond the clock's end",
       {.load = std::vector<Stage>(3, {Nanos::max() - Nanos(1), 5, 1})},
       "must last at most 100 years"},
      {"a peak of no length",
       {.load = PeakShape{.ramp_up = Nanos(0), .hold = Nanos(0), .ramp_down = Nanos(0)}},
       "must last longer than 0s"},
      {"a peak with a negative ramp",
       {.load = PeakShape{.ramp_up = seconds(-1)}},
       "ramp_up must not be negative, got -1s"},
      {"a soak whose ramp is longer than itself",
       {.load = SoakShape{.ramp_up = seconds(601), .duration = seconds(600)}},
       "ramp_up must not be longer than 'duration', got 601s"},
      {"stress that ends beyond all users",
       {.load = StressShape{.users_per_step = 10'000'000}},
       "users_per_step · duration / step must be a number of users from 0 to 10000000, got "
       "600000000"},
      {"a step of no length",
       {.load = StressShape{.step = Nanos(0)}},
       "step must be above 0, got 0s"},
      {"a sine upside down",
       {.load = SineShape{.low = 5, .high = 4, .duration = seconds(9)}},
       "low must be at most 'high', got 5"},
      {"a sine too fast to follow",
       {.load = SineShape{.period = milliseconds(10), .duration = seconds(9)}},
       "period must be at least 1s, got 0.01s"},
      {"a sine with too many periods",
       {.load = SineShape{.period = seconds(1), .duration = hours(24)}},
       "must have at most 1000000 straight lines"},
      {"no steps", {.load = StepsShape{.steps = 0}}, "steps must be from 1 to 1000000, got 0"},
      {"steps that end beyond all users",
       {.load = StepsShape{.step_users = 1'000'000, .steps = 1'000'000}},
       "start + steps · step_users must be a number of users from 0 to 10000000, got "
       "1000000000000"},
      {"no points", {.load = CurveShape{}}, "points must have at least one point, got none"},
      {"a curve that goes back in time",
       {.load = CurveShape{.points = {{seconds(5), 1}, {seconds(4), 1}}}},
       "points[1].at must not be before the point above, got 4s"},
      {"a curve with less than no users",
       {.load = CurveShape{.points = {{seconds(5), -1}}}},
       "points[0].users must be a number of users from 0 to 10000000, got -1"},
      {"a curve of no length",
       {.load = CurveShape{.points = {{seconds(0), 5}}}},
       "must last longer than 0s"},
  };
  for (const BadRow& row : rows) {
    EXPECT_EQ(ErrorOf(row.profile), row.message) << row.what;
  }
}

}  // namespace
}  // namespace squall
