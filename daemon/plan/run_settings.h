// What the command line, an RPC or a LoadTest lays over a plan for one run: the host, the load, the
// tags. Values; applied once, before the plan is compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"

namespace squall {

enum class ControlLossPolicy : uint8_t {
  kContinue,  // the agent finishes its profile alone
  kStop,      // it stops once nobody has watched it for control_loss_timeout
};

struct RunSettings {
  std::string host;                       // replaces service.base_url and every class's host
  std::vector<std::string> tags;          // keep only tasks with one of them
  std::vector<std::string> exclude_tags;  // drop tasks with one of them; wins over `tags`
  std::optional<uint64_t> seed;
  std::optional<Nanos> stop_timeout;
  // Any of users, spawn_rate replaces a closed profile by one level, as Locust's -u and -r do.
  std::optional<uint64_t> users;
  std::optional<double> spawn_rate;
  // Arrivals per second at the peak: an arrival profile is scaled to it (PeakOf), and a closed one
  // replaced by so many until its end. Not with users or spawn_rate, nor for a script.
  std::optional<double> arrival_rate;
  std::optional<Nanos> run_time;
  std::optional<uint64_t> iterations;
  ControlLossPolicy control_loss_policy = ControlLossPolicy::kContinue;
  Nanos control_loss_timeout = std::chrono::seconds(60);
  bool once = false;  // a verbose single pass: every task once
  bool operator==(const RunSettings&) const = default;
};

// INVALID_ARGUMENT when nothing is left to run or a setting does not fit the plan's load model.
absl::Status ApplyRunSettings(const RunSettings& settings, Plan* plan);

}  // namespace squall
