// A run as a page shows it, while it goes on or when it is over: the input of the live web page and
// of the HTML report alike. A value; big parts are shared and never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"
#include "daemon/report/planned_points.h"
#include "daemon/report/report.h"
#include "daemon/report/task_shares.h"
#include "daemon/stats/heat_map.h"
#include "daemon/stats/run_summary.h"
#include "daemon/stats/series.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct AgentView {
  std::string agent_id;
  std::string name;  // for people
  std::string version;
  RunState state = RunState::kIdle;
  bool lost = false;
  uint64_t users = 0;
  uint64_t target_users = 0;
  uint64_t requests = 0;
  uint64_t failures = 0;
  double requests_per_second = 0;  // over the last ten seconds
  double cpu_cores = 0;            // of the process, over the run
  uint32_t shards = 0;
  Nanos loop_lag_p99{0};
  Nanos start_skew{0};  // after the first agent's start
  uint64_t rss_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t fd_limit = 0;
  WallTime last_seen{};
  bool operator==(const AgentView&) const = default;
};

// The newest points of the run's line.
struct PointsPage {
  size_t from = 0;  // index of the first one; all before it are as they were
  std::vector<SeriesPoint> points;
  // Length of the very first point. It grows when the line is thinned: a reader that has known
  // another one knows nothing any more, and asks from 0.
  Nanos step{0};
  bool operator==(const PointsPage&) const = default;
};

struct RunView {
  uint64_t version = 0;  // grows with every change; 0 of a run that is over
  RunSummary summary;    // the verdict once it is over
  std::string host;      // may carry a password: every format takes it out
  std::string squall_version;
  RunOptions options;
  uint64_t seed = 0;
  double requests_per_second = 0;  // over the last ten seconds
  double failures_per_second = 0;
  std::vector<std::string> invalid_so_far;  // why it would be INVALID now; empty once it is over
  std::vector<PlannedPoint> planned;
  std::optional<std::vector<Stage>> stages;  // when the load is a list of stages: to be edited
  uint64_t stage = 0;                        // StageAt now; 0 while no load is asked for
  std::optional<LoadByHand> overridden;      // nothing: the profile is followed
  std::vector<TaskShare> tasks;              // by user class
  std::vector<AgentView> agents;
  // Where the task errors happened: "a-1, a-2", by the text of the error.
  std::map<std::string, std::string> error_agents;
  std::shared_ptr<const Snapshot> total;   // nullptr before the first
  std::shared_ptr<const Snapshot> before;  // about ten seconds older; nullptr when there is none
  std::shared_ptr<const std::vector<HeatColumn>> heat;
};

}  // namespace squall
