#include "daemon/target/faults.h"

#include <algorithm>
#include <limits>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"

namespace squall {

absl::StatusOr<LatencyRange> ParseLatency(std::string_view text) {
  const size_t dots = text.find("..");
  LatencyRange range;
  if (dots == std::string_view::npos) {
    SQUALL_ASSIGN_OR_RETURN(range.min, ParseTimeSpan(text));
    range.max = range.min;
    return range;
  }
  SQUALL_ASSIGN_OR_RETURN(range.min, ParseTimeSpan(text.substr(0, dots)));
  SQUALL_ASSIGN_OR_RETURN(range.max, ParseTimeSpan(text.substr(dots + 2)));
  if (range.max < range.min) {
    return absl::InvalidArgumentError(
        fmt::format("must go from the smaller to the larger time, got '{}'", text.substr(0, 40)));
  }
  return range;
}

absl::StatusOr<StallPlan> ParseStall(std::string_view text) {
  const size_t comma = text.find(',');
  if (comma == std::string_view::npos) {
    return absl::InvalidArgumentError(
        fmt::format("must be AFTER,FOR such as 5s,2s, got '{}'", text.substr(0, 40)));
  }
  StallPlan plan;
  SQUALL_ASSIGN_OR_RETURN(plan.after, ParseTimeSpan(text.substr(0, comma)));
  SQUALL_ASSIGN_OR_RETURN(plan.duration, ParseTimeSpan(text.substr(comma + 1)));
  return plan;
}

FaultDice::FaultDice(LatencyRange latency, double error_rate, uint64_t seed)
    : latency_(latency), error_rate_(error_rate), rng_(seed) {}

FaultDecision FaultDice::Roll() {
  FaultDecision decision;
  decision.latency = latency_.min;
  if (latency_.max > latency_.min) {
    decision.latency = Nanos(rng_.Between(latency_.min.count(), latency_.max.count()));
  }
  decision.error = error_rate_ > 0 && rng_.Unit() < error_rate_;
  return decision;
}

StallSwitch::StallSwitch(TimePoint start, StallPlan plan)
    : planned_start_(start + plan.after),
      planned_end_(planned_start_ + plan.duration),
      asked_end_ns_(std::numeric_limits<int64_t>::min()) {}

void StallSwitch::StallUntil(TimePoint end) {
  const int64_t end_ns = end.time_since_epoch().count();
  int64_t seen = asked_end_ns_.load(std::memory_order_relaxed);
  while (seen < end_ns && !asked_end_ns_.compare_exchange_weak(seen, end_ns)) {
  }
}

TimePoint StallSwitch::ReleaseTime(TimePoint now) const {
  const TimePoint asked_end{Nanos(asked_end_ns_.load(std::memory_order_relaxed))};
  TimePoint release = std::max(now, asked_end);
  if (release >= planned_start_ && release < planned_end_) {
    release = planned_end_;
  }
  return release;
}

}  // namespace squall
