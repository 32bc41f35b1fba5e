#include "daemon/engine/program.h"

#include <algorithm>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

class Compiler final {
 public:
  Compiler(const Plan* plan, const Protocol* protocol) : plan_(plan), protocol_(protocol) {}

  absl::StatusOr<ProgramClass> CompileClass(const UserClass& source) {
    user_class_ = &source;
    ProgramClass result;
    result.source = &source;
    SQUALL_ASSIGN_OR_RETURN(result.on_start, CompileSteps(source.on_start));
    SQUALL_ASSIGN_OR_RETURN(result.on_stop, CompileSteps(source.on_stop));
    for (const Task& task : source.tasks) {
      if (task.weight <= 0) {
        continue;
      }
      ProgramTask compiled;
      compiled.name = task.name;
      result.weight_sum += task.weight;
      compiled.cumulative_weight = result.weight_sum;
      SQUALL_ASSIGN_OR_RETURN(compiled.steps, CompileSteps(task.steps));
      result.tasks.push_back(std::move(compiled));
    }
    if (result.tasks.empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "user class '{}' must have a task with a weight above 0 (after tags)", source.name));
    }
    return result;
  }

 private:
  absl::StatusOr<ProgramSteps> CompileSteps(const StepList& steps) {
    ProgramSteps result;
    result.reserve(steps.size());
    for (const Step& step : steps) {
      absl::StatusOr<ProgramStep> compiled =
          std::visit([this](const auto& what) { return CompileStep(what); }, step.what);
      if (!compiled.ok()) {
        return Located(compiled.status(), step.mark);
      }
      result.push_back(*std::move(compiled));
    }
    return result;
  }

  // Of the innermost step that has a place: it is left first.
  absl::Status Located(const absl::Status& status, const SourceMark& mark) {
    if (mark.line == 0 || located_) {
      return status;
    }
    located_ = true;
    return absl::Status(status.code(), fmt::format("{}:{}:{}: {}", mark.file, mark.line,
                                                   mark.column, std::string(status.message())));
  }

  absl::StatusOr<ProgramStep> CompileStep(const RequestStep& step) {
    RequestOp op;
    SQUALL_ASSIGN_OR_RETURN(op.request,
                            protocol_->Compile(step, *plan_, *user_class_, request_count_));
    ++request_count_;
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const SetStep& step) {
    SetOp op{step.variable, Template(), step.scope};
    SQUALL_ASSIGN_OR_RETURN(op.value, Template::Compile(step.value));
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const PickStep& step) {
    PickOp op;
    op.from = step.from;
    op.as = step.as;
    op.order = step.order;
    for (size_t i = 0; i < plan_->test_data.size(); ++i) {
      if (plan_->test_data[i].name == step.from) {
        op.data = &plan_->test_data[i];
        op.data_index = i;
      }
    }
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const IfStep& step) {
    IfOp op;
    op.op = step.condition.op;
    if (op.op == Condition::Op::kExists) {
      op.exists = step.condition.left;
    } else {
      SQUALL_ASSIGN_OR_RETURN(op.left, Template::Compile(step.condition.left));
      SQUALL_ASSIGN_OR_RETURN(op.right, Template::Compile(step.condition.right));
    }
    SQUALL_ASSIGN_OR_RETURN(op.then, CompileSteps(step.then));
    SQUALL_ASSIGN_OR_RETURN(op.otherwise, CompileSteps(step.otherwise));
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const LoopStep& step) {
    LoopOp op;
    op.times = step.times;
    SQUALL_ASSIGN_OR_RETURN(op.steps, CompileSteps(step.steps));
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const ThinkStep& step) {
    return ProgramStep{ThinkOp{step.low, step.high}};
  }

  absl::StatusOr<ProgramStep> CompileStep(const LogStep& step) {
    LogOp op;
    SQUALL_ASSIGN_OR_RETURN(op.message, Template::Compile(step.message));
    return ProgramStep{std::move(op)};
  }

  absl::StatusOr<ProgramStep> CompileStep(const FailStep& step) {
    FailOp op;
    SQUALL_ASSIGN_OR_RETURN(op.message, Template::Compile(step.message));
    return ProgramStep{std::move(op)};
  }

  const Plan* const plan_;
  const Protocol* const protocol_;
  const UserClass* user_class_ = nullptr;
  size_t request_count_ = 0;
  bool located_ = false;
};

bool CanOccur(const UserClass& user_class) {
  return user_class.fixed_count.has_value() ? *user_class.fixed_count > 0 : user_class.weight > 0;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Program>> CompileProgram(std::shared_ptr<const Plan> plan,
                                                              const Protocol& protocol) {
  if (plan->users.empty()) {
    return absl::InvalidArgumentError("users must name at least one user class");
  }
  if (std::none_of(plan->users.begin(), plan->users.end(), CanOccur)) {
    return absl::InvalidArgumentError(
        "users must have a class with a weight above 0 or a fixed_count");
  }
  absl::StatusOr<Profile> profile = Profile::Make(plan->load_profile);
  if (!profile.ok()) {
    return absl::Status(profile.status().code(),
                        fmt::format("load_profile: {}", std::string(profile.status().message())));
  }
  if (profile->PeakUsers() == 0) {  // only a locustfile's shape may say so later
    return absl::InvalidArgumentError("load_profile: must ask for at least one user at some time");
  }
  Compiler compiler(plan.get(), &protocol);
  std::vector<ProgramClass> classes;
  for (const UserClass& user_class : plan->users) {
    SQUALL_ASSIGN_OR_RETURN(ProgramClass compiled, compiler.CompileClass(user_class));
    classes.push_back(std::move(compiled));
  }
  ClassMix mix(plan->users);
  return std::make_shared<const Program>(
      Program{std::move(plan), *std::move(profile), std::move(mix), std::move(classes)});
}

}  // namespace squall
