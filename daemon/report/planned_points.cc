#include "daemon/report/planned_points.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace squall {
namespace {

// A million stages are looked at through this many of their corners.
constexpr size_t kCornersMax = 20'000;

double Height(const PlannedPoint& point) { return point.users + point.rate; }  // one of them is 0

PlannedPoint PointAt(const Profile& profile, Nanos at, Nanos sampled_at) {
  return {.at = at,
          .users = static_cast<double>(profile.UsersAt(sampled_at)),
          .rate = profile.ArrivalRateAt(sampled_at)};
}

std::vector<Nanos> Corners(const Profile& profile) {
  std::vector<Nanos> corners = profile.Corners();
  if (corners.size() > kCornersMax) {
    const size_t stride = corners.size() / kCornersMax + 1;
    std::vector<Nanos> fewer;
    for (size_t i = 0; i + 1 < corners.size(); i += stride) {
      fewer.push_back(corners[i]);
    }
    fewer.push_back(corners.back());
    corners = std::move(fewer);
  }
  return corners;
}

// Adds, to the two ends, one point after the other: always the one that is farthest from the line
// that would be drawn without it.
class Thinner final {
 public:
  explicit Thinner(const std::vector<PlannedPoint>& points)
      : points_(points), kept_(points.size(), false) {
    kept_.front() = true;
    kept_.back() = true;
    Push(0, points.size() - 1);
  }

  std::vector<PlannedPoint> Keep(size_t points_max) {
    for (size_t count = 2; count < points_max && !spans_.empty(); ++count) {
      const Span span = spans_.top();
      spans_.pop();
      kept_[span.worst] = true;
      Push(span.first, span.worst);
      Push(span.worst, span.last);
    }
    std::vector<PlannedPoint> result;
    for (size_t i = 0; i < points_.size(); ++i) {
      if (kept_[i]) {
        result.push_back(points_[i]);
      }
    }
    return result;
  }

 private:
  struct Span {
    double error = 0;
    size_t first = 0;
    size_t last = 0;
    size_t worst = 0;
    bool operator<(const Span& other) const { return error < other.error; }
  };

  void Push(size_t first, size_t last) {
    Span span{.error = 0, .first = first, .last = last, .worst = first};
    const double from = Height(points_[first]);
    const double rise = Height(points_[last]) - from;
    const double length = static_cast<double>((points_[last].at - points_[first].at).count());
    for (size_t i = first + 1; i < last; ++i) {
      const double along =
          length > 0 ? static_cast<double>((points_[i].at - points_[first].at).count()) / length
                     : 0;
      const double error = std::abs(Height(points_[i]) - (from + rise * along));
      if (error > span.error) {
        span.error = error;
        span.worst = i;
      }
    }
    if (span.error > 0) {
      spans_.push(span);
    }
  }

  const std::vector<PlannedPoint>& points_;
  std::vector<bool> kept_;
  std::priority_queue<Span> spans_;
};

}  // namespace

std::vector<PlannedPoint> PlannedPoints(const Profile& profile) {
  std::vector<PlannedPoint> points;
  if (!profile.IsOpen() && profile.PeakUsers() == 0) {
    return points;
  }
  // The steps of whole users, and of rounding, are no jumps.
  const double jump = profile.IsOpen() ? profile.PeakArrivalRate() / 1e4 : 1;
  const std::optional<Nanos> end = profile.Duration();
  for (const Nanos corner : Corners(profile)) {
    const PlannedPoint here = PointAt(profile, corner, corner);
    const PlannedPoint before = PointAt(profile, corner, corner - Nanos(1));
    if (corner > Nanos(0) && (corner == end || std::abs(Height(here) - Height(before)) > jump)) {
      points.push_back(before);
    }
    if (corner != end) {
      points.push_back(here);
    }
  }
  return points.size() > kPlannedPointsMax ? Thinner(points).Keep(kPlannedPointsMax) : points;
}

}  // namespace squall
