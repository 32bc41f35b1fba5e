// How the load is shared out among user classes and tasks. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "daemon/plan/plan.h"

namespace squall {

// How often users of a class are chosen, and their tasks.
struct TaskShare {
  std::string name;
  double share = 0;  // 0..1, of its parent
  std::vector<TaskShare> tasks;
  bool operator==(const TaskShare&) const = default;
};

// By user class, in the plan's order; none of a locustfile, whose classes the plan does not know.
// With classes of a fixed number of users: the shares when `users` of them run.
std::vector<TaskShare> TaskShares(const Plan& plan, uint64_t users);
// At the peak of the plan's profile.
std::vector<TaskShare> TaskShares(const Plan& plan);

}  // namespace squall
