// The steps of a task, but for requests.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

StepList StepsOf(const std::string& steps) {
  const PlanResult result = ParseText(PlanWithSteps(steps));
  EXPECT_EQ(ErrorText(result), "") << steps;
  return result.plan.users.empty() ? StepList() : result.plan.users[0].tasks[0].steps;
}

TEST(ParseStepsTest, AStepHasExactlyOneKey) {
  ExpectStepsError("- {}", "must have one of the keys request, get");
  ExpectStepsError("- {get: /, log: x}", "must have only one of the keys");
  EXPECT_EQ(ErrorText(ParseText(PlanWithSteps("- gett: /"))),
            "plan.yaml:6:13: users[0].tasks[0].steps[0].gett: must be a known key; did you mean "
            "'get'?\n");
  ExpectStepsError("- think", "must be a map, got 'think'");
}

TEST(ParseStepsTest, SetTakesOneOrMoreVariables) {
  const StepList steps = StepsOf("- set: {a: 1, b: {value: \"{{a}}\", scope: shared}}");
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(std::get<SetStep>(steps[0].what), (SetStep{"a", "1", VariableScope::kUser}));
  EXPECT_EQ(std::get<SetStep>(steps[1].what), (SetStep{"b", "{{a}}", VariableScope::kShared}));
  ExpectStepsError("- set: {}", "must set at least one variable");
  ExpectStepsError("- set: {'a b': 1}",
                   "must be a variable's name: letters, digits and _, got 'a b'");
  ExpectStepsError("- set: {a: {scope: shared}}", "must have the key 'value'");
}

TEST(ParseStepsTest, PickTakesTheOrderOfItsDataWhenItDoesNotSay) {
  const PlanResult result = ParseText("test_data: {d: {rows: [1], order: unique}}\n" +
                                      PlanWithSteps("- pick: {from: d, as: x}\n"
                                                    "- pick: {from: d, as: y, order: sequential}\n"
                                                    "- pick: {from: x, as: z}"));
  EXPECT_EQ(ErrorText(result), "");
  const StepList& steps = result.plan.users[0].tasks[0].steps;
  EXPECT_EQ(std::get<PickStep>(steps[0].what), (PickStep{"d", "x", PickOrder::kUnique}));
  EXPECT_EQ(std::get<PickStep>(steps[1].what), (PickStep{"d", "y", PickOrder::kSequential}));
  EXPECT_EQ(std::get<PickStep>(steps[2].what), (PickStep{"x", "z", PickOrder::kRandom}));
  ExpectStepsError("- pick: {from: nowhere, as: x}",
                   "must name test data or a variable that is set, got 'nowhere'");
  ExpectStepsError("- pick: {from: x}", "must have the key 'as'");
  ExpectStepsError("- set: {x: 1}\n- pick: {from: x, as: y, order: unique}",
                   "must be random: only test data has another order");
}

TEST(ParseStepsTest, ConditionsCompareTwoSides) {
  const StepList steps = StepsOf(
      "- set: {a: 1}\n"
      "- if: {exists: a.b, then: [{get: /x}], else: [{get: /y}, {get: /z}]}\n"
      "- if: {not_equals: [\"{{a}}\", 5], then: [{get: /x}]}");
  const auto& first = std::get<IfStep>(steps[1].what);
  EXPECT_EQ(first.condition, (Condition{Condition::Op::kExists, "a.b", ""}));
  EXPECT_EQ(first.then.size(), 1U);
  EXPECT_EQ(first.otherwise.size(), 2U);
  EXPECT_EQ(std::get<IfStep>(steps[2].what).condition,
            (Condition{Condition::Op::kNotEquals, "{{a}}", "5"}));
  ExpectStepsError("- if: {equals: [1], then: [{get: /}]}", "must be a list of two");
  ExpectStepsError("- if: {equals: [1, 1]}", "must have the key 'then' or 'else'");
  ExpectStepsError("- if: {then: [{get: /}]}", "must have one of the keys exists, equals");
  ExpectStepsError("- if: {exists: \"{{a}}\", then: [{get: /}]}",
                   "must be a variable's name without");
}

TEST(ParseStepsTest, LoopsRepeatTheirSteps) {
  const StepList steps = StepsOf("- loop: {times: 3, steps: [{get: /}, {think: 1}]}");
  const auto& loop = std::get<LoopStep>(steps[0].what);
  EXPECT_EQ(loop.times, 3);
  EXPECT_EQ(loop.steps.size(), 2U);
  ExpectStepsError("- loop: {times: 0, steps: [{get: /}]}", "must be a whole number from 1 to");
  ExpectStepsError("- loop: {steps: [{get: /}]}", "must have the key 'times'");
}

TEST(ParseStepsTest, ThinkIsATimeOrARange) {
  const StepList steps = StepsOf("- think: 500ms\n- think: [1, 2s]");
  EXPECT_EQ(std::get<ThinkStep>(steps[0].what), (ThinkStep{milliseconds(500), milliseconds(500)}));
  EXPECT_EQ(std::get<ThinkStep>(steps[1].what), (ThinkStep{seconds(1), seconds(2)}));
  ExpectStepsError("- think: [2, 1]", "must have the smaller time first");
  ExpectStepsError("- think: -1", "must be a time span that is not negative");
}

TEST(ParseStepsTest, LogAndFailHaveTexts) {
  const StepList steps = StepsOf("- log: at {{iteration()}}\n- fail: no luck");
  EXPECT_EQ(std::get<LogStep>(steps[0].what).message, "at {{iteration()}}");
  EXPECT_EQ(std::get<FailStep>(steps[1].what).message, "no luck");
}

TEST(ParseStepsTest, StepsKeepTheirPlace) {
  const StepList steps = StepsOf("- get: /a\n- get: /b");
  EXPECT_EQ(steps[1].mark.line, 7);
  EXPECT_EQ(steps[1].mark.column, 13);
}

TEST(ParseStepsTest, VariablesThatNothingSetsAreErrors) {
  ExpectStepsError(
      "- set: {product: 1}\n- get: \"/p/{{produkt}}\"",
      "users[0].tasks[0].steps[1].get: must read variables that a step of this class sets, "
      "got 'produkt'; did you mean 'product'?");
  StepsOf("- get: \"/p/{{nobody|default('x')}}\"");
}

}  // namespace
}  // namespace squall
