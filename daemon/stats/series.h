// The time line of a run or of one request name, second by second and bounded in memory: when full,
// neighbours are merged and the step doubles. It shows the whole run as it happened, warm-up and
// cool-down included, so that a curve has no holes. Fed with merged cumulative snapshots; one
// owner, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/stats/point_line.h"
#include "daemon/stats/snapshot.h"

namespace squall {

// One step of the run, all requests (of the run, or of the name) together.
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
  // Of the run, at the end of the step; 0 in the line of a name.
  uint64_t users = 0;
  uint64_t target_users = 0;
  double target_rate = 0;
  bool operator==(const SeriesPoint&) const = default;
};

// One of two neighbours; see the fields.
SeriesPoint Join(const SeriesPoint& earlier, const SeriesPoint& later);

// The same line with fewer points, at most `points_max` (above 0): neighbours are joined in pairs.
std::vector<SeriesPoint> Thinned(std::vector<SeriesPoint> points, size_t points_max);

class Series final {
 public:
  // `points_max` is rounded down to an even number, at least 2; one open point comes on top. The
  // first point starts at `begin`.
  explicit Series(size_t points_max = 7200, Nanos begin = Nanos(0))
      : line_(points_max, begin), marks_{Mark{.elapsed = begin}} {}

  // Appends the difference to the snapshot before, or adds it to the last point while that is
  // shorter than a step (so the last point is always up to date). Ignores an older snapshot. One
  // with fewer requests than before (agents that a restarted coordinator has not heard of yet) adds
  // time only, so that nothing counts twice when they are back.
  void Add(const Snapshot& merged);
  // The same for the line of one name: `entries` are its figures in every phase.
  void AddEntries(Nanos elapsed, std::span<const EntryStats* const> entries);

  // Goes on from points that were stored, in place of all that is here: what the next snapshot has
  // more than they counted becomes one point, which starts where they end. Its percentiles are of
  // what it has more than `stored`, the newest merged snapshot that was kept (an empty one: of the
  // run so far). INVALID_ARGUMENT when the points do not ascend.
  absl::Status Restore(std::vector<SeriesPoint> points, const Snapshot& stored);
  absl::Status RestoreEntries(std::vector<SeriesPoint> points,
                              std::span<const EntryStats* const> stored);

  const std::vector<SeriesPoint>& points() const { return line_.points(); }
  Nanos end() const { return line_.end(); }  // of the last point
  // Of all requests up to there: those of one snapshot, added up once.
  const Histogram& response() const { return last_.response; }

  // For a store: the index of the first point that is new or different since the last call. It and
  // all behind it are to be written, and whatever was stored behind the last one to be dropped.
  size_t TakeFirstChanged() { return line_.TakeFirstChanged(); }

  // Requests and failures per second over the last `window` of wall time (at most a minute) that
  // ends at the newest snapshot. Falls to zero when nothing finishes (unlike Locust's).
  double CurrentRequestRate(Nanos window) const;
  double CurrentFailureRate(Nanos window) const;

 private:
  struct Counts {
    uint64_t requests = 0;
    uint64_t failures = 0;
    Histogram response;
    Histogram service;
    void Add(const EntryStats& entry);
  };
  // What had been counted at one moment; rates are differences between two of them.
  struct Mark {
    Nanos elapsed{0};
    uint64_t requests = 0;
    uint64_t failures = 0;
  };

  void Put(Nanos elapsed, Counts now, const Snapshot* users);
  absl::Status RestoreCounts(std::vector<SeriesPoint> points, Counts stored);
  static SeriesPoint Difference(const Counts& before, const Counts& now);
  const Mark& MarkBefore(Nanos window) const;
  void Remember(const Mark& mark);

  PointLine<SeriesPoint> line_;
  Counts start_;            // at the start of the last point
  Counts last_;             // at the newest snapshot
  std::deque<Mark> marks_;  // never empty, ascending
};

}  // namespace squall
