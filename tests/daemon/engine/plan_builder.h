// Plans for engine tests, written as values: what the parser would make of YAML.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"

namespace squall {

// `body` is a template; the fake protocol notes what it renders to.
inline Step Request(std::string name, std::string body = "") {
  RequestStep step;
  step.name = std::move(name);
  step.body = std::move(body);
  return {step, {}};
}
inline Step Think(Nanos span) { return {ThinkStep{span, span}, {}}; }
inline Step Set(std::string variable, std::string value,
                VariableScope scope = VariableScope::kUser) {
  return {SetStep{std::move(variable), std::move(value), scope}, {}};
}
inline Step Pick(std::string from, std::string as, PickOrder order) {
  return {PickStep{std::move(from), std::move(as), order}, {}};
}
inline Step Loop(int64_t times, StepList steps) { return {LoopStep{times, std::move(steps)}, {}}; }
inline Step If(Condition condition, StepList then, StepList otherwise = {}) {
  return {IfStep{std::move(condition), std::move(then), std::move(otherwise)}, {}};
}
inline Step Log(std::string message) { return {LogStep{std::move(message)}, {}}; }
inline Step Fail(std::string message) { return {FailStep{std::move(message)}, {}}; }

inline Task TaskOf(std::string name, StepList steps, double weight = 1) {
  Task task;
  task.name = std::move(name);
  task.weight = weight;
  task.steps = std::move(steps);
  return task;
}

inline WaitTime Wait(WaitTime::Kind kind, Nanos low, Nanos high = Nanos(0)) {
  return {kind, low, high, 0};
}
inline WaitTime WaitConstant(Nanos span) { return Wait(WaitTime::Kind::kConstant, span); }

inline UserClass ClassOf(std::string name, std::vector<Task> tasks, double weight = 1) {
  UserClass result;
  result.name = std::move(name);
  result.weight = weight;
  result.tasks = std::move(tasks);
  return result;
}

// One class "Shopper" with one task "browse".
inline Plan PlanOf(StepList steps, LoadProfile load = {}) {
  Plan plan;
  plan.load_profile = std::move(load);
  plan.users = {ClassOf("Shopper", {TaskOf("browse", std::move(steps))})};
  return plan;
}

inline DataSet Data(std::string name, std::vector<Value> rows,
                    DataSet::OnEnd on_end = DataSet::OnEnd::kWrap) {
  DataSet data;
  data.name = std::move(name);
  data.rows = std::move(rows);
  data.on_end = on_end;
  return data;
}

inline LoadProfile Constant(uint64_t users, double spawn_rate = 1e6) {
  LoadProfile load;
  load.load = ConstantLoad{users, spawn_rate, std::nullopt};
  return load;
}
inline LoadProfile Constant(uint64_t users, double spawn_rate, Nanos run_time) {
  LoadProfile load;
  load.load = ConstantLoad{users, spawn_rate, run_time};
  return load;
}
inline LoadProfile Stages(std::vector<Stage> stages) {
  LoadProfile load;
  load.load = std::move(stages);
  return load;
}
inline LoadProfile ArrivalsAt(double rate, Nanos duration, uint64_t users_max = 10'000) {
  Arrival arrival;
  arrival.stages = {{duration, rate, std::nullopt}};
  arrival.users_max = users_max;
  LoadProfile load;
  load.load = std::move(arrival);
  return load;
}

inline Profile ProfileOf(const LoadProfile& load) {
  absl::StatusOr<Profile> profile = Profile::Make(load);
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *std::move(profile);
}

}  // namespace squall
