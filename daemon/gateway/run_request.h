// What a client asks of a run, from its JSON (web/src/api.ts). Pure. INVALID_ARGUMENT names the
// field and says what it must be.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/coordinator/agent_link.h"
#include "daemon/gateway/run_host.h"
#include "daemon/plan/load_profile.h"

namespace squall {

absl::StatusOr<StartRequest> ParseStartRequest(std::string_view json);

struct PauseRequest {
  bool paused = false;
  bool operator==(const PauseRequest&) const = default;
};
using RunChange = std::variant<LoadRequest, PauseRequest, std::vector<Stage>>;
absl::StatusOr<RunChange> ParseRunChange(std::string_view json);

struct StopRequest {
  std::string reason = "stopped by request";
  bool immediate = false;
  bool operator==(const StopRequest&) const = default;
};
// An empty text asks for nothing in particular.
absl::StatusOr<StopRequest> ParseStopRequest(std::string_view json);

}  // namespace squall
