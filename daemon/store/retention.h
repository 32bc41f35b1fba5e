// Which runs have to go. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/store/records.h"

namespace squall {

// What a store may keep; 0 = no limit. A run that breaks any of them goes, the oldest first.
struct RetentionPolicy {
  size_t max_runs = 0;    // active ones count, though they never go
  Nanos max_age{0};       // since its end
  int64_t max_bytes = 0;  // of all runs together, by RunRecord::stored_bytes
};

// The ids of the runs to delete, oldest first; never an active one.
std::vector<std::string> ChooseRunsToPrune(std::vector<RunRecord> runs,
                                           const RetentionPolicy& policy, WallTime now);

}  // namespace squall
