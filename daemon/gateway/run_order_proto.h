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

// INVALID_ARGUMENT lists all errors of a plan, a line each, as `squall validate` does. Environment
// variables of the server are none of the plan's business: ${NAME} must have a default.
absl::StatusOr<RunOrder> RunOrderFromProto(const v1::CreateRunRequest& request,
                                           std::vector<std::string>* warnings);

}  // namespace squall
