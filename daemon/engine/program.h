// The plan, compiled for running: templates parsed, requests prepared, weights summed. Immutable,
// made once per run and shared by all shards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/engine/protocol.h"
#include "daemon/plan/class_mix.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/plan/template.h"

namespace squall {

struct ProgramStep;
using ProgramSteps = std::vector<ProgramStep>;

struct RequestOp {
  std::unique_ptr<CompiledRequest> request;
};
struct SetOp {
  std::string variable;
  Template value;
  VariableScope scope = VariableScope::kUser;
};
struct PickOp {
  const DataSet* data = nullptr;  // of the plan; nullptr: the variable `from`
  size_t data_index = 0;          // of `data` in the plan
  std::string from;
  std::string as;
  PickOrder order = PickOrder::kRandom;
};
struct IfOp {
  Condition::Op op = Condition::Op::kExists;
  std::string exists;
  Template left;
  Template right;
  ProgramSteps then;
  ProgramSteps otherwise;
};
struct LoopOp {
  int64_t times = 1;
  ProgramSteps steps;
};
struct ThinkOp {
  Nanos low{0};
  Nanos high{0};
};
struct LogOp {
  Template message;
};
struct FailOp {
  Template message;
};

struct ProgramStep {
  std::variant<RequestOp, SetOp, PickOp, IfOp, LoopOp, ThinkOp, LogOp, FailOp> op;
};

struct ProgramTask {
  std::string name;
  double cumulative_weight = 0;  // of this task and those before it
  ProgramSteps steps;
};

struct ProgramClass {
  const UserClass* source = nullptr;
  ProgramSteps on_start;
  std::vector<ProgramTask> tasks;  // those with a weight
  ProgramSteps on_stop;
  double weight_sum = 0;
};

struct Program {
  std::shared_ptr<const Plan> plan;
  Profile profile;
  ClassMix mix;
  std::vector<ProgramClass> classes;
};

// INVALID_ARGUMENT when the plan cannot run: no class with tasks, a bad template or request.
absl::StatusOr<std::shared_ptr<const Program>> CompileProgram(std::shared_ptr<const Plan> plan,
                                                              const Protocol& protocol);

}  // namespace squall
