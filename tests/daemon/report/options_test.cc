#include "daemon/report/options.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

LoadProfile Load(decltype(LoadProfile::load) load) { return {.load = std::move(load)}; }

TEST(OptionsTest, EveryLoadHasItsWords) {
  const struct {
    LoadProfile load;
    const char* words;
  } kCases[] = {
      {Load(ConstantLoad{.users = 100, .spawn_rate = 10}), "100 users at 10/s"},
      {Load(std::vector<Stage>{{minutes(1), 10, 5}, {seconds(90), 0, 0.5}}),
       "stages: 10 users at 5/s for 1m, 0 users at 0.5/s for 1m30s"},
      {Load(Arrival{.stages = {{seconds(30), 100, {}}, {seconds(60), 500, 100.0}},
                    .users_max = 200}),
       "arrivals: 100/s for 30s, 100 to 500/s for 1m; evenly spaced, at most 200 users"},
      {Load(PeakShape{}), "peak: 300 users at 10/s, 1m up, 5m hold, 1m down"},
      {Load(StressShape{}), "stress: 10 more users every 1m at 10/s for 1h"},
      {Load(SoakShape{}), "soak: 50 users at 5/s, 10m up, 2h in all"},
      {Load(SpikeShape{}), "spike: 50 users for 5m, 500 for 2m, 50 for 5m"},
      {Load(LinearShape{.to = 20, .duration = minutes(1)}), "linear: 0 to 20 users in 1m"},
      {Load(SineShape{.low = 1, .high = 9, .duration = minutes(5)}),
       "sine: 1 to 9 users every 1m for 5m"},
      {Load(StepsShape{.start = 5, .step_users = 5, .steps = 4}),
       "steps: 5 users, 5 more every 1m, 4 steps"},
      {Load(CurveShape{.points = {{seconds(0), 0}, {seconds(45), 7}}}),
       "curve: 2 points up to 45s"}};
  for (const auto& example : kCases) {
    EXPECT_EQ(DescribeLoad(example.load), example.words);
  }
}

TEST(OptionsTest, LimitsOfTheRunAreSaid) {
  LoadProfile load = Load(ConstantLoad{});
  load.iterations = 1000;
  load.run_time = minutes(2);
  EXPECT_EQ(DescribeLoad(load), "1 user at 1/s, 1000 iterations, ends after 2m");
}

TEST(OptionsTest, ManyStagesAreCutAndCounted) {
  const std::string text = DescribeLoad(Load(std::vector<Stage>(40, {seconds(1), 1, 1})));
  EXPECT_TRUE(text.ends_with(", … 40 in all")) << text;
  EXPECT_LT(text.size(), 400u);
}

TEST(OptionsTest, RepeatsWhatThePlanAsksFor) {
  Plan plan;
  plan.load_profile = Load(ConstantLoad{.users = 40, .spawn_rate = 4, .run_time = seconds(60)});
  plan.load_profile.warm_up = seconds(5);
  plan.stop_timeout = seconds(3);
  const auto profile = Profile::Make(plan.load_profile);
  ASSERT_TRUE(profile.ok()) << profile.status();
  const RunOptions expected{.users = 40,
                            .spawn_rate = 4,
                            .run_time = seconds(60),
                            .profile = "40 users at 4/s",
                            .warm_up = seconds(5),
                            .stop_timeout = seconds(3)};
  EXPECT_EQ(ReportOptions(plan, *profile), expected);
}

TEST(OptionsTest, StagesOfDifferentRatesHaveNoSpawnRate) {
  Plan plan;
  plan.load_profile = Load(std::vector<Stage>{{seconds(10), 10, 5}, {seconds(10), 20, 1}});
  const auto profile = Profile::Make(plan.load_profile);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(ReportOptions(plan, *profile).spawn_rate, std::nullopt);
  EXPECT_EQ(ReportOptions(plan, *profile).users, 20u);
}

TEST(OptionsTest, OpenModelIsNamedAsOne) {
  Plan plan;
  plan.load_profile = Load(Arrival{.stages = {{seconds(30), 100, {}}}, .users_max = 200});
  const auto profile = Profile::Make(plan.load_profile);
  ASSERT_TRUE(profile.ok()) << profile.status();
  const RunOptions options = ReportOptions(plan, *profile);
  EXPECT_TRUE(options.open_model);
  EXPECT_EQ(options.users, 200u);
  EXPECT_EQ(options.run_time, seconds(30));
}

}  // namespace
}  // namespace squall
