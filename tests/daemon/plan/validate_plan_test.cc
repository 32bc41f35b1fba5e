#include "daemon/plan/validate_plan.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

class ValidatePlanTest : public testing::Test {
 protected:
  ValidatePlanTest() {
    UserClass user{.name = "Shopper"};
    user.tasks.push_back({.name = "browse"});
    plan_.users.push_back(user);
  }
  std::string Errors() {
    errors_.clear();
    warnings_.clear();
    ValidatePlan(plan_, &errors_, &warnings_);
    std::string text;
    for (const PlanError& error : errors_) {
      text += error.ToString() + "\n";
    }
    return text;
  }

  Plan plan_;
  std::vector<PlanError> errors_;
  std::vector<std::string> warnings_;
};

TEST_F(ValidatePlanTest, AnOrdinaryPlanIsFine) {
  EXPECT_EQ(Errors(), "");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(ValidatePlanTest, SomeClassMustOccur) {
  plan_.users[0].weight = 0;
  EXPECT_EQ(Errors(), "users: must have a class with a weight above 0 or a fixed_count\n");
  plan_.users[0].fixed_count = 1;
  EXPECT_EQ(Errors(), "");
}

TEST_F(ValidatePlanTest, AClassMustHaveATaskThatCanRun) {
  plan_.users[0].tasks[0].weight = 0;
  plan_.users[0].mark = {"plan.yaml", 7, 3};
  EXPECT_EQ(Errors(), "plan.yaml:7:3: users[0].tasks: must have a task with a weight above 0\n");
}

TEST_F(ValidatePlanTest, AClassWithoutWeightIsWarnedAbout) {
  plan_.users.push_back({.name = "Idle", .weight = 0});
  EXPECT_EQ(Errors(), "");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(warnings_[0], "users[1]: has the weight 0: no user of class 'Idle' will run");
}

TEST_F(ValidatePlanTest, MoreFixedUsersThanTheLoadEverHasAreWarnedAbout) {
  plan_.users[0].fixed_count = 5;
  plan_.load_profile.load = ConstantLoad{4, 1, std::nullopt};
  EXPECT_EQ(Errors(), "");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("5 users in fixed_count"), std::string::npos);
}

}  // namespace
}  // namespace squall
