// Pass/fail rules over merged statistics, in k6's grammar.
//
//   <metric>[{name:Get_All_Products,method:GET,tag:checkout}]: <aggregate> <op> <value> [over
//   <span>] response_time: p(95) < 300ms        service_time, start_delay, connect_time,
//   first_byte_time failures: rate < 1%                  also count; requests: rate > 100 (per
//   second), count checks: rate > 99%                   dropped_iterations: count == 0
//
// Aggregates: p(0..100) avg min med max (durations) · count rate (counters; checks: rate).
// Operators < <= > >= == !=. A duration without unit is in milliseconds, as in k6. Only the
// measured phase counts. No data is a failure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/stats/request_pattern.h"
#include "daemon/stats/snapshot.h"

namespace squall {

enum class ThresholdMetric {
  kResponseTime,
  kServiceTime,
  kStartDelay,
  kConnectTime,
  kFirstByteTime,
  kFailures,
  kRequests,
  kChecks,
  kDroppedIterations,
};
enum class ThresholdAggregate { kPercentile, kAverage, kMin, kMax, kCount, kRate };
enum class ThresholdOperator { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kNotEqual };

// The unit of `limit` and of what is observed; kShare is a ratio 0..1.
enum class ThresholdUnit { kSeconds, kShare, kPerSecond, kCount };
ThresholdUnit UnitOf(ThresholdMetric metric, ThresholdAggregate aggregate);

struct Threshold {
  std::string text;  // as the user wrote it
  ThresholdMetric metric = ThresholdMetric::kResponseTime;
  std::string name;    // only this request name; "" = all
  std::string method;  // only this method; "" = all
  std::string tag;     // only requests of tasks with this tag; "" = all
  // Which those are; without them a threshold with a tag has no data. See ResolveThresholdTags in
  // daemon/plan.
  TaggedRequests tagged;
  ThresholdAggregate aggregate = ThresholdAggregate::kPercentile;
  double percentile = 0;  // 0..100, for kPercentile (med = 50)
  ThresholdOperator op = ThresholdOperator::kLess;
  double limit = 0;  // seconds for durations, a ratio 0..1 for rates of failures and checks
  Nanos over{0};     // sliding window; 0 = the whole run
  bool abort_on_fail = false;
  Nanos abort_delay{0};  // do not abort before this much of the run
  bool operator==(const Threshold&) const = default;
};

// `metric_selector` is the key ("response_time{name:Buy}"), `expression` the rule
// ("p(95) < 300ms over 30s"). INVALID_ARGUMENT says which part and what would be right.
absl::StatusOr<Threshold> ParseThreshold(std::string_view metric_selector,
                                         std::string_view expression);

struct ThresholdResult {
  Threshold threshold;
  std::optional<double> observed;  // in the unit of `limit`; nothing when there was no data
  bool passed = false;             // false without data
  bool operator==(const ThresholdResult&) const = default;
};

// `now` against the whole run; with a window, against `window_start` (a snapshot at least `over`
// old, or nullptr when the run is younger than the window).
ThresholdResult JudgeThreshold(const Threshold& threshold, const Snapshot& now,
                               const Snapshot* window_start);

// "212ms", "0.4%", "no data": the observed value as people read it.
std::string FormatObserved(const ThresholdResult& result);

}  // namespace squall
