// Plan <-> squall.v1.Plan. Pure; any thread. Secrets travel, since agents need them: send a plan
// only over a connection that may carry them, and redact.h before it is shown.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/plan/plan.h"

namespace squall {

namespace v1 {
class Plan;
}

// INVALID_ARGUMENT with the field's path when a text is not UTF-8, which protobuf demands.
absl::Status PlanToProto(const Plan& plan, v1::Plan* proto);

// For input from the network. Fields that are not set have the plan's defaults. INVALID_ARGUMENT
// with the field's path ("user_classes[0].tasks[2].weight must …") for the first number, duration,
// enum, nesting or count that is out of bounds and for steps and checks of no kind. What the text
// of a plan means is not checked: templates, expressions and names are where they are compiled.
absl::StatusOr<Plan> PlanFromProto(const v1::Plan& proto);

}  // namespace squall
