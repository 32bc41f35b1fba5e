// The time line of a run, second by second and bounded in memory: when full, neighbours are merged
// and the step doubles. It shows the whole run as it happened, warm-up and cool-down included, so
// that a curve has no holes. Fed with merged cumulative snapshots; one owner, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// One step of the run, all requests together.
struct SeriesPoint {
  Nanos start{0};   // since the start of the run
  Nanos length{0};  // 1 s, or longer after thinning
  uint64_t requests = 0;
  uint64_t failures = 0;
  // Of the requests that finished in the step; 0 without any. After thinning: the larger of the two
  // halves, so no spike disappears; the median is their mean, weighted by requests.
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
  // `points_max` is rounded down to an even number, at least 2; one open point comes on top.
  explicit Series(size_t points_max = 7200);

  // Appends the difference to the snapshot before, or adds it to the last point while that is
  // shorter than a step (so the last point is always up to date). Ignores an older snapshot.
  void Add(const Snapshot& merged);
  const std::vector<SeriesPoint>& points() const { return points_; }

  // Requests and failures per second over the last `window` of wall time (at most a minute) that
  // ends at the newest snapshot. Falls to zero when nothing finishes (unlike Locust's).
  double CurrentRequestRate(Nanos window) const;
  double CurrentFailureRate(Nanos window) const;

 private:
  // What had been counted at one moment; rates are differences between two of them.
  struct Mark {
    Nanos elapsed{0};
    uint64_t requests = 0;
    uint64_t failures = 0;
  };

  const Mark& MarkBefore(Nanos window) const;
  void Remember(const Mark& mark);
  void Thin();

  size_t points_max_;
  Nanos step_{std::chrono::seconds(1)};
  Nanos last_elapsed_{0};
  EntryStats start_total_;  // at the start of the last point
  EntryStats last_total_;   // at the newest snapshot
  std::vector<SeriesPoint> points_;
  std::deque<Mark> marks_{Mark{}};  // never empty, ascending
};

}  // namespace squall
