#include "daemon/stats/series.h"

#include <algorithm>

#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr Nanos kWindowMax = std::chrono::minutes(1);
constexpr Nanos kMarkSpacing = std::chrono::milliseconds(100);

uint64_t Difference(uint64_t now, uint64_t before) { return now - std::min(now, before); }

EntryStats TotalOfAllPhases(const Snapshot& snapshot) {
  EntryStats total;
  for (const auto& [key, stats] : snapshot.entries) {
    total.requests += stats.requests;
    total.failures += stats.failures;
    total.service.Merge(stats.service);
    total.response.Merge(stats.response);
  }
  return total;
}

double PerSecond(uint64_t count, Nanos span) {
  return span.count() <= 0 ? 0 : static_cast<double>(count) / ToSeconds(span);
}

SeriesPoint MakePoint(const EntryStats& before, const EntryStats& now, const Snapshot& snapshot) {
  const Histogram response = now.response.Since(before.response);
  SeriesPoint point;
  point.requests = Difference(now.requests, before.requests);
  point.failures = Difference(now.failures, before.failures);
  point.response_p50 = response.Percentile(0.5);
  point.response_p95 = response.Percentile(0.95);
  point.response_p99 = response.Percentile(0.99);
  point.service_p95 = now.service.Since(before.service).Percentile(0.95);
  point.users = snapshot.UserCount();
  point.target_users = snapshot.target_users;
  point.target_rate = snapshot.target_rate;
  return point;
}

Nanos WeightedMean(Nanos a, uint64_t a_weight, Nanos b, uint64_t b_weight) {
  const double total = static_cast<double>(a_weight) + static_cast<double>(b_weight);
  if (total == 0) {
    return Nanos(0);
  }
  const double share = static_cast<double>(b_weight) / total;
  return FromSeconds(ToSeconds(a) * (1 - share) + ToSeconds(b) * share);
}

SeriesPoint Join(const SeriesPoint& a, const SeriesPoint& b) {
  SeriesPoint joined = b;  // users and targets are those at the end
  joined.start = a.start;
  joined.length = a.length + b.length;
  joined.requests = a.requests + b.requests;
  joined.failures = a.failures + b.failures;
  joined.response_p50 = WeightedMean(a.response_p50, a.requests, b.response_p50, b.requests);
  joined.response_p95 = std::max(a.response_p95, b.response_p95);
  joined.response_p99 = std::max(a.response_p99, b.response_p99);
  joined.service_p95 = std::max(a.service_p95, b.service_p95);
  return joined;
}

}  // namespace

Series::Series(size_t points_max) : points_max_(std::max<size_t>(points_max / 2 * 2, 2)) {}

void Series::Add(const Snapshot& merged) {
  if (merged.elapsed < last_elapsed_ || merged.elapsed.count() <= 0) {
    return;
  }
  // Snapshots come a little early or late: nine tenths of a step close it.
  const bool full = points_.empty() || points_.back().length >= step_ * 9 / 10;
  if (full && merged.elapsed > last_elapsed_) {
    start_total_ = last_total_;
    points_.emplace_back().start = last_elapsed_;
  }
  EntryStats total = TotalOfAllPhases(merged);
  SeriesPoint point = MakePoint(start_total_, total, merged);
  point.start = points_.back().start;
  point.length = merged.elapsed - point.start;
  points_.back() = point;
  last_total_ = std::move(total);
  last_elapsed_ = merged.elapsed;
  Remember({merged.elapsed, last_total_.requests, last_total_.failures});
  if (points_.size() > points_max_) {
    Thin();
  }
}

double Series::CurrentRequestRate(Nanos window) const {
  const Mark& before = MarkBefore(window);
  const Mark& now = marks_.back();
  return PerSecond(Difference(now.requests, before.requests), now.elapsed - before.elapsed);
}

double Series::CurrentFailureRate(Nanos window) const {
  const Mark& before = MarkBefore(window);
  const Mark& now = marks_.back();
  return PerSecond(Difference(now.failures, before.failures), now.elapsed - before.elapsed);
}

// The newest mark that is at least `window` old, else the oldest there is.
const Series::Mark& Series::MarkBefore(Nanos window) const {
  const Nanos limit = marks_.back().elapsed - window;
  auto found = std::find_if(marks_.rbegin(), marks_.rend(),
                            [limit](const Mark& mark) { return mark.elapsed <= limit; });
  return found == marks_.rend() ? marks_.front() : *found;
}

void Series::Remember(const Mark& mark) {
  const size_t size = marks_.size();
  const bool crowded = size >= 2 && mark.elapsed - marks_[size - 2].elapsed < kMarkSpacing;
  if (crowded || mark.elapsed == marks_.back().elapsed) {
    marks_.pop_back();
  }
  marks_.push_back(mark);
  while (marks_.size() > 2 && marks_[1].elapsed <= mark.elapsed - kWindowMax) {
    marks_.pop_front();
  }
}

// Joins the full points in pairs; called when there are points_max_ of them and a new one behind.
void Series::Thin() {
  const SeriesPoint last = points_.back();
  for (size_t i = 0; i < points_max_ / 2; ++i) {
    points_[i] = Join(points_[2 * i], points_[2 * i + 1]);
  }
  points_.resize(points_max_ / 2);
  points_.push_back(last);
  step_ *= 2;
}

}  // namespace squall
