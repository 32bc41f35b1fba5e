#include "daemon/report/task_shares.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

UserClass Class(std::string name, double weight, std::vector<Task> tasks = {}) {
  UserClass item;
  item.name = std::move(name);
  item.weight = weight;
  item.tasks = std::move(tasks);
  return item;
}

Task Named(std::string name, double weight) {
  Task task;
  task.name = std::move(name);
  task.weight = weight;
  return task;
}

TEST(TaskSharesTest, FollowTheWeights) {
  Plan plan;
  plan.users = {Class("Buyer", 1, {Named("buy", 1), Named("look", 3)}), Class("Reader", 3)};
  const std::vector<TaskShare> shares = TaskShares(plan);
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_EQ(shares[0].name, "Buyer");
  EXPECT_EQ(shares[0].share, 0.25);
  ASSERT_EQ(shares[0].tasks.size(), 2U);
  EXPECT_EQ(shares[0].tasks[1], (TaskShare{.name = "look", .share = 0.75}));
  EXPECT_EQ(shares[1].share, 0.75);
}

TEST(TaskSharesTest, AFixedNumberOfUsersIsAShareOfThePeak) {
  Plan plan;
  plan.users = {Class("Admin", 1), Class("Buyer", 1)};
  plan.users[0].fixed_count = 5;
  plan.load_profile.load = ConstantLoad{.users = 20};
  const std::vector<TaskShare> shares = TaskShares(plan);
  EXPECT_EQ(shares[0].share, 0.25);
  EXPECT_EQ(shares[1].share, 0.75);
  EXPECT_EQ(TaskShares(plan, 10)[0].share, 0.5);
}

TEST(TaskSharesTest, WithoutWeightsNothingIsChosen) {
  Plan plan;
  plan.users = {Class("Nobody", 0, {Named("never", 0)})};
  const std::vector<TaskShare> shares = TaskShares(plan);
  EXPECT_EQ(shares[0].share, 0);
  EXPECT_EQ(shares[0].tasks[0].share, 0);
}

TEST(TaskSharesTest, APlanOfALocustfileHasNone) { EXPECT_TRUE(TaskShares(Plan()).empty()); }

}  // namespace
}  // namespace squall
