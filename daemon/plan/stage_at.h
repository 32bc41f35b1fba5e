// In which of its stages a profile is, and whether other stages are still ahead. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"

namespace squall {

// From 1 on. Lists of stages have those, `peak` its ramp up, level and ramp down, `soak` its ramp
// and level, `spike` what is before, the spike, and what is after, `steps` its steps. 0 where there
// are none, and after the end.
uint64_t StageAt(const LoadProfile& profile, Nanos elapsed);

// INVALID_ARGUMENT when stages that take the place of a profile's after `elapsed` of its run are
// over by then: they count from the start of the run, and would end it.
absl::Status CheckStagesAhead(const std::vector<Stage>& stages, Nanos elapsed);

}  // namespace squall
