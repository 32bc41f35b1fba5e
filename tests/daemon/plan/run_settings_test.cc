#include "daemon/plan/run_settings.h"

#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

Plan TwoClasses() {
  Plan plan;
  plan.service.base_url = "http://plan:1";
  plan.seed = 7;
  UserClass browser;
  browser.name = "Browser";
  browser.host = "http://class:2";
  browser.tasks.resize(2);
  browser.tasks[0].name = "look";
  browser.tasks[0].tags = {"read"};
  browser.tasks[1].name = "buy";
  browser.tasks[1].tags = {"write", "slow"};
  UserClass admin;
  admin.name = "Admin";
  admin.tasks.resize(1);
  admin.tasks[0].name = "restock";
  admin.tasks[0].tags = {"write"};
  plan.users = {browser, admin};
  return plan;
}

TEST(ApplyRunSettingsTest, NothingSetChangesNothing) {
  Plan plan = TwoClasses();
  ASSERT_TRUE(ApplyRunSettings({}, &plan).ok());
  EXPECT_EQ(plan, TwoClasses());
}

TEST(ApplyRunSettingsTest, AHostReplacesThatOfThePlanAndOfEveryClass) {
  Plan plan = TwoClasses();
  RunSettings settings;
  settings.host = "http://other:3";
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  EXPECT_EQ(plan.service.base_url, "http://other:3");
  EXPECT_EQ(plan.users[0].host, "");
}

TEST(ApplyRunSettingsTest, TagsKeepTasksAndDropClassesWithoutAny) {
  Plan plan = TwoClasses();
  RunSettings settings;
  settings.tags = {"read"};
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  ASSERT_EQ(plan.users.size(), 1U);
  ASSERT_EQ(plan.users[0].tasks.size(), 1U);
  EXPECT_EQ(plan.users[0].tasks[0].name, "look");
}

TEST(ApplyRunSettingsTest, ExcludedTagsWinOverWantedOnes) {
  Plan plan = TwoClasses();
  RunSettings settings;
  settings.tags = {"write"};
  settings.exclude_tags = {"slow"};
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  ASSERT_EQ(plan.users.size(), 1U);
  EXPECT_EQ(plan.users[0].name, "Admin");
}

TEST(ApplyRunSettingsTest, TagsThatLeaveNothingAreRefused) {
  Plan plan = TwoClasses();
  RunSettings settings;
  settings.tags = {"raed"};
  const absl::Status status = ApplyRunSettings(settings, &plan);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("raed"), std::string::npos);
}

TEST(ApplyRunSettingsTest, UsersOrSpawnRateReplaceAClosedProfileByOneLevel) {
  Plan plan = TwoClasses();
  plan.load_profile.load = std::vector<Stage>{{std::chrono::seconds(60), 10, 10}};
  RunSettings settings;
  settings.users = 25;
  settings.spawn_rate = 5;
  settings.run_time = std::chrono::seconds(9);
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  const auto& level = std::get<ConstantLoad>(plan.load_profile.load);
  EXPECT_EQ(level.users, 25U);
  EXPECT_EQ(level.spawn_rate, 5);
  EXPECT_EQ(plan.load_profile.run_time, Nanos(std::chrono::seconds(9)));
}

TEST(ApplyRunSettingsTest, ARunTimeAloneReplacesThatOfAConstantLoadAndCutsAnyOther) {
  Plan plan = TwoClasses();
  plan.load_profile.load = ConstantLoad{8, 2, std::chrono::seconds(600)};
  RunSettings settings;
  settings.run_time = std::chrono::seconds(9);
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  const auto& level = std::get<ConstantLoad>(plan.load_profile.load);
  EXPECT_EQ(level.users, 8U);
  EXPECT_FALSE(level.run_time.has_value());
  EXPECT_EQ(plan.load_profile.run_time, Nanos(std::chrono::seconds(9)));
}

TEST(ApplyRunSettingsTest, UsersDoNotFitAnArrivalRate) {
  Plan plan = TwoClasses();
  plan.load_profile.load = Arrival{};
  RunSettings settings;
  settings.users = 5;
  EXPECT_EQ(ApplyRunSettings(settings, &plan).code(), absl::StatusCode::kInvalidArgument);
}

TEST(ApplyRunSettingsTest, AnArrivalRateIsThePeakOfAnArrivalProfile) {
  Plan plan = TwoClasses();
  plan.load_profile.load =
      Arrival{.stages = {{.duration = std::chrono::seconds(10), .rate = 30},
                         {.duration = std::chrono::seconds(20), .rate = 10, .from = 40}},
              .users_max = 77};
  RunSettings settings;
  settings.arrival_rate = 4;
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  const auto& arrival = std::get<Arrival>(plan.load_profile.load);
  EXPECT_EQ(arrival.stages[0].rate, 3);
  EXPECT_EQ(arrival.stages[1].rate, 1);
  EXPECT_EQ(arrival.stages[1].from, 4);
  EXPECT_EQ(arrival.users_max, 77U);
}

TEST(ApplyRunSettingsTest, AnArrivalRateReplacesUsersUntilTheirEnd) {
  const Arrival expected{.stages = {{.duration = std::chrono::seconds(60), .rate = 4}}};
  Plan plan = TwoClasses();
  plan.load_profile.load = std::vector<Stage>{{std::chrono::seconds(60), 10, 10}};
  RunSettings settings;
  settings.arrival_rate = 4;
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  EXPECT_EQ(std::get<Arrival>(plan.load_profile.load), expected);

  plan.load_profile.load = ConstantLoad{8, 2, std::nullopt};
  const absl::Status endless = ApplyRunSettings(settings, &plan);
  EXPECT_NE(endless.message().find("together with a run time"), std::string::npos) << endless;
  settings.run_time = std::chrono::seconds(60);
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  EXPECT_EQ(std::get<Arrival>(plan.load_profile.load), expected);
}

TEST(ApplyRunSettingsTest, AnArrivalRateIsRefusedWhereItCannotHold) {
  RunSettings settings;
  settings.arrival_rate = 4;
  Plan script = TwoClasses();
  script.script.emplace();
  Plan still = TwoClasses();
  still.load_profile.load = Arrival{.stages = {{.duration = std::chrono::seconds(10), .rate = 0}}};
  for (Plan* plan : {&script, &still}) {
    EXPECT_EQ(ApplyRunSettings(settings, plan).code(), absl::StatusCode::kInvalidArgument);
  }
  Plan plan = TwoClasses();
  settings.users = 5;
  EXPECT_EQ(ApplyRunSettings(settings, &plan).code(), absl::StatusCode::kInvalidArgument);
  settings.users.reset();
  settings.run_time = std::chrono::seconds(9);
  for (const double rate : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    settings.arrival_rate = rate;
    const absl::Status status = ApplyRunSettings(settings, &plan);
    EXPECT_NE(status.message().find("must be above 0 and at most 100000000"), std::string::npos)
        << rate << ": " << status;
  }
}

TEST(ApplyRunSettingsTest, SeedStopTimeoutAndIterationsAreTakenOver) {
  Plan plan = TwoClasses();
  RunSettings settings;
  settings.seed = 99;
  settings.stop_timeout = std::chrono::seconds(4);
  settings.iterations = 1234;
  ASSERT_TRUE(ApplyRunSettings(settings, &plan).ok());
  EXPECT_EQ(plan.seed, 99U);
  EXPECT_EQ(plan.stop_timeout, Nanos(std::chrono::seconds(4)));
  EXPECT_EQ(plan.load_profile.iterations, 1234U);
}

}  // namespace
}  // namespace squall
