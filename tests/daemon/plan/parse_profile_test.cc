// The section `load_profile`.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoadProfile ProfileOf(const std::string& text) {
  const PlanResult result = ParseWithUsers("load_profile: " + text + "\n");
  EXPECT_EQ(ErrorText(result), "") << text;
  return result.plan.load_profile;
}

std::string ProfileErrors(const std::string& text) {
  return ErrorText(ParseWithUsers("load_profile: " + text + "\n"));
}

void ExpectProfileError(const std::string& profile, const std::string& message) {
  EXPECT_NE(ProfileErrors(profile).find(message), std::string::npos) << ProfileErrors(profile);
}

TEST(ParseProfileTest, WithoutOneThereIsOneUserUntilStopped) {
  EXPECT_EQ(ParseWithUsers("").plan.load_profile, LoadProfile());
}

TEST(ParseProfileTest, AConstantLoadIsLocustsOptions) {
  EXPECT_EQ(ProfileOf("{users: 20, spawn_rate: 2.5, run_time: 1m}").load,
            decltype(LoadProfile::load)(ConstantLoad{20, 2.5, seconds(60)}));
}

TEST(ParseProfileTest, StagesTakeSecondsOrTimeSpans) {
  const LoadProfile profile = ProfileOf(
      "{stages: [{duration_seconds: 1.5, users: 3, spawn_rate: 4}, {duration: 1m, users: 0}]}");
  EXPECT_EQ(std::get<std::vector<Stage>>(profile.load),
            (std::vector<Stage>{{milliseconds(1500), 3, 4}, {seconds(60), 0, 1}}));
}

TEST(ParseProfileTest, StagesAreChecked) {
  ExpectProfileError("{stages: []}", "load_profile.stages: must have at least one stage");
  ExpectProfileError("{stages: 5}", "load_profile.stages: must be a list, got '5'");
  ExpectProfileError(
      "{stages: [{users: 1}]}",
      "load_profile.stages[0]: must have one of the keys duration, duration_seconds");
  ExpectProfileError("{stages: [{duration: 1}]}",
                     "load_profile.stages[0]: must have the key 'users'");
  ExpectProfileError("{stages: [{duration_seconds: -5, users: 1}]}",
                     "load_profile.stages[0].duration_seconds: must be a number above 0");
  ExpectProfileError(
      "{stages: [{duration: 5, users: ten}]}",
      "load_profile.stages[0].users: must be a whole number from 0 to 10000000, got 'ten'");
  ExpectProfileError("{stages: [{duration: 5, users: 1, spawn_rate: 0}]}",
                     "load_profile.stages[0].spawn_rate: must be a number above 0");
  ExpectProfileError("{stages: [{duration: 5, duration_seconds: 5, users: 1}]}",
                     "must have only one of the keys");
}

TEST(ParseProfileTest, TheOpenModelHasArrivals) {
  const LoadProfile profile = ProfileOf(
      "{arrival: {stages: [{duration: 10, rate: 100, from: 0}], max_users: 7, spacing: poisson}}");
  Arrival expected;
  expected.stages = {{seconds(10), 100, 0}};
  expected.users_max = 7;
  expected.spacing = Arrival::Spacing::kPoisson;
  EXPECT_EQ(std::get<Arrival>(profile.load), expected);
  ExpectProfileError("{arrival: {}}", "load_profile.arrival: must have the key 'stages'");
  ExpectProfileError("{arrival: {stages: [{duration: 1, rate: -1}]}}",
                     "must be a number of at least 0");
  ExpectProfileError("{arrival: {stages: [{duration: 1, rate: 1}], max_users: 0}}",
                     "must be a whole number from 1 to");
}

TEST(ParseProfileTest, OnlyOneKindOfLoadMayBeThere) {
  ExpectProfileError(
      "{stages: [{duration: 1, users: 1}], arrival: {stages: [{duration: 1, rate: 1}]}}",
      "must have only one of the keys stages, arrival, shape, got 'stages' and 'arrival'");
  ExpectProfileError("{stages: [{duration: 1, users: 1}], users: 5}", "got 'stages' and 'users'");
  ExpectProfileError("{arrival: {stages: [{duration: 1, rate: 1}]}, users: 5}",
                     "got 'arrival' and 'users'");
  ExpectProfileError("{shape: peak, stages: [{duration: 1, users: 1}]}",
                     "got 'stages' and 'shape'");
}

