// Per-second series of a run, bounded in memory: when full, neighbours are merged and the step
// doubles. Fed with merged cumulative snapshots; one owner, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// One step of the run, for one entry or for all ("Aggregated").
struct SeriesPoint {
  Nanos start{0};   // since the start of the run
  Nanos length{0};  // 1 s, or longer after thinning
  uint64_t requests = 0;
  uint64_t failures = 0;
  Nanos response_p50{0};
  Nanos response_p95{0};
  Nanos response_p99{0};
  Nanos service_p95{0};
  uint64_t users = 0;  // at the end of the step
  uint64_t target_users = 0;
  double target_rate = 0;
};

class Series final {
 public:
  explicit Series(size_t points_max = 7200);

  // Appends the difference to the snapshot before. Ignores a snapshot that is not newer.
  void Add(const Snapshot& merged);
  const std::vector<SeriesPoint>& points() const { return points_; }

  // Requests and failures per second over the last `window` of wall time that ends at the newest
  // snapshot; falls to zero when nothing finishes (unlike Locust's).
  double CurrentRequestRate(Nanos window) const;
  double CurrentFailureRate(Nanos window) const;

 private:
  size_t points_max_;
  Nanos step_{std::chrono::seconds(1)};
  Nanos last_elapsed_{-1};
  EntryStats last_total_;
  std::vector<SeriesPoint> points_;
};

}  // namespace squall
