#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/engine/user_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UserStepsTest : public UserTest {};

TEST_F(UserStepsTest, ALoopThatNeverWaitsLetsOthersRun) {
  StepUser* user = BeginTask({Loop(1'000'000'000, {Set("x", "1")}), Request("never")});
  host->Settle();
  EXPECT_FALSE(user->ended()) << "and we are here, in the middle of a billion rounds";
  user->RequestStop(/*finish_task=*/false);
  host->Settle();
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(protocol.Count(), 0u);
}

// ---- steps --------------------------------------------------------------------------------

TEST_F(UserStepsTest, VariablesGoFromStepToStep) {
  BeginTask({Set("name", "Ada"), Set("greeting", "Hello {{name}}"),
             Request("a", "{{greeting}}, user {{user_number()}} of {{class_name()}}")});
  host->Settle();
  EXPECT_EQ(Texts(), Names{"Hello Ada, user 0 of Shopper"});
}

TEST_F(UserStepsTest, ASharedVariableIsSeenByAllAndHiddenByAnOwnOne) {
  Use(PlanOf({If({Condition::Op::kEquals, "{{user_number()}}", "0"},
                 {Set("token", "shared", VariableScope::kShared)}, {}),
              Request("a", "{{token}}"), Set("token", "own"), Request("b", "{{token}}")}));
  Begin(0);
  host->Settle();
  Begin(1);
  host->Pass(milliseconds(1));
  EXPECT_EQ(Texts("a"), (Names{"shared", "shared"}));
  EXPECT_EQ(Texts("b").front(), "own");
}

TEST_F(UserStepsTest, AMissingVariableEndsTheTaskAndIsCounted) {
  BeginTask({Set("copy", "{{nobody}}"), Request("never")});
  host->Settle();
  EXPECT_EQ(protocol.Count(), 0u);
  const Snapshot snapshot = host->Recorded();
  ASSERT_EQ(snapshot.task_errors.size(), 1u);
  EXPECT_NE(snapshot.task_errors.begin()->first.find("nobody"), std::string::npos);
}

TEST_F(UserStepsTest, FailCountsItsTextAndEndsTheTask) {
  BeginTask({Set("n", "3"), Fail("only {{n}} left"), Request("never")});
  host->Settle();
  EXPECT_EQ(protocol.Count(), 0u);
  EXPECT_EQ(host->Recorded().task_errors.count("only 3 left"), 1u);
}

TEST_F(UserStepsTest, LogRendersItsText) {
  BeginTask({Log("user {{user_number()}}"), Log("{{nobody}}"), Request("a")});
  ASSERT_EQ(host->lines.size(), 2u);
  EXPECT_EQ(host->lines[0], "user 0");
  EXPECT_NE(host->lines[1].find("nobody"), std::string::npos) << "the reason, then";
}

TEST_F(UserStepsTest, ALoopRepeatsAndAFailureLeavesIt) {
  protocol.replies["bad"] = {milliseconds(1), false};
  BeginTask({Loop(3, {Request("a"), Loop(2, {Request("b")})}), Loop(5, {Request("bad")})});
  host->Pass(milliseconds(9));
  EXPECT_EQ(Requests(), (Names{"a", "b", "b", "a", "b", "b", "a", "b", "b", "bad"}));
}

TEST_F(UserStepsTest, ConditionsCompareNumbersAsNumbersAndTextsAsTexts) {
  using Op = Condition::Op;
  const struct {
    const char* what;
    Condition condition;
    bool holds;
  } rows[] = {
      {"equal numbers in other words", {Op::kEquals, "1.0", "1"}, true},
      {"texts", {Op::kEquals, "a", "A"}, false},
      {"a variable", {Op::kEquals, "{{five}}", "5"}, true},
      {"not equal", {Op::kNotEquals, "{{five}}", "6"}, true},
      {"numbers are not compared as texts", {Op::kLess, "9", "10"}, true},
      {"texts are", {Op::kLess, "a9", "a10"}, false},
      {"greater", {Op::kGreater, "{{five}}", "4.5"}, true},
      {"contains", {Op::kContains, "{{text}}", "bc"}, true},
      {"contains not", {Op::kContains, "{{text}}", "cb"}, false},
      {"a missing variable equals nothing", {Op::kEquals, "{{nobody}}", ""}, false},
      {"and is not unequal either", {Op::kNotEquals, "{{nobody}}", "1"}, false},
      {"exists", {Op::kExists, "five", ""}, true},
      {"does not exist", {Op::kExists, "nobody", ""}, false},
      {"a member exists", {Op::kExists, "row.id", ""}, true},
      {"a member does not", {Op::kExists, "row.price", ""}, false},
      {"an empty list is nothing", {Op::kExists, "row.empty", ""}, false},
      {"a null is nothing", {Op::kExists, "row.null", ""}, false},
  };
  StepList steps{Set("five", "5"), Set("text", "abcd"), Pick("rows", "row", PickOrder::kRandom)};
  for (const auto& row : rows) {
    steps.push_back(If(row.condition, {Request("yes", row.what)}, {Request("no", row.what)}));
  }
  Plan plan = PlanOf(steps);
  plan.test_data = {Data("rows", {ValueObject{{"id", 1}, {"empty", ValueList{}}, {"null", {}}}})};
  plan.users[0].wait_time = WaitConstant(seconds(10));
  Use(plan);
  Begin();
  host->Pass(milliseconds(30));
  const std::vector<FakeEvent> events = protocol.Events();
  ASSERT_EQ(events.size(), std::size(rows));
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].text, rows[i].what);
    EXPECT_EQ(events[i].request, rows[i].holds ? "yes" : "no") << rows[i].what;
  }
}

