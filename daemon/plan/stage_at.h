// In which of its stages a profile is: for those who draw them. Pure.
#pragma once

#include <cstdint>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"

namespace squall {

// From 1 on. Lists of stages have those, `peak` its ramp up, level and ramp down, `soak` its ramp
// and level, `spike` what is before, the spike, and what is after, `steps` its steps. 0 where there
// are none, and after the end.
uint64_t StageAt(const LoadProfile& profile, Nanos elapsed);

}  // namespace squall