TEST(ParseProfileTest, ShapesHaveTheSeedDocumentsFiguresAsDefaults) {
  EXPECT_EQ(std::get<PeakShape>(ProfileOf("{shape: peak}").load), PeakShape());
  EXPECT_EQ(std::get<StressShape>(ProfileOf("{shape: stress}").load), StressShape());
  EXPECT_EQ(std::get<SoakShape>(ProfileOf("{shape: soak}").load), SoakShape());
  EXPECT_EQ(std::get<SpikeShape>(ProfileOf("{shape: spike}").load), SpikeShape());
}

TEST(ParseProfileTest, ShapesTakeTheirParameters) {
  const PeakShape peak{.users = 9,
                       .spawn_rate = 2,
                       .ramp_up = seconds(1),
                       .hold = seconds(2),
                       .ramp_down = seconds(3)};
  EXPECT_EQ(
      std::get<PeakShape>(ProfileOf("{shape: peak, users: 9, spawn_rate: 2, ramp_up: 1, hold: 2, "
                                    "ramp_down: 3}")
                              .load),
      peak);
  EXPECT_EQ(std::get<LinearShape>(ProfileOf("{shape: linear, to: 9, duration: 5}").load),
            (LinearShape{0, 9, seconds(5), 100}));
  EXPECT_EQ(std::get<SineShape>(ProfileOf("{shape: sine, high: 9, duration: 5m}").load),
            (SineShape{0, 9, seconds(60), seconds(300), 100}));
  EXPECT_EQ(std::get<StepsShape>(ProfileOf("{shape: steps, step_users: 2, steps: 3}").load),
            (StepsShape{0, 2, seconds(60), 3, 100}));
}

TEST(ParseProfileTest, ShapesAreChecked) {
  ExpectProfileError("{shape: peek}",
                     "must be one of peak, stress, soak, spike, linear, sine, steps, "
                     "curve, got 'peek'; did you mean 'peak'?");
  ExpectProfileError("{shape: soak, hold: 5}", "load_profile.hold: must be one of the keys");
  ExpectProfileError("{shape: linear}", "load_profile: must have the key 'to'");
  EXPECT_EQ(ProfileErrors("{shape: peek, hold: 5}").find("load_profile.hold"), std::string::npos);
}

TEST(ParseProfileTest, ACurveHasItsPointsInThePlanOrInAFile) {
  const std::vector<CurveShape::Point> points = {{seconds(0), 1}, {seconds(60), 20.5}};
  EXPECT_EQ(
      std::get<CurveShape>(
          ProfileOf("{shape: curve, points: [{at: 0, users: 1}, {at: 1m, users: 20.5}]}").load)
          .points,
      points);
  PlanInputs inputs =
      InputsOf({std::string("load_profile: {shape: curve, file: c.csv}\n") + kUsersYaml});
  inputs.read_file = [](const std::string&) {
    return std::string("seconds,users\n0,1\n60,20.5\n");
  };
  EXPECT_EQ(std::get<CurveShape>(ParsePlan(inputs).plan.load_profile.load).points, points);
  for (const char* bad : {"seconds,user\n0,1\n", "seconds,users\n0,many\n", "seconds,users\n-1,5\n",
                          "seconds,users\n0,NaN\n"}) {
    inputs.read_file = [&](const std::string&) { return std::string(bad); };
    EXPECT_NE(ErrorText(ParsePlan(inputs)).find("must name a CSV file with the columns"),
              std::string::npos)
        << bad;
  }
  ExpectProfileError("{shape: curve}", "must have one of the keys points, file");
}

TEST(ParseProfileTest, IterationsAndPhasesGoWithEveryKind) {
  const LoadProfile profile =
      ProfileOf("{shape: spike, iterations: 500, run_time: 100, warm_up: 10s, cool_down: 5}");
  EXPECT_EQ(profile.iterations, 500U);
  EXPECT_EQ(profile.run_time, seconds(100));
  EXPECT_EQ(profile.warm_up, seconds(10));
  EXPECT_EQ(profile.cool_down, seconds(5));
  ExpectProfileError("{iterations: 0}", "must be a whole number of at least 1");
}

TEST(ParseProfileTest, WhatOnlyTheWholeProfileShowsIsReportedAtTheSection) {
  ExpectProfileError("{shape: curve, points: [{at: 5, users: 1}, {at: 1, users: 2}]}",
                     "plan.yaml:1:15: load_profile: ");
}

}  // namespace
}  // namespace squall
