#include "daemon/engine/program.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/engine/fake_protocol.h"
#include "tests/daemon/engine/plan_builder.h"

namespace squall {
namespace {

absl::StatusOr<std::shared_ptr<const Program>> Compile(Plan plan) {
  static const FakeProtocol protocol;
  return CompileProgram(std::make_shared<Plan>(std::move(plan)), protocol);
}

std::string ErrorOf(Plan plan) {
  const auto program = Compile(std::move(plan));
  EXPECT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(program.status().message());
}

Step At(Step step, int line, int column) {
  step.mark = {"plan.yaml", line, column};
  return step;
}

TEST(CompileProgramTest, KeepsClassesTasksAndWeights) {
  Plan plan;
  plan.users = {ClassOf("Reader", {TaskOf("list", {Request("a")}, 3), TaskOf("never", {}, 0),
                                   TaskOf("item", {Request("b")}, 1.5)}),
                ClassOf("Writer", {TaskOf("post", {Request("c")})})};
  plan.users[0].on_start = {Request("login")};
  plan.users[1].on_stop = {Request("logout")};
  const auto program = Compile(plan);
  ASSERT_TRUE(program.ok()) << program.status();
  const Program& made = **program;
  ASSERT_EQ(made.classes.size(), 2u);
  const ProgramClass& reader = made.classes[0];
  EXPECT_EQ(reader.source->name, "Reader");
  ASSERT_EQ(reader.tasks.size(), 2u) << "a task without a weight is left out";
  EXPECT_EQ(reader.tasks[0].name, "list");
  EXPECT_DOUBLE_EQ(reader.tasks[0].cumulative_weight, 3);
  EXPECT_EQ(reader.tasks[1].name, "item");
  EXPECT_DOUBLE_EQ(reader.tasks[1].cumulative_weight, 4.5);
  EXPECT_DOUBLE_EQ(reader.weight_sum, 4.5);
  EXPECT_EQ(reader.on_start.size(), 1u);
  EXPECT_TRUE(reader.on_stop.empty());
  EXPECT_EQ(made.classes[1].on_stop.size(), 1u);
}

TEST(CompileProgramTest, NumbersTheRequestsOfTheWholePlan) {
  Plan plan;
  plan.users = {ClassOf("A", {TaskOf("t", {Loop(2, {Request("a0")}), Request("a1")})}),
                ClassOf("B", {TaskOf("t", {Request("b0")})})};
  const auto program = Compile(plan);
  ASSERT_TRUE(program.ok()) << program.status();
  const auto number_of = [](const ProgramStep& step) {
    const auto& request = *std::get<RequestOp>(step.op).request;
    return static_cast<const FakeProtocol::FakeRequest&>(request).number;
  };
  const ProgramSteps& steps = (*program)->classes[0].tasks[0].steps;
  EXPECT_EQ(number_of(std::get<LoopOp>(steps[0].op).steps[0]), 0u);
  EXPECT_EQ(number_of(steps[1]), 1u);
  EXPECT_EQ(number_of((*program)->classes[1].tasks[0].steps[0]), 2u);
}

TEST(CompileProgramTest, FindsTheDataOfAPick) {
  Plan plan = PlanOf({Pick("users", "user", PickOrder::kUnique),
                      Pick("products", "product", PickOrder::kRandom),
                      Pick("reply.items", "item", PickOrder::kSequential)});
  plan.test_data = {Data("products", {1, 2}), Data("users", {3})};
  const auto program = Compile(plan);
  ASSERT_TRUE(program.ok()) << program.status();
  const ProgramSteps& steps = (*program)->classes[0].tasks[0].steps;
  const auto& users = std::get<PickOp>(steps[0].op);
  ASSERT_NE(users.data, nullptr);
  EXPECT_EQ(users.data->name, "users");
  EXPECT_EQ(users.data_index, 1u);
  EXPECT_EQ(users.order, PickOrder::kUnique);
  EXPECT_EQ(std::get<PickOp>(steps[1].op).data_index, 0u);
  EXPECT_EQ(std::get<PickOp>(steps[2].op).data, nullptr) << "a variable, then";
}

TEST(CompileProgramTest, SaysWhatIsWrongAndWhere) {
  const std::string bad = "{{nope(}}";
  const auto with_step = [](Step step) { return ErrorOf(PlanOf({At(std::move(step), 12, 5)})); };
  EXPECT_EQ(with_step(Request("refused")), "plan.yaml:12:5: path must be a path, got 'refused'");
  for (const Step& step :
       {Set("x", bad), Log(bad), Fail(bad), Request("a", bad),
        If({Condition::Op::kEquals, bad, "1"}, {}), If({Condition::Op::kEquals, "1", bad}, {})}) {
    EXPECT_EQ(with_step(step).substr(0, 16), "plan.yaml:12:5: ");
  }
}

TEST(CompileProgramTest, TheInnermostStepIsNamedOnlyOnce) {
  const std::string message =
      ErrorOf(PlanOf({At(Loop(2, {At(Request("refused"), 14, 9)}), 13, 5)}));
  EXPECT_NE(message.find("plan.yaml:14:9: path must be a path, got 'refused'"), std::string::npos)
      << message;
  EXPECT_EQ(message.find("plan.yaml:13:5"), std::string::npos) << message;
}

TEST(CompileProgramTest, AStepWithoutAMarkIsNotGivenAPlace) {
  EXPECT_EQ(ErrorOf(PlanOf({Request("refused")})), "path must be a path, got 'refused'");
}

TEST(CompileProgramTest, NeedsAClassWithATask) {
  EXPECT_EQ(ErrorOf({}), "users must name at least one user class");
  Plan plan;
  plan.users = {ClassOf("Idle", {TaskOf("never", {}, 0)})};
  EXPECT_EQ(ErrorOf(plan), "user class 'Idle' must have a task with a weight above 0 (after tags)");
}

TEST(CompileProgramTest, NeedsAClassThatCanOccur) {
  Plan plan = PlanOf({Request("a")});
  plan.users[0].weight = 0;
  EXPECT_EQ(ErrorOf(plan), "users must have a class with a weight above 0 or a fixed_count");
}

TEST(CompileProgramTest, NeedsALoadProfileThatMakesSense) {
  EXPECT_EQ(ErrorOf(PlanOf({Request("a")}, Constant(0))).substr(0, 14), "load_profile: ");
}

}  // namespace
}  // namespace squall
