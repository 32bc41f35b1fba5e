// The time line of one agent: few and cheap figures, since a run may have a thousand of them. Fed
// with the agent's own cumulative snapshots, bounded as Series is; one owner, one thread.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/stats/point_line.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct AgentPoint {
  Nanos start{0};  // since the start of the run, on the agent's clock
  Nanos length{0};
  uint64_t requests = 0;
  uint64_t failures = 0;
  uint64_t users = 0;         // at the end of the step
  uint64_t target_users = 0;  // its share of the profile then
  // From the start of the run to the end of the step: a p99 of each step would cost a histogram per
  // agent and second.
  Nanos loop_lag_p99{0};
  bool operator==(const AgentPoint&) const = default;
};

// One of two neighbours: counts add up, the rest is that of the later one.
AgentPoint Join(const AgentPoint& earlier, const AgentPoint& later);

class AgentSeries final {
 public:
  // `points_max` and `begin` as in Series.
  explicit AgentSeries(size_t points_max, Nanos begin = Nanos(0)) : line_(points_max, begin) {}

  // As Series::Add. A lost agent has no newer snapshot, so its line ends.
  void Add(const Snapshot& agent);
  // Goes on from stored points, as Series::Restore.
  absl::Status Restore(std::vector<AgentPoint> points);
  // Thins when there are too many points now.
  void SetPointsMax(size_t points_max) { line_.SetPointsMax(points_max); }

  const std::vector<AgentPoint>& points() const { return line_.points(); }
  size_t TakeFirstChanged() { return line_.TakeFirstChanged(); }  // as in Series

 private:
  struct Counts {
    uint64_t requests = 0;
    uint64_t failures = 0;
  };

  PointLine<AgentPoint> line_;
  Counts start_;  // at the start of the last point
  Counts last_;   // at the newest snapshot
};

}  // namespace squall
