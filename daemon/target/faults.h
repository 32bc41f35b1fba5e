// Made-up trouble: how long an answer is delayed, whether it is an error, and when the whole
// service stands still. Pure: the clock and the dice are arguments.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"

namespace squall {

// Added to every answer: uniform in [min, max].
struct LatencyRange {
  Nanos min{0};
  Nanos max{0};

  bool operator==(const LatencyRange&) const = default;
};

// Counted from the start of the server: it answers nothing in [after, after + duration).
struct StallPlan {
  Nanos after{0};
  Nanos duration{0};

  bool operator==(const StallPlan&) const = default;
};

// "5ms" or "5ms..20ms". INVALID_ARGUMENT otherwise.
absl::StatusOr<LatencyRange> ParseLatency(std::string_view text);
// "5s,2s": after five seconds, for two. INVALID_ARGUMENT otherwise.
absl::StatusOr<StallPlan> ParseStall(std::string_view text);

struct FaultDecision {
  Nanos latency{0};
  bool error = false;

  bool operator==(const FaultDecision&) const = default;
};

// One stream of decisions: one owner, one thread. The same seed gives the same stream.
class FaultDice final {
 public:
  // `error_rate` is the share of requests, 0 to 1, that are answered 500.
  FaultDice(LatencyRange latency, double error_rate, uint64_t seed);

  FaultDecision Roll();

 private:
  const LatencyRange latency_;
  const double error_rate_;
  Rng rng_;
};

// Shared by all threads. The planned stall happens once; further ones can be asked for.
class StallSwitch final {
 public:
  StallSwitch(TimePoint start, StallPlan plan);

  // No answers until `end`; a later end wins over an earlier one.
  void StallUntil(TimePoint end);

  // When an answer that is ready at `now` may leave: `now` itself when there is no stall. Ask again
  // at that time, since a stall may have been prolonged meanwhile.
  TimePoint ReleaseTime(TimePoint now) const;

 private:
  const TimePoint planned_start_;
  const TimePoint planned_end_;
  std::atomic<int64_t> asked_end_ns_;
};

}  // namespace squall
