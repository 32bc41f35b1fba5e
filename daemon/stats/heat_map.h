// How response times are spread over a run: a column for each step of time, a cell for each range
// of response times. Bounded: when full, neighbouring columns are merged and the step doubles. Fed
// with cumulative histograms about once a second; one owner, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"
#include "daemon/stats/histogram.h"
#include "daemon/stats/point_line.h"

namespace squall {

// Four ranges for each factor of ten, from 100 µs to 100 s; the first and the last are open.
inline constexpr size_t kHeatRows = 26;
// The upper bound of a row, exact to a bucket of the histograms; the last has none (Nanos::max()).
Nanos HeatRowBound(size_t row);

struct HeatColumn {
  Nanos start{0};                            // since the start of the run
  Nanos length{0};                           // 1 s, or longer after thinning
  std::array<uint64_t, kHeatRows> counts{};  // requests that finished in the step
  bool operator==(const HeatColumn&) const = default;
};

// One of two neighbours.
HeatColumn Join(const HeatColumn& earlier, const HeatColumn& later);

class HeatMap final {
 public:
  // `columns_max` is rounded down to an even number, at least 2; one open column comes on top.
  explicit HeatMap(size_t columns_max = 600) : line_(columns_max, Nanos(0)) {}

  // `response`: the response times of all requests that had finished by `elapsed`, in every phase
  // (Series::response). What is new among them becomes a column, or part of the last one while that
  // is shorter than a step. Ignores an older moment. Fewer than before (agents that a restarted
  // coordinator has not heard of yet) add time only.
  void Add(Nanos elapsed, const Histogram& response);
  const std::vector<HeatColumn>& columns() const { return line_.points(); }

  // Goes on from columns that were stored, in place of all that is here: what the next snapshot has
  // more than they counted becomes one column. INVALID_ARGUMENT when they do not ascend.
  absl::Status Restore(std::vector<HeatColumn> columns);

 private:
  using Counts = std::array<uint64_t, kHeatRows>;

  PointLine<HeatColumn> line_;
  Counts start_{};  // at the start of the last column
  Counts last_{};   // at the newest snapshot
};

}  // namespace squall
