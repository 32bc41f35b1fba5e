#include "daemon/plan/validate_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/plan/profile.h"

namespace squall {
namespace {

bool CanOccur(const UserClass& user) { return user.weight > 0 || user.fixed_count.has_value(); }

bool HasTask(const UserClass& user) {
  return std::any_of(user.tasks.begin(), user.tasks.end(),
                     [](const Task& task) { return task.weight > 0; });
}

void CheckClasses(const Plan& plan, std::vector<PlanError>* errors,
                  std::vector<std::string>* warnings) {
  uint64_t fixed = 0;
  bool occurs = false;
  for (size_t i = 0; i < plan.users.size(); ++i) {
    const UserClass& user = plan.users[i];
    const std::string path = fmt::format("users[{}]", i);
    occurs = occurs || CanOccur(user);
    fixed += user.fixed_count.value_or(0);
    if (CanOccur(user) && !HasTask(user)) {
      errors->push_back({user.mark, path + ".tasks", "must have a task with a weight above 0"});
    }
    if (!CanOccur(user)) {
      const PlanError warning{user.mark, path,
                              fmt::format("has the weight 0: no user of class '{}' "
                                          "will run",
                                          user.name)};
      warnings->push_back(warning.ToString());
    }
  }
  const SourceMark mark = plan.users.empty() ? SourceMark() : plan.users.front().mark;
  if (!occurs) {
    errors->push_back({mark, "users", "must have a class with a weight above 0 or a fixed_count"});
  }
  const auto* level = std::get_if<ConstantLoad>(&plan.load_profile.load);
  if (level != nullptr && level->users == 0) {
    errors->push_back({mark, "load_profile.users", "must be at least 1"});
  }
  const absl::StatusOr<Profile> profile = Profile::Make(plan.load_profile);
  if (profile.ok() && fixed > profile->PeakUsers()) {
    const PlanError warning{mark, "users",
                            fmt::format("has {} users in fixed_count, but the load never has more "
                                        "than {}",
                                        fixed, profile->PeakUsers())};
    warnings->push_back(warning.ToString());
  }
}

}  // namespace

void ValidatePlan(const Plan& plan, std::vector<PlanError>* errors,
                  std::vector<std::string>* warnings) {
  if (!plan.script.has_value()) {  // its classes are known to squall-python alone
    CheckClasses(plan, errors, warnings);
  }
}

}  // namespace squall
