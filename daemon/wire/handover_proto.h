// Handover <-> squall.v1.ReassignRequest, whose run and epoch are somebody else's. Pure; any
// thread.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/plan/handover.h"

namespace squall {

namespace v1 {
class ReassignRequest;
}

void HandoverToProto(const Handover& handover, v1::ReassignRequest* proto);
// For input from the network: INVALID_ARGUMENT names the field.
absl::StatusOr<Handover> HandoverFromProto(const v1::ReassignRequest& proto);

}  // namespace squall
