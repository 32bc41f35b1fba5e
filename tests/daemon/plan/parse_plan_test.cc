#include "daemon/plan/parse_plan.h"

#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

const std::string kSource = SQUALL_SOURCE_DIR;

PlanInputs Files(const std::vector<std::string>& paths) {
  PlanInputs inputs;
  for (const std::string& path : paths) {
    inputs.texts.push_back({path, ReadFileOrDie(kSource + "/" + path)});
  }
  return inputs;
}

TEST(ParsePlanTest, TheSamplePlanLoads) {
  const PlanResult result = ParsePlan(Files({"config/plans/product-service.yaml"}));
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_TRUE(result.warnings.empty());
  ASSERT_EQ(result.plan.users.size(), 1U);
  EXPECT_EQ(result.plan.users[0].tasks.size(), 7U);
  EXPECT_EQ(result.plan.users[0].tasks[3].name, "buy_product");
  EXPECT_EQ(result.plan.users[0].tasks[3].weight, 5);
}

TEST(ParsePlanTest, TheSeedConfigLoadsAsWrittenOverThePlanWithTheTasks) {
  const PlanResult result = ParsePlan(
      Files({"config/plans/product-service.yaml", "tests/daemon/plan/data/seed_config.yaml"}));
  EXPECT_EQ(ErrorText(result), "");
  const auto* stages = std::get_if<std::vector<Stage>>(&result.plan.load_profile.load);
  ASSERT_NE(stages, nullptr);
  ASSERT_EQ(stages->size(), 4U);
  EXPECT_EQ((*stages)[1], (Stage{std::chrono::seconds(300), 50, 10}));
  EXPECT_FALSE(result.plan.load_profile.run_time.has_value());
}

}  // namespace
}  // namespace squall
