#include "daemon/report/planned_points.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Profile Make(const LoadProfile& load) {
  auto profile = Profile::Make(load);
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *profile;
}

// On the straight lines; of a jump the later side.
double HeightAt(const std::vector<PlannedPoint>& points, Nanos at) {
  for (size_t i = points.size(); i-- > 0;) {
    if (points[i].at > at) {
      continue;
    }
    const double from = points[i].users + points[i].rate;
    if (i + 1 == points.size() || points[i].at == at) {
      return from;
    }
    const double to = points[i + 1].users + points[i + 1].rate;
    return from +
           (to - from) * ToSeconds(at - points[i].at) / ToSeconds(points[i + 1].at - points[i].at);
  }
  return 0;
}

TEST(PlannedPointsTest, ARampWithoutAnEndIsTwoCorners) {
  const std::vector<PlannedPoint> points =
      PlannedPoints(Make({.load = ConstantLoad{.users = 100, .spawn_rate = 10}}));
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0], (PlannedPoint{.at = seconds(0), .users = 1}));
  EXPECT_EQ(points[1], (PlannedPoint{.at = seconds(10), .users = 100}));
}

TEST(PlannedPointsTest, AJumpIsTwoPointsAtOneMoment) {
  const std::vector<PlannedPoint> points = PlannedPoints(
      Make({.load = Arrival{.stages = {{.duration = seconds(10), .rate = 50},
                                       {.duration = seconds(10), .rate = 200, .from = 100}}}}));
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[1], (PlannedPoint{.at = seconds(10), .rate = 50}));
  EXPECT_EQ(points[2], (PlannedPoint{.at = seconds(10), .rate = 100}));
  EXPECT_EQ(points[3].at, seconds(20));
  EXPECT_NEAR(points[3].rate, 200, 1e-6);
}

TEST(PlannedPointsTest, EveryShapeIsFollowedToOneUserOrOnePerCent) {
  const std::vector<std::pair<std::string, LoadProfile>> shapes = {
      {"level", {.load = ConstantLoad{.users = 7, .spawn_rate = 2, .run_time = minutes(5)}}},
      {"stages",
       {.load =
            std::vector<Stage>{{minutes(1), 10, 10}, {minutes(5), 50, 1}, {minutes(2), 0, 10}}}},
      {"peak", {.load = PeakShape{}}},
      {"stress", {.load = StressShape{}}},
      {"soak", {.load = SoakShape{}}},
      {"spike", {.load = SpikeShape{}}},
      {"linear", {.load = LinearShape{.from = 5, .to = 900, .duration = minutes(10)}}},
      {"sine",
       {.load = SineShape{.low = 10, .high = 400, .period = minutes(2), .duration = minutes(10)}}},
      {"steps", {.load = StepsShape{.start = 3, .step_users = 20, .steps = 9}}},
      {"cut short", {.load = PeakShape{}, .run_time = seconds(75)}}};
  for (const auto& [name, load] : shapes) {
    const Profile profile = Make(load);
    const std::vector<PlannedPoint> points = PlannedPoints(profile);
    const Nanos end = *profile.Duration();
    ASSERT_FALSE(points.empty()) << name;
    EXPECT_LE(points.size(), kPlannedPointsMax) << name;
    EXPECT_EQ(points.back().at, end) << name;
    const double slack = 1.001 + 0.01 * static_cast<double>(profile.PeakUsers());
    for (int i = 0; i < 5'000; ++i) {
      const Nanos at = end * i / 5'000 + Nanos(1);
      EXPECT_NEAR(HeightAt(points, at), static_cast<double>(profile.UsersAt(at)), slack)
          << name << " at " << FormatTimeSpan(at);
    }
  }
}

TEST(PlannedPointsTest, AProfileWithManyCornersKeepsThoseThatCanBeSeen) {
  std::vector<Stage> stages;
  for (uint64_t i = 0; i < 3'000; ++i) {
    stages.push_back({seconds(10), 100 + i % 2, 100});
  }
  stages[1'700].users = 5'000;
  stages[1'700].spawn_rate = 1'000;
  stages[1'701].spawn_rate = 1'000;
  const std::vector<PlannedPoint> points = PlannedPoints(Make({.load = stages}));
  EXPECT_LE(points.size(), kPlannedPointsMax);
  const auto peak = std::max_element(
      points.begin(), points.end(),
      [](const PlannedPoint& a, const PlannedPoint& b) { return a.users < b.users; });
  EXPECT_EQ(peak->users, 5'000);
  EXPECT_TRUE(
      std::is_sorted(points.begin(), points.end(),
                     [](const PlannedPoint& a, const PlannedPoint& b) { return a.at < b.at; }));
}

TEST(PlannedPointsTest, ALoadThatIsToldLaterHasNoCurve) {
  EXPECT_TRUE(PlannedPoints(Make({.load = ConstantLoad{.users = 0}})).empty());
}

TEST(PlannedPointsTest, ADayOfSineWavesIsBounded) {
  const std::vector<PlannedPoint> points = PlannedPoints(Make(
      {.load = SineShape{.low = 0, .high = 1'000, .period = seconds(60), .duration = hours(24)}}));
  EXPECT_EQ(points.size(), kPlannedPointsMax);
  EXPECT_EQ(points.back().at, hours(24));
}

}  // namespace
}  // namespace squall
