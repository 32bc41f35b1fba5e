#include "daemon/plan/parse_plan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

const std::string kSource = SQUALL_SOURCE_DIR;

PlanInputs Files(const std::vector<std::string>& paths) {
  PlanInputs inputs;
  for (const std::string& path : paths) {
    inputs.texts.push_back({path, ReadFileOrDie(fmt::format("{}/{}", kSource, path))});
  }
  return inputs;
}

const UserClass& OnlyClass(const PlanResult& result) { return result.plan.users.at(0); }

TEST(ParsePlanTest, TheSamplePlanLoads) {
  const PlanResult result = ParsePlan(Files({"config/plans/product-service.yaml"}));
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_TRUE(result.warnings.empty());
  const UserClass& user = OnlyClass(result);
  EXPECT_EQ(user.name, "ProductServiceUser");
  EXPECT_EQ(user.wait_time.low, std::chrono::seconds(1));
  EXPECT_EQ(user.wait_time.high, std::chrono::seconds(3));
  std::string weights;
  for (const Task& task : user.tasks) {
    weights += task.name + " " + std::to_string(static_cast<int>(task.weight)) + ", ";
  }
  EXPECT_EQ(weights,
            "browse_products 10, search_by_category 7, view_product_details 8, buy_product 5, "
            "update_stock 1, verify_product_prices 3, edge_cases 1, ");
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

TEST(ParsePlanTest, TheSeedConfigsWeightsAndStatusesTakeEffect) {
  std::string seed = ReadFileOrDie(kSource + "/tests/daemon/plan/data/seed_config.yaml");
  seed.replace(seed.find("buy_product: 5"), 14, "buy_product: 9");
  seed.replace(seed.find("status: 404"), 11, "status: 410");
  PlanInputs inputs = Files({"config/plans/product-service.yaml"});
  inputs.texts.push_back({"config.yaml", seed});
  const PlanResult result = ParsePlan(inputs);
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(OnlyClass(result).tasks[3].weight, 9);
  const DataSet& edge_cases = result.plan.test_data.at(2);
  EXPECT_EQ(edge_cases.name, "edge_cases");
  EXPECT_EQ(*edge_cases.rows[0].Find("expected_status"), Value(int64_t{410}));
}

TEST(ParsePlanTest, TheSeedConfigAloneNamesWhatIsMissing) {
  EXPECT_EQ(
      ErrorText(ParsePlan(Files({"tests/daemon/plan/data/seed_config.yaml"}))),
      "tests/daemon/plan/data/seed_config.yaml:2:1: must have the key 'users': the classes of "
      "users and their tasks\n");
}

TEST(ParsePlanTest, OurConfigMeansTheSame) {
  const PlanResult ours =
      ParsePlan(Files({"config/plans/product-service.yaml", "config/plans/config.yaml"}));
  const PlanResult seed = ParsePlan(
      Files({"config/plans/product-service.yaml", "tests/daemon/plan/data/seed_config.yaml"}));
  EXPECT_EQ(ErrorText(ours), "");
  EXPECT_EQ(ours.plan, seed.plan);
}

TEST(ParsePlanTest, EveryOverlayLoads) {
  for (const char* name : {"peak", "stress", "soak", "spike", "open-model", "thresholds"}) {
    const PlanResult result = ParsePlan(Files(
        {"config/plans/product-service.yaml", std::string("config/plans/") + name + ".yaml"}));
    EXPECT_EQ(ErrorText(result), "") << name;
    EXPECT_TRUE(result.warnings.empty()) << name;
  }
}

// The blocks of a Markdown page between "```yaml" and "```".
std::vector<std::string> YamlBlocks(const std::string& page) {
  constexpr std::string_view kStart = "```yaml\n";
  std::vector<std::string> blocks;
  for (size_t at = page.find(kStart); at != std::string::npos; at = page.find(kStart, at)) {
    at += kStart.size();
    const size_t end = page.find("```", at);
    blocks.push_back(page.substr(at, end - at));
  }
  return blocks;
}

TEST(ParsePlanTest, EveryExampleOfTheReferenceLoads) {
  const std::vector<std::string> blocks =
      YamlBlocks(ReadFileOrDie(kSource + "/docs/plan-reference.md"));
  EXPECT_GE(blocks.size(), 8U);
  const std::string tasks =
      "users: [{name: A, tasks: [{name: browse, steps: [{get: /}]}, {name: buy, tags: "
      "[checkout], steps: [{get: /}]}]}]\n";
  for (const std::string& block : blocks) {
    EXPECT_EQ(ErrorText(ParsePlan(InputsOf({tasks, block}))), "") << block;
  }
}

TEST(ParsePlanTest, TheServicesUrlComesFromTheEnvironmentUnlessItIsSet) {
  PlanInputs inputs = InputsOf({std::string("service: {base_url: http://file}\n") + kUsersYaml});
  inputs.environment["PRODUCT_SERVICE_URL"] = "http://nginx:80";
  EXPECT_EQ(ParsePlan(inputs).plan.service.base_url, "http://nginx:80");
  inputs.sets = {"service.base_url=http://set"};
  EXPECT_EQ(ParsePlan(inputs).plan.service.base_url, "http://set");
  inputs.sets.clear();
  inputs.environment["PRODUCT_SERVICE_URL"] = "nginx";
  EXPECT_EQ(ErrorText(ParsePlan(inputs)),
            "PRODUCT_SERVICE_URL: service.base_url: must start with http:// or https://, got "
            "'nginx'\n");
  inputs.environment["PRODUCT_SERVICE_URL"] = "";
  EXPECT_EQ(ParsePlan(inputs).plan.service.base_url, "http://file");
}

TEST(ParsePlanTest, ErrorsComeFromTheFileThatHoldsTheValue) {
  PlanInputs inputs = InputsOf({std::string("service:\n  timeout: soon\n") + kUsersYaml,
                                "service:\n  max_redirects: many\n"});
  inputs.sets = {"service.tiemout=5", "seed=x"};
  const PlanResult result = ParsePlan(inputs);
  ASSERT_EQ(result.errors.size(), 4U) << ErrorText(result);
  EXPECT_EQ(result.errors[0].mark.file, "plan.yaml");
  EXPECT_EQ(result.errors[1].ToString(),
            "plan2.yaml:2:18: service.max_redirects: must be a whole number from 0 to 100, got "
            "'many'");
  EXPECT_EQ(result.errors[2].ToString(),
            "--set service.tiemout: service.tiemout: must be a known "
            "key; did you mean 'timeout'?");
  EXPECT_EQ(result.errors[3].ToString(),
            "--set seed: seed: must be a whole number of at least 0, got 'x'");
}

TEST(ParsePlanTest, TwentyErrorsAreEnough) {
  std::string text = "test_data:\n";
  for (int i = 0; i < 50; ++i) {
    text += "  d" + std::to_string(i) + ": []\n";
  }
  EXPECT_EQ(ParseWithUsers(text).errors.size(), 20U);
}

TEST(ParsePlanTest, WhatIsNoPlanIsOneError) {
  EXPECT_EQ(ErrorText(ParseText("- a\n")),
            "plan.yaml:1:1: must be a map with the keys of a plan, got a list\n");
  EXPECT_EQ(ParseText("").errors.size(), 1U);
  EXPECT_EQ(ParsePlan({}).errors.size(), 1U);
  EXPECT_EQ(ParseText(std::string("\x7f\x45\x4c\x46\0\0", 6)).errors.size(), 1U);
  EXPECT_EQ(ParseText(std::string(10'000, '[')).errors.size(), 1U);
  EXPECT_EQ(ParseText(std::string(17 << 20, 'a')).errors.size(), 1U);
}

TEST(ParsePlanTest, AllMistakesAreShownAtOnce) {
  PlanInputs inputs = Files({"tests/daemon/plan/data/mistakes.yaml"});
  inputs.texts[0].file = "mistakes.yaml";
  ExpectGolden("plan/mistakes.txt", ErrorText(ParsePlan(inputs)));
}

}  // namespace
}  // namespace squall
