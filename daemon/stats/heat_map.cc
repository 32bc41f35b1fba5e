#include "daemon/stats/heat_map.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

constexpr double kFirstBoundNanos = 100'000;
constexpr double kRowsPerDecade = 4;

// The row of every bucket: one look instead of a search among the bounds.
using RowOfBucket = std::array<uint8_t, Histogram::kBucketCount>;

RowOfBucket MakeRowOfBucket() {
  RowOfBucket rows{};
  size_t row = 0;
  for (uint32_t bucket = 0; bucket < rows.size(); ++bucket) {
    while (row + 1 < kHeatRows && bucket > Histogram::IndexOf(HeatRowBound(row).count())) {
      ++row;
    }
    rows[bucket] = static_cast<uint8_t>(row);
  }
  return rows;
}

std::array<uint64_t, kHeatRows> RowsOf(const Histogram& times) {
  static const RowOfBucket rows = MakeRowOfBucket();
  std::array<uint64_t, kHeatRows> counts{};
  times.VisitBuckets([&counts](uint32_t index, uint64_t count) {
    counts[rows[index]] += count;
    return false;
  });
  return counts;
}

template <typename Counts>
uint64_t Sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

}  // namespace

Nanos HeatRowBound(size_t row) {
  if (row + 1 >= kHeatRows) {
    return Nanos::max();
  }
  const double bound = kFirstBoundNanos * std::pow(10, static_cast<double>(row) / kRowsPerDecade);
  return Nanos(std::llround(bound));
}

HeatColumn Join(const HeatColumn& earlier, const HeatColumn& later) {
  HeatColumn joined{.start = earlier.start, .length = later.start + later.length - earlier.start};
  for (size_t row = 0; row < kHeatRows; ++row) {
    joined.counts[row] = earlier.counts[row] + later.counts[row];
  }
  return joined;
}

void HeatMap::Add(Nanos elapsed, const Histogram& response) {
  using Place = PointLine<HeatColumn>::Place;
  const Place place = line_.PlaceOf(elapsed);
  if (place == Place::kNowhere) {
    return;
  }
  Counts now = RowsOf(response);
  if (Sum(now) < Sum(last_)) {
    now = last_;
  }
  if (place == Place::kNew) {
    start_ = last_;
    line_.Open();
  }
  const Counts& before = place == Place::kJoined ? last_ : start_;
  HeatColumn column;
  for (size_t row = 0; row < kHeatRows; ++row) {
    column.counts[row] = now[row] - std::min(now[row], before[row]);
  }
  place == Place::kJoined ? line_.JoinLast(column) : line_.SetLast(column, elapsed);
  last_ = now;
}

absl::Status HeatMap::Restore(std::vector<HeatColumn> columns) {
  Counts counted{};
  for (const HeatColumn& column : columns) {
    for (size_t row = 0; row < kHeatRows; ++row) {
      counted[row] += column.counts[row];
    }
  }
  SQUALL_RETURN_IF_ERROR(line_.Restore(std::move(columns)));
  last_ = counted;
  start_ = counted;
  return absl::OkStatus();
}

}  // namespace squall
