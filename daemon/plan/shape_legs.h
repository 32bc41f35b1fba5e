// From the shapes of load_profile.h to straight lines.
#pragma once

#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/load_profile.h"
#include "daemon/plan/target_leg.h"

namespace squall {

// The targets of any closed model, without gaps from 0 on, cut at the run time; empty for the open
// model. A sine becomes 32 straight lines per period.
//
// INVALID_ARGUMENT, naming the field relative to `load_profile`, when the values make no sense,
// last more than 100 years or need more than 1 000 000 lines.
absl::StatusOr<std::vector<TargetLeg>> MakeTargetLegs(const LoadProfile& profile);

}  // namespace squall
