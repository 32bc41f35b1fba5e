// The open model's rate and its integral, both in closed form.
//
// The integral (the area under the rate) counts arrivals: arrival n is due when it reaches n. Whole
// numbers that a stage's end reaches but for rounding are taken as reached, so three stages of
// 0.1/s for 10 s make exactly three arrivals.
#pragma once

#include <optional>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/load_profile.h"

namespace squall {

inline constexpr double kArrivalRateMax = 1e8;  // per second

// The highest rate of all stages, per second, also of those that a run time cuts off; 0 of none.
double PeakOf(const Arrival& arrival);

// Immutable value; any thread. Queries take O(log n) in the number of stages.
class ArrivalRate final {
 public:
  ArrivalRate() = default;  // no arrivals
  // The stages, cut at `limit`. INVALID_ARGUMENT, naming the field relative to `load_profile`.
  static absl::StatusOr<ArrivalRate> Make(const Arrival& arrival, Nanos limit);

  Nanos End() const;
  double At(Nanos elapsed) const;      // per second; 0 outside
  double AreaBy(Nanos elapsed) const;  // constant outside
  double Area() const { return area_; }
  double Peak() const { return peak_; }
  // Where the rate bends or jumps, ascending, 0 and the end included.
  std::vector<Nanos> Corners() const;
  // The first instant with a positive rate at which the area is at least `area`: an arrival that is
  // due when the rate falls to 0 comes when it rises again. Nothing when that never happens.
  // Rounded to the nanosecond and always before End().
  std::optional<Nanos> TimeOf(double area) const;

 private:
  struct Leg {
    Nanos start{0};
    Nanos end{0};
    double from = 0;         // per second, at the start
    double slope = 0;        // per second and second
    double area_before = 0;  // of all legs before
  };
  const Leg* LegAt(Nanos elapsed) const;

  std::vector<Leg> legs_;
  double area_ = 0;
  double peak_ = 0;
};

}  // namespace squall
