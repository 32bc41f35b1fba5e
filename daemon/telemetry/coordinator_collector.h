// What a coordinator (`squall serve`, `squall run`) knows, as Prometheus metrics: its runs, its
// agents, its store and its visitors. Of the load itself it tells little, since the agents have
// pages of their own, and nothing may be counted twice. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// A run that goes on, or the last one.
struct CoordinatedRun {
  struct Agent {
    std::string agent_id;
    bool lost = false;
    std::optional<Nanos> snapshot_age;  // nothing before its first snapshot, or when lost
  };
  std::string run_id;
  std::string test;  // the plan's name
  RunState state = RunState::kIdle;
  Nanos elapsed{0};
  uint64_t users = 0;
  uint64_t target_users = 0;
  std::vector<Agent> agents;  // without those that are done, or lost and back
};

struct CoordinatorFigures {
  std::vector<CoordinatedRun> runs;  // those that go on
  uint64_t runs_started = 0;
  std::map<std::string, uint64_t> runs_finished;  // by verdict: pass, fail, invalid; failed: none
  uint64_t agents_idle = 0;
  std::optional<uint64_t> store_bytes;  // nothing where the history is kept in memory
  std::optional<uint64_t> store_writes;
  std::optional<std::map<int, uint64_t>> http_requests;  // by status code; nothing without a page
  uint64_t event_streams = 0;                            // open ones, of a page
};

struct CoordinatorLimits {
  size_t agents_max = 100;  // with a snapshot age of their own: the oldest; `other` is the rest
  size_t label_bytes_max = 128;
};

// Without squall_build_info and process_*.
std::vector<prometheus::MetricFamily> CollectCoordinator(const CoordinatorFigures& figures,
                                                         const CoordinatorLimits& limits = {});

}  // namespace squall
