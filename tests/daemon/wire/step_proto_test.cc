#include "daemon/wire/step_proto.h"

#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/step.pb.h"
#include "tests/daemon/wire/mentions.h"
#include "tests/daemon/wire/random_plan.h"

namespace squall {
namespace {

// `levels` loops, one inside the other, around one log step.
StepProtos NestedLoops(int levels) {
  StepProtos steps;
  StepProtos* inner = &steps;
  for (int i = 0; i < levels; ++i) {
    inner = inner->Add()->mutable_loop()->mutable_steps();
  }
  inner->Add()->mutable_log()->set_message("deep");
  return steps;
}

std::string Refusal(const StepProtos& protos) {
  ProtoReader reader;
  StepList steps;
  ReadSteps("steps", protos, &reader, &steps);
  return std::string(reader.status().message());
}

TEST(StepProtoTest, StepsSurviveTheTrip) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    const StepList steps = RandomSteps(&rng, 4);
    StepProtos protos;
    WriteSteps(steps, &protos);
    ProtoReader reader;
    StepList read;
    ReadSteps("steps", protos, &reader, &read);
    ASSERT_TRUE(reader.ok()) << "seed " << seed << ": " << reader.status();
    ASSERT_TRUE(read == steps) << "seed " << seed;
  }
}

TEST(StepProtoTest, MarksTravel) {
  StepProtos protos;
  WriteSteps({Step{.what = LogStep{}, .mark = {.file = "plan.yaml", .line = 12, .column = 5}}},
             &protos);
  ProtoReader reader;
  StepList read;
  ReadSteps("steps", protos, &reader, &read);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].mark.file, "plan.yaml");
  EXPECT_EQ(read[0].mark.line, 12);
  EXPECT_EQ(read[0].mark.column, 5);
}

TEST(StepProtoTest, NestingIsLimited) {
  EXPECT_EQ(Refusal(NestedLoops(kStepDepthMax - 1)), "");
  EXPECT_TRUE(Mentions(Refusal(NestedLoops(kStepDepthMax)), "steps must be nested at most 32"));
  EXPECT_TRUE(Mentions(Refusal(NestedLoops(40)), "steps[0].loop.steps[0].loop"));
}

TEST(StepProtoTest, TheDeepestStepsAreWithinProtobufsOwnLimit) {
  v1::Step step;
  *step.mutable_loop()->mutable_steps() = NestedLoops(kStepDepthMax - 2);
  v1::Step received;
  EXPECT_TRUE(received.ParseFromString(step.SerializeAsString()));
}

TEST(StepProtoTest, UnknownEnumsAndBadNumbersAreRefused) {
  StepProtos protos;
  protos.Add()->mutable_set()->set_scope(static_cast<v1::VariableScope>(7));
  EXPECT_EQ(Refusal(protos), "steps[0].set.scope must be from 1 to 2, got 7");

  protos.Clear();
  protos.Add()->mutable_pick()->set_order(static_cast<v1::PickOrder>(4));
  EXPECT_EQ(Refusal(protos), "steps[0].pick.order must be from 1 to 3, got 4");

  protos.Clear();
  protos.Add()->mutable_if_()->mutable_condition()->set_operator_(
      static_cast<v1::ConditionOperator>(-3));
  EXPECT_EQ(Refusal(protos), "steps[0].if.condition.operator must be from 1 to 6, got -3");

  protos.Clear();
  protos.Add()->mutable_loop()->set_times(-1);
  EXPECT_TRUE(Mentions(Refusal(protos), "steps[0].loop.times must be from 0 to"));

  protos.Clear();
  protos.Add()->mutable_think()->mutable_low()->set_seconds(1);
  EXPECT_EQ(Refusal(protos), "steps[0].think.high must be at least low");
}

TEST(StepProtoTest, EnumsOfStepsCountAsTheProtosDo) {
  const std::pair<int, int> rows[] = {
      {int(VariableScope::kUser), v1::VARIABLE_SCOPE_USER},
      {int(VariableScope::kShared), v1::VARIABLE_SCOPE_SHARED},
      {int(PickOrder::kRandom), v1::PICK_ORDER_RANDOM},
      {int(PickOrder::kSequential), v1::PICK_ORDER_SEQUENTIAL},
      {int(PickOrder::kUnique), v1::PICK_ORDER_UNIQUE},
      {int(Condition::Op::kExists), v1::CONDITION_OPERATOR_EXISTS},
      {int(Condition::Op::kEquals), v1::CONDITION_OPERATOR_EQUALS},
      {int(Condition::Op::kNotEquals), v1::CONDITION_OPERATOR_NOT_EQUALS},
      {int(Condition::Op::kLess), v1::CONDITION_OPERATOR_LESS},
      {int(Condition::Op::kGreater), v1::CONDITION_OPERATOR_GREATER},
      {int(Condition::Op::kContains), v1::CONDITION_OPERATOR_CONTAINS},
  };
  for (const auto& [ours, protos] : rows) {
    EXPECT_EQ(ours + 1, protos);
  }
}

}  // namespace
}  // namespace squall
