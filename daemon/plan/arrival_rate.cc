#include "daemon/plan/arrival_rate.h"

#include <algorithm>
#include <cmath>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/plan/profile_checker.h"

namespace squall {
namespace {

constexpr double kArrivalsMax = 9e15;  // whole numbers up to here are exact in a double

double SnapToWhole(double area) {
  const double whole = std::round(area);
  return std::abs(area - whole) < 1e-9 + area * 1e-15 ? whole : area;
}

absl::Status CheckArrival(const Arrival& arrival) {
  ProfileChecker check;
  check.SetPrefix("arrival.");
  check.Require(!arrival.stages.empty(), "stages", "have at least one stage", "none");
  check.Require(arrival.users_max > 0, "max_users", "be at least 1", arrival.users_max);
  check.Users("max_users", static_cast<double>(arrival.users_max));
  Nanos left = kLongestRun;
  for (size_t i = 0; i < arrival.stages.size() && check.ok(); ++i) {
    const ArrivalStage& stage = arrival.stages[i];
    check.SetPrefix(fmt::format("arrival.stages[{}].", i));
    check.Positive("duration", stage.duration);
    check.ArrivalRate("rate", stage.rate);
    if (stage.from) {
      check.ArrivalRate("from", *stage.from);
    }
    if (stage.duration > left) {
      check.Fail("must last at most 100 years");
    }
    left -= stage.duration;
  }
  return check.status();
}

}  // namespace

double PeakOf(const Arrival& arrival) {
  double peak = 0;
  for (const ArrivalStage& stage : arrival.stages) {
    peak = std::max({peak, stage.rate, stage.from.value_or(0)});
  }
  return peak;
}

absl::StatusOr<ArrivalRate> ArrivalRate::Make(const Arrival& arrival, Nanos limit) {
  SQUALL_RETURN_IF_ERROR(CheckArrival(arrival));
  ArrivalRate result;
  Nanos start{0};
  for (const ArrivalStage& stage : arrival.stages) {
    const double from = stage.from.value_or(stage.rate);
    const double slope = (stage.rate - from) / ToSeconds(stage.duration);
    const Nanos end = std::min(start + stage.duration, limit);
    if (start == end) {
      break;
    }
    result.legs_.push_back(
        {.start = start, .end = end, .from = from, .slope = slope, .area_before = result.area_});
    const double span = ToSeconds(end - start);
    result.area_ = SnapToWhole(result.area_ + (from + slope * span / 2) * span);
    result.peak_ = std::max({result.peak_, from, from + slope * span});
    start = end;
  }
  if (result.area_ == 0) {
    return absl::InvalidArgumentError("must have an arrival rate above 0 at some time");
  }
  if (result.area_ > kArrivalsMax) {
    return absl::InvalidArgumentError(
        fmt::format("must ask for at most {} arrivals in all, got {}", kArrivalsMax, result.area_));
  }
  return result;
}

Nanos ArrivalRate::End() const { return legs_.empty() ? Nanos(0) : legs_.back().end; }

std::vector<Nanos> ArrivalRate::Corners() const {
  std::vector<Nanos> corners;
  for (const Leg& leg : legs_) {
    corners.push_back(leg.start);
  }
  corners.push_back(End());
  return corners;
}

const ArrivalRate::Leg* ArrivalRate::LegAt(Nanos elapsed) const {
  if (elapsed < Nanos(0) || elapsed >= End()) {
    return nullptr;
  }
  const auto after = std::upper_bound(legs_.begin(), legs_.end(), elapsed,
                                      [](Nanos time, const Leg& leg) { return time < leg.start; });
  return &*(after - 1);
}

double ArrivalRate::At(Nanos elapsed) const {
  const Leg* leg = LegAt(elapsed);
  return leg == nullptr ? 0 : leg->from + leg->slope * ToSeconds(elapsed - leg->start);
}

double ArrivalRate::AreaBy(Nanos elapsed) const {
  const Leg* leg = LegAt(elapsed);
  if (leg == nullptr) {
    return elapsed < Nanos(0) ? 0 : area_;
  }
  const double span = ToSeconds(elapsed - leg->start);
  return leg->area_before + (leg->from + leg->slope * span / 2) * span;
}

std::optional<Nanos> ArrivalRate::TimeOf(double area) const {
  if (!(area < area_)) {
    return std::nullopt;
  }
  // The last leg that begins with at most `area`: legs without any area are passed over.
  const auto after =
      std::upper_bound(legs_.begin(), legs_.end(), std::max(0.0, area),
                       [](double wanted, const Leg& leg) { return wanted < leg.area_before; });
  const Leg& leg = *(after - 1);
  const double missing = std::max(0.0, area - leg.area_before);
  if (missing == 0) {
    return leg.start;
  }
  // The root of slope/2 · t² + from · t = missing, in the form that also holds for slope 0 and
  // never subtracts two large numbers.
  const double root = std::sqrt(std::max(0.0, leg.from * leg.from + 2 * leg.slope * missing));
  const Nanos offset = FromSeconds(2 * missing / (leg.from + root));
  return leg.start + std::min(offset, leg.end - leg.start - Nanos(1));
}

}  // namespace squall
