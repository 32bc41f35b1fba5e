// Assignment <-> squall.v1.Assignment. Pure; any thread.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/plan/assignment.h"

namespace squall {

namespace v1 {
class Assignment;
}

void AssignmentToProto(const Assignment& assignment, v1::Assignment* proto);

// For input from the network. INVALID_ARGUMENT when a residue is not below its modulus, when
// classes overlap (a user would run twice), or when they are too many to check.
absl::StatusOr<Assignment> AssignmentFromProto(const v1::Assignment& proto);

}  // namespace squall