// ---- test data ----------------------------------------------------------------------------

class UserDataTest : public UserTest {
 protected:
  void UseRows(PickOrder order, DataSet::OnEnd on_end, size_t rows) {
    Plan plan = PlanOf({Pick("rows", "row", order), Request("a", "{{row}}")});
    std::vector<Value> values;
    for (size_t i = 0; i < rows; ++i) {
      values.emplace_back(static_cast<int64_t>(i));
    }
    plan.test_data = {Data("rows", values, on_end)};
    Use(plan);
  }
};

TEST_F(UserDataTest, SequentialRowsComeInOrderForEveryUser) {
  UseRows(PickOrder::kSequential, DataSet::OnEnd::kWrap, 3);
  Begin(0);
  Begin(1);
  host->Pass(milliseconds(4));
  EXPECT_EQ(Texts(), (Names{"0", "0", "1", "1", "2", "2", "0", "0", "1", "1"}));
}

TEST_F(UserDataTest, TheEndOfTheRowsCanEndTheUser) {
  UseRows(PickOrder::kSequential, DataSet::OnEnd::kStopUser, 3);
  StepUser* user = Begin();
  host->Pass(milliseconds(10));
  EXPECT_EQ(Texts(), (Names{"0", "1", "2"}));
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host->iterations, 3u);
}

TEST_F(UserDataTest, UniqueRowsFollowFromTheNumberOfTheUser) {
  UseRows(PickOrder::kUnique, DataSet::OnEnd::kStopUser, 10);
  host->peak = 4;
  std::vector<StepUser*> all;
  for (uint64_t number = 0; number < 4; ++number) {
    all.push_back(Begin(number));
  }
  host->Pass(milliseconds(10));
  std::map<uint64_t, Names> rows;
  for (const FakeEvent& event : protocol.Events()) {
    rows[event.user].push_back(event.text);
  }
  EXPECT_EQ(rows[0], (Names{"0", "4", "8"}));
  EXPECT_EQ(rows[1], (Names{"1", "5", "9"}));
  EXPECT_EQ(rows[2], (Names{"2", "6"}));
  EXPECT_EQ(rows[3], (Names{"3", "7"}));
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](StepUser* user) { return user->ended(); }));
}

TEST_F(UserDataTest, RandomRowsReachAll) {
  UseRows(PickOrder::kRandom, DataSet::OnEnd::kStopUser, 10);
  StepUser* user = Begin();
  host->Pass(milliseconds(200));
  const Names texts = Texts();
  EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 10u);
  EXPECT_FALSE(user->ended()) << "chance has no end";
}

TEST_F(UserDataTest, PicksFromAListThatAStepFound) {
  Plan plan =
      PlanOf({Pick("replies", "reply", PickOrder::kRandom),
              Pick("reply.items", "item", PickOrder::kRandom), Request("a", "{{item.id}}"),
              Set("none", "x"), Pick("none", "thing", PickOrder::kRandom), Request("never")});
  plan.test_data = {Data("replies", {ValueObject{{"items", ValueList{ValueObject{{"id", 42}}}}}})};
  plan.users[0].wait_time = WaitConstant(milliseconds(10));
  Use(plan);
  StepUser* user = Begin();
  host->Pass(milliseconds(5));
  EXPECT_EQ(Texts("a"), Names{"42"});
  EXPECT_EQ(protocol.Count("never"), 0u) << "what is no list ends the task, quietly";
  EXPECT_TRUE(host->Recorded().task_errors.empty());
  EXPECT_FALSE(user->ended());
}

}  // namespace
}  // namespace squall
