// LoadChange <-> squall.v1.SetLoadRequest, whose run and epoch are somebody else's. `since` does
// not travel in it. Pure; any thread.
#pragma once

#include <absl/status/statusor.h>

#include "daemon/plan/load_change.h"

namespace squall {

namespace v1 {
class SetLoadRequest;
}

void LoadChangeToProto(const LoadChange& change, v1::SetLoadRequest* proto);
// For input from the network: INVALID_ARGUMENT names the field.
absl::StatusOr<LoadChange> LoadChangeFromProto(const v1::SetLoadRequest& proto);

}  // namespace squall
