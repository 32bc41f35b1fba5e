// The points of a time line, each right behind the one before and bounded in memory: when there are
// too many, neighbours are joined in pairs and the step doubles. Remembers which of them a store
// has not seen yet. Used inside this room; one owner, one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/units.h"

namespace squall {

// A Point has `Nanos start` and `Nanos length`, and a function Join(earlier, later) makes one of
// two neighbours.
template <typename Point>
class PointLine final {
 public:
  // Where the news of a moment go.
  enum class Place {
    kNowhere,  // the moment lies before the end of the line
    kNew,      // in a point of its own: call Open, then SetLast
    kLast,     // in the last point, which is not over: SetLast
    kJoined,   // the last point came from a store and must not be lost: JoinLast
  };

  // `points_max` is rounded down to an even number, at least 2; one open point comes on top. The
  // first point starts at `begin`.
  PointLine(size_t points_max, Nanos begin) : points_max_(Even(points_max)), end_(begin) {}

  const std::vector<Point>& points() const { return points_; }
  Nanos end() const { return end_; }

  Place PlaceOf(Nanos elapsed) const {
    if (elapsed < end_ || elapsed <= Nanos(0) || (elapsed == end_ && points_.empty())) {
      return Place::kNowhere;
    }
    if (elapsed == end_) {
      return restored_ ? Place::kJoined : Place::kLast;
    }
    // Snapshots come a little early or late: nine tenths of a step close it.
    const bool over = restored_ || points_.empty() || points_.back().length >= step_ * 9 / 10;
    return over ? Place::kNew : Place::kLast;
  }

  void Open() {
    // Doubling would exceed the bound and leave holes in the heap. What is never reached of the
    // second block is no memory yet.
    if (points_.size() == points_.capacity()) {
      points_.reserve(std::min(points_.empty() ? kFirstPoints : Capacity(), Capacity()));
    }
    points_.emplace_back().start = end_;
    restored_ = false;
  }

  // The last point becomes `point`, and reaches from where it started to `elapsed`.
  void SetLast(Point point, Nanos elapsed) {
    point.start = points_.back().start;
    point.length = elapsed - point.start;
    end_ = elapsed;
    if (point != points_.back()) {
      points_.back() = std::move(point);
      Changed(points_.size() - 1);
    }
    ThinToFit();
  }

  void JoinLast(Point point) {
    point.start = end_;
    points_.back() = Join(points_.back(), point);
    Changed(points_.size() - 1);
  }

  void SetPointsMax(size_t points_max) {
    points_max_ = Even(points_max);
    ThinToFit();
    if (points_.capacity() > std::max(Capacity(), kFirstPoints)) {
      points_.shrink_to_fit();
    }
  }

  // Puts stored points in place of all others; the next one goes behind them, however short the
  // last is. INVALID_ARGUMENT when they do not ascend.
  absl::Status Restore(std::vector<Point> points) {
    Nanos end = points.empty() ? end_ : Nanos(0);
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i].start < end || points[i].length < Nanos(0)) {
        return absl::InvalidArgumentError(
            fmt::format("points[{}] must start at or after {}, got {}, and not end before that", i,
                        FormatTimeSpan(end), FormatTimeSpan(points[i].start)));
      }
      end = points[i].start + points[i].length;
    }
    points_ = std::move(points);
    end_ = end;
    restored_ = !points_.empty();
    step_ = UsualStep();
    changed_from_ = points_.size();
    ThinToFit();
    return absl::OkStatus();
  }

  // The index of the first point that is new or different since the last call; the number of points
  // when there is none.
  size_t TakeFirstChanged() { return std::exchange(changed_from_, points_.size()); }

 private:
  static constexpr Nanos kSecond = std::chrono::seconds(1);
  static constexpr size_t kFirstPoints = 64;

  static size_t Even(size_t points_max) { return std::max<size_t>(points_max / 2 * 2, 2); }

  // The open point, and one more until it is thinned away.
  size_t Capacity() const { return points_max_ + 2; }

  void Changed(size_t index) { changed_from_ = std::min(changed_from_, index); }

  void ThinToFit() {
    while (points_.size() > points_max_ + 1) {
      Thin();
    }
  }

  // The last point may still grow, so it stays alone.
  void Thin() {
    const size_t whole = points_.size() - 1;
    size_t to = 0;
    for (size_t from = 0; from < whole; from += 2) {
      points_[to++] = from + 1 < whole ? Join(points_[from], points_[from + 1]) : points_[from];
    }
    points_[to++] = points_.back();
    points_.resize(to);
    step_ *= 2;
    Changed(0);
  }

  // A store keeps no step. Nearly all points are one step long; only the last, and those about a
  // pause of the coordinator, are not.
  Nanos UsualStep() const {
    if (points_.size() < 2) {
      return kSecond;
    }
    std::vector<Nanos> lengths;
    lengths.reserve(points_.size());
    for (const Point& point : points_) {
      lengths.push_back(point.length);
    }
    const auto middle = lengths.begin() + static_cast<ptrdiff_t>(lengths.size() / 2);
    std::nth_element(lengths.begin(), middle, lengths.end());
    const double doublings = std::round(std::log2(std::max(ToSeconds(*middle), 1.0)));
    return kSecond * (int64_t{1} << std::min(static_cast<int>(doublings), 30));
  }

  size_t points_max_;
  Nanos step_ = kSecond;
  Nanos end_;
  bool restored_ = false;  // the last point came from a store
  size_t changed_from_ = 0;
  std::vector<Point> points_;
};

}  // namespace squall
