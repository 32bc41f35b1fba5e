// From a task's tag to the names that its requests are recorded under, for thresholds that select
// by tag. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>

#include "daemon/plan/plan.h"

namespace squall {

// All tags of the tasks, sorted.
std::vector<std::string> TagsOf(const std::vector<UserClass>& users);

// Fills `tagged` of every threshold with a tag: the requests of all tasks that carry it, in
// whatever depth of `if` and `loop`. A tag that no task has selects nothing. INVALID_ARGUMENT when
// tags and requests are so many that their product would not be bounded.
absl::Status ResolveThresholdTags(const std::vector<UserClass>& users,
                                  std::vector<Threshold>* thresholds);

}  // namespace squall
