// CreateRunRequest to a RunOrder. Pure.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/active_run.h"

namespace squall {

namespace v1 {
class CreateRunRequest;
}  // namespace v1

// INVALID_ARGUMENT says what must be different; all errors of a plan as ParseForeignPlan.
absl::StatusOr<RunOrder> RunOrderFromProto(const v1::CreateRunRequest& request,
                                           std::vector<std::string>* warnings);

}  // namespace squall
