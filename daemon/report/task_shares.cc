#include "daemon/report/task_shares.h"

#include <algorithm>

#include "daemon/plan/class_mix.h"
#include "daemon/plan/profile.h"

namespace squall {
namespace {

// The pattern of classes repeats long before so many.
constexpr uint64_t kUsersCountedMax = 100'000;

double Part(double weight, double sum) { return sum > 0 ? std::max(weight, 0.0) / sum : 0; }

std::vector<double> ClassWeights(const Plan& plan, uint64_t users) {
  std::vector<double> weights;
  bool fixed = false;
  bool any = false;
  for (const UserClass& item : plan.users) {
    weights.push_back(item.weight);
    fixed = fixed || item.fixed_count.has_value();
    any = any || item.fixed_count.value_or(item.weight > 0 ? 1 : 0) > 0;
  }
  if (!fixed || !any) {
    return weights;
  }
  const ClassMix mix(plan.users);
  weights.assign(plan.users.size(), 0);
  for (uint64_t user = 0; user < std::clamp<uint64_t>(users, 1, kUsersCountedMax); ++user) {
    ++weights[mix.ClassOf(user)];
  }
  return weights;
}

}  // namespace

std::vector<TaskShare> TaskShares(const Plan& plan, uint64_t users) {
  const std::vector<double> weights = ClassWeights(plan, users);
  double sum = 0;
  for (const double weight : weights) {
    sum += std::max(weight, 0.0);
  }
  std::vector<TaskShare> shares;
  for (size_t i = 0; i < plan.users.size(); ++i) {
    TaskShare share{.name = plan.users[i].name, .share = Part(weights[i], sum)};
    double tasks_sum = 0;
    for (const Task& task : plan.users[i].tasks) {
      tasks_sum += std::max(task.weight, 0.0);
    }
    for (const Task& task : plan.users[i].tasks) {
      share.tasks.push_back({.name = task.name, .share = Part(task.weight, tasks_sum)});
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

std::vector<TaskShare> TaskShares(const Plan& plan) {
  const absl::StatusOr<Profile> profile = Profile::Make(plan.load_profile);
  return TaskShares(plan, profile.ok() ? profile->PeakUsers() : 1);
}

}  // namespace squall
