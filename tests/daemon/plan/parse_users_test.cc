// The section `users`, without the steps.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

using std::chrono::seconds;

std::string UsersErrors(const std::string& users) {
  return ErrorText(ParseText("users:\n" + users));
}

void ExpectUsersError(const std::string& users, const std::string& message) {
  EXPECT_NE(UsersErrors(users).find(message), std::string::npos) << UsersErrors(users);
}

WaitTime WaitOf(const std::string& wait) {
  const PlanResult result = ParseText("users: [{name: A, wait_time: " + wait +
                                      ", tasks: [{name: t, steps: [{get: /}]}]}]\n");
  EXPECT_EQ(ErrorText(result), "");
  return result.plan.users.empty() ? WaitTime() : result.plan.users[0].wait_time;
}

TEST(ParseUsersTest, AClassHasItsSettings) {
  const PlanResult result = ParseText(R"(
users:
  - name: Shopper
    weight: 2.5
    fixed_count: 3
    host: http://other/
    on_start: [{get: /login}]
    tasks: [{name: t, weight: 4, tags: [a, b], steps: [{get: /}]}]
    on_stop: [{get: /logout}, {get: /bye}]
)");
  EXPECT_EQ(ErrorText(result), "");
  ASSERT_EQ(result.plan.users.size(), 1U);
  const UserClass& user = result.plan.users[0];
  EXPECT_EQ(user.name, "Shopper");
  EXPECT_EQ(user.weight, 2.5);
  EXPECT_EQ(user.fixed_count, 3U);
  EXPECT_EQ(user.host, "http://other");
  EXPECT_EQ(user.on_start.size(), 1U);
  EXPECT_EQ(user.on_stop.size(), 2U);
  EXPECT_EQ(user.tasks[0].weight, 4);
  EXPECT_EQ(user.tasks[0].tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(user.mark.line, 3);
  EXPECT_EQ(user.mark.file, "plan.yaml");
}

TEST(ParseUsersTest, WaitTimesAreLocusts) {
  EXPECT_EQ(WaitOf("{between: [1, 3s]}"),
            (WaitTime{WaitTime::Kind::kBetween, seconds(1), seconds(3), 0}));
  EXPECT_EQ(WaitOf("{constant: 1}"),
            (WaitTime{WaitTime::Kind::kConstant, seconds(1), Nanos(0), 0}));
  EXPECT_EQ(WaitOf("{constant_pacing: 2}"),
            (WaitTime{WaitTime::Kind::kConstantPacing, seconds(2), Nanos(0), 0}));
  EXPECT_EQ(WaitOf("{constant_throughput: 0.1}"),
            (WaitTime{WaitTime::Kind::kConstantThroughput, Nanos(0), Nanos(0), 0.1}));
}

TEST(ParseUsersTest, WaitTimesAreChecked) {
  const std::string head =
      "  - name: A\n    tasks: [{name: t, steps: [{get: /}]}]\n    wait_time: ";
  ExpectUsersError(head + "5", "users[0].wait_time: must be a map, got '5'");
  ExpectUsersError(head + "{}", "must have one of the keys constant, between");
  ExpectUsersError(head + "{between: [3, 1]}", "must have the smaller time first");
  ExpectUsersError(head + "{between: [3]}", "must be a list of two, from and to, got 1");
  ExpectUsersError(head + "{between: [-1, 1]}", "must be a time span that is not negative");
  ExpectUsersError(head + "{constant_throughput: 0}", "must be a number above 0");
  ExpectUsersError(head + "{betwen: [1, 2]}", "did you mean 'between'?");
}

TEST(ParseUsersTest, NamesAreThereOnce) {
  ExpectUsersError(
      "  - {name: A, tasks: [{name: t, steps: [{get: /}]}]}\n"
      "  - {name: A, tasks: [{name: t, steps: [{get: /}]}]}\n",
      "plan.yaml:3:12: users[1].name: must not be there twice, got 'A'");
  ExpectUsersError(
      "  - name: A\n    tasks: [{name: t, steps: [{get: /}]}, {name: t, steps: [{get: /}]}]\n",
      "users[0].tasks[1].name: must not be there twice, got 't'");
  ExpectUsersError("  - {tasks: [{steps: [{get: /}]}]}\n", "users[0]: must have the key 'name'");
}

TEST(ParseUsersTest, ThereMustBeSomethingToDo) {
  ExpectUsersError("  []\n", "users: must have at least one user class");
  ExpectUsersError("  - {name: A}\n", "users[0]: must have the key 'tasks'");
  ExpectUsersError("  - {name: A, tasks: []}\n", "users[0].tasks: must have at least one task");
  ExpectUsersError("  - {name: A, tasks: [{name: t, steps: []}]}\n",
                   "users[0].tasks[0].steps: must have at least one step");
  ExpectUsersError("  - {name: A, tasks: [{name: t}]}\n", "must have the key 'steps'");
}

TEST(ParseUsersTest, CountsWeightsAndTagsAreChecked) {
  const std::string tail = "tasks: [{name: t, steps: [{get: /}]}]}\n";
  ExpectUsersError("  - {name: A, weight: -1, " + tail,
                   "users[0].weight: must be a number of at least 0");
  ExpectUsersError("  - {name: A, fixed_count: 0, " + tail, "must be a whole number from 1 to");
  ExpectUsersError("  - {name: A, tasks: [{name: t, tags: ['a b'], steps: [{get: /}]}]}\n",
                   "tags[0]: must be one word, got 'a b'");
}

}  // namespace
}  // namespace squall
