// The plans that the page of `squall serve` offers.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/run_manager.h"
#include "daemon/programs/run_command.h"
#include "daemon/telemetry/event_log.h"

namespace squall {

// `files` must be plans; of `directory` ("" = none) those .yaml and .yml files that are: what only
// adds to another plan is left out, which the log says. By name. INVALID_ARGUMENT and NOT_FOUND say
// what is wrong with which file.
absl::StatusOr<std::vector<OfferedPlan>> OfferPlans(const std::vector<std::string>& files,
                                                    const std::string& directory,
                                                    const Environment& environment, EventLog* log);

}  // namespace squall
