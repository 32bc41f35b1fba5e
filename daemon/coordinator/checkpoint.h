// All that another coordinator needs to go on with a run, as bytes. Pure; any thread.
#pragma once

#include <string>

#include <absl/status/statusor.h>

#include "daemon/coordinator/run_coordinator.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"

namespace squall {

namespace v1 {
class RunControl;
}  // namespace v1

struct Checkpoint {
  Plan plan;  // as it was sent
  RunSettings settings;
  Resumption resumption;  // its targets have addresses, but no channels yet
};

// squall.v1.RunCheckpoint, compressed. It holds the plan's secrets. `bytes_max` is kept by adding
// up the figures of agents that are gone: what they had counted stays, who counted it does not.
// RESOURCE_EXHAUSTED when it is larger even so.
absl::StatusOr<std::string> EncodeCheckpoint(const Plan& plan, const RunSettings& settings,
                                             const RunRoster& roster, size_t bytes_max);
// DATA_LOSS for bytes that are none; INVALID_ARGUMENT names the field that cannot be.
absl::StatusOr<Checkpoint> DecodeCheckpoint(const std::string& bytes);

void ControlToProto(const RunControl& control, v1::RunControl* proto);
// INVALID_ARGUMENT for a profile that cannot be.
absl::StatusOr<RunControl> ControlFromProto(const v1::RunControl& proto);

}  // namespace squall
