// The form that Locust's scripts and pages send to POST /swarm. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/run_host.h"

namespace squall {

struct SwarmForm {
  StartRequest start;
  std::optional<uint64_t> user_count;  // the same as in `start`, unless a shape decides
  std::optional<double> spawn_rate;
  std::string host;       // what was typed, or else the plan's
  bool by_shape = false;  // users and spawn rate are the shape's
};

// `text` is urlencoded; fields that nobody knows are ignored, as in Locust. INVALID_ARGUMENT names
// the field. `plans` are those that the host offers.
absl::StatusOr<SwarmForm> ParseSwarmForm(std::string_view text,
                                         const std::vector<PlanOffer>& plans);

}  // namespace squall
