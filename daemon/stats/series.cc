#include "daemon/stats/series.h"

#include <algorithm>
#include <utility>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr Nanos kWindowMax = std::chrono::minutes(1);
constexpr Nanos kMarkSpacing = std::chrono::milliseconds(100);

uint64_t Grown(uint64_t before, uint64_t now) { return now - std::min(now, before); }

double PerSecond(uint64_t count, Nanos span) {
  return span.count() <= 0 ? 0 : static_cast<double>(count) / ToSeconds(span);
}

Nanos WeightedMean(Nanos a, uint64_t a_weight, Nanos b, uint64_t b_weight) {
  const double total = static_cast<double>(a_weight) + static_cast<double>(b_weight);
  if (total == 0) {
    return Nanos(0);
  }
  const double share = static_cast<double>(b_weight) / total;
  return FromSeconds(ToSeconds(a) * (1 - share) + ToSeconds(b) * share);
}

}  // namespace

SeriesPoint Join(const SeriesPoint& earlier, const SeriesPoint& later) {
  SeriesPoint joined = later;  // users and targets are those at the end
  joined.start = earlier.start;
  joined.length = later.start + later.length - earlier.start;
  joined.requests = earlier.requests + later.requests;
  joined.failures = earlier.failures + later.failures;
  joined.response_p50 =
      WeightedMean(earlier.response_p50, earlier.requests, later.response_p50, later.requests);
  joined.response_p95 = std::max(earlier.response_p95, later.response_p95);
  joined.response_p99 = std::max(earlier.response_p99, later.response_p99);
  joined.service_p95 = std::max(earlier.service_p95, later.service_p95);
  return joined;
}

std::vector<SeriesPoint> Thinned(std::vector<SeriesPoint> points, size_t points_max) {
  while (points.size() > std::max<size_t>(points_max, 1)) {
    size_t to = 0;
    for (size_t from = 0; from < points.size(); from += 2) {
      points[to++] = from + 1 < points.size() ? Join(points[from], points[from + 1]) : points[from];
    }
    points.resize(to);
  }
  return points;
}

void Series::Counts::Add(const EntryStats& entry) {
  requests += entry.requests;
  failures += entry.failures;
  response.Merge(entry.response);
  service.Merge(entry.service);
}

void Series::Add(const Snapshot& merged) {
  Counts now;
  for (const auto& [key, entry] : merged.entries) {
    now.Add(entry);
  }
  Put(merged.elapsed, std::move(now), &merged);
}

void Series::AddEntries(Nanos elapsed, std::span<const EntryStats* const> entries) {
  Counts now;
  for (const EntryStats* entry : entries) {
    now.Add(*entry);
  }
  Put(elapsed, std::move(now), nullptr);
}

void Series::Put(Nanos elapsed, Counts now, const Snapshot* users) {
  using Place = PointLine<SeriesPoint>::Place;
  const Place place = line_.PlaceOf(elapsed);
  if (place == Place::kNowhere) {
    return;
  }
  if (now.requests < last_.requests) {
    now = last_;
  }
  if (place == Place::kNew) {
    start_ = last_;
    line_.Open();
  }
  SeriesPoint point = Difference(place == Place::kJoined ? last_ : start_, now);
  if (users != nullptr) {
    point.users = users->UserCount();
    point.target_users = users->target_users;
    point.target_rate = users->target_rate;
  }
  place == Place::kJoined ? line_.JoinLast(point) : line_.SetLast(point, elapsed);
  last_ = std::move(now);
  Remember({elapsed, last_.requests, last_.failures});
}

SeriesPoint Series::Difference(const Counts& before, const Counts& now) {
  const Histogram response = now.response.Since(before.response);
  SeriesPoint point;
  point.requests = Grown(before.requests, now.requests);
  point.failures = Grown(before.failures, now.failures);
  point.response_p50 = response.Percentile(0.5);
  point.response_p95 = response.Percentile(0.95);
  point.response_p99 = response.Percentile(0.99);
  point.service_p95 = now.service.Since(before.service).Percentile(0.95);
  return point;
}

absl::Status Series::Restore(std::vector<SeriesPoint> points, const Snapshot& stored) {
  Counts counts;
  for (const auto& [key, entry] : stored.entries) {
    counts.Add(entry);
  }
  return RestoreCounts(std::move(points), std::move(counts));
}

absl::Status Series::RestoreEntries(std::vector<SeriesPoint> points,
                                    std::span<const EntryStats* const> stored) {
  Counts counts;
  for (const EntryStats* entry : stored) {
    counts.Add(*entry);
  }
  return RestoreCounts(std::move(points), std::move(counts));
}

absl::Status Series::RestoreCounts(std::vector<SeriesPoint> points, Counts stored) {
  // The snapshot may be older or newer than the points; what they counted is what may not be lost
  // or counted twice.
  stored.requests = 0;
  stored.failures = 0;
  for (const SeriesPoint& point : points) {
    stored.requests += point.requests;
    stored.failures += point.failures;
  }
  SQUALL_RETURN_IF_ERROR(line_.Restore(std::move(points)));
  last_ = std::move(stored);
  start_ = last_;
  marks_ = {Mark{line_.end(), last_.requests, last_.failures}};
  return absl::OkStatus();
}

double Series::CurrentRequestRate(Nanos window) const {
  const Mark& before = MarkBefore(window);
  const Mark& now = marks_.back();
  return PerSecond(Grown(before.requests, now.requests), now.elapsed - before.elapsed);
}

double Series::CurrentFailureRate(Nanos window) const {
  const Mark& before = MarkBefore(window);
  const Mark& now = marks_.back();
  return PerSecond(Grown(before.failures, now.failures), now.elapsed - before.elapsed);
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

}  // namespace squall
