// What a run is and has come to, in short: for lists of runs and for those who watch one. Plain
// values; the figures are in the merged Snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"
#include "daemon/stats/threshold.h"
#include "daemon/stats/verdict.h"

namespace squall {

// An agent, as it describes itself.
struct AgentDescription {
  std::string agent_id;  // as the coordinator calls it
  std::string name;      // for people: the host or pod
  std::string version;   // of the program
  uint32_t shards = 0;
  uint32_t cpu_count = 0;
  bool operator==(const AgentDescription&) const = default;
};

struct RunSummary {
  std::string run_id;
  std::string plan_name;
  std::string plan_digest;
  RunState state = RunState::kIdle;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  std::string stop_reason;
  std::optional<Verdict> verdict;     // nothing while it is not decided
  std::vector<std::string> reasons;   // why not PASS, most important first
  std::vector<std::string> warnings;  // worth knowing, not deciding
  std::vector<ThresholdResult> thresholds;
  uint64_t users = 0;     // running now, of all agents
  uint64_t requests = 0;  // finished ones of the measured phase
  uint64_t failures = 0;
  std::vector<AgentDescription> agents;
  bool operator==(const RunSummary&) const = default;
};

}  // namespace squall
