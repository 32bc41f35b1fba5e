#include "daemon/stats/threshold.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

bool Matches(const Threshold& threshold, const EntryKey& key) {
  return key.phase == RunPhase::kMeasured &&
         (threshold.name.empty() || threshold.name == key.name) &&
         (threshold.method.empty() || threshold.method == key.method) &&
         (threshold.tag.empty() || threshold.tagged.Contain(key.method, key.name));
}

// Checks are counted by request name, whatever the method.
bool Matches(const Threshold& threshold, const CheckKey& key) {
  return (threshold.name.empty() || threshold.name == key.name) &&
         (threshold.tag.empty() || threshold.tagged.Contain("", key.name));
}

const Histogram& HistogramOf(ThresholdMetric metric, const EntryStats& stats) {
  switch (metric) {
    case ThresholdMetric::kServiceTime:
      return stats.service;
    case ThresholdMetric::kStartDelay:
      return stats.start_delay;
    case ThresholdMetric::kConnectTime:
      return stats.times.connect;
    case ThresholdMetric::kFirstByteTime:
      return stats.times.first_byte;
    default:
      return stats.response;
  }
}

Histogram MergedTimes(const Threshold& threshold, const Snapshot& snapshot) {
  Histogram merged;
  for (const auto& [key, stats] : snapshot.entries) {
    if (Matches(threshold, key)) {
      merged.Merge(HistogramOf(threshold.metric, stats));
    }
  }
  return merged;
}

std::optional<double> ObserveDuration(const Threshold& threshold, const Snapshot& now,
                                      const Snapshot* start) {
  Histogram times = MergedTimes(threshold, now);
  if (start != nullptr) {
    times = times.Since(MergedTimes(threshold, *start));
  }
  if (times.count() == 0) {
    return std::nullopt;
  }
  switch (threshold.aggregate) {
    case ThresholdAggregate::kAverage:
      return times.sum_seconds() / static_cast<double>(times.count());
    case ThresholdAggregate::kMin:
      return ToSeconds(times.min());
    case ThresholdAggregate::kMax:
      return ToSeconds(times.max());
    default:
      return ToSeconds(times.Percentile(threshold.percentile / 100));
  }
}

// `part` of `whole`: failed of all requests, passed of all checks, or a plain count in both.
struct Tally {
  uint64_t part = 0;
  uint64_t whole = 0;
  bool exists = false;  // something of this kind has happened since the start of the run
};

Tally TallyOf(const Threshold& threshold, const Snapshot& snapshot) {
  Tally tally;
  if (threshold.metric == ThresholdMetric::kDroppedIterations) {
    // Nothing can be dropped in a closed model: zero is a fact there, not a lack of data.
    return {snapshot.dropped_iterations, snapshot.dropped_iterations, true};
  }
  if (threshold.metric == ThresholdMetric::kChecks) {
    for (const auto& [key, stats] : snapshot.checks) {
      if (Matches(threshold, key)) {
        tally.part += stats.passed;
        tally.whole += stats.passed + stats.failed;
        tally.exists = true;
      }
    }
    return tally;
  }
  for (const auto& [key, stats] : snapshot.entries) {
    if (Matches(threshold, key)) {
      const bool failures = threshold.metric == ThresholdMetric::kFailures;
      tally.part += failures ? stats.failures : stats.requests;
      tally.whole += stats.requests;
      tally.exists = true;
    }
  }
  return tally;
}

std::optional<double> ObserveCounter(const Threshold& threshold, const Snapshot& now,
                                     const Snapshot* start) {
  Tally tally = TallyOf(threshold, now);
  Nanos span = now.MeasuredTime();
  if (start != nullptr) {
    const Tally before = TallyOf(threshold, *start);
    tally.part -= std::min(tally.part, before.part);
    tally.whole -= std::min(tally.whole, before.whole);
    span -= start->MeasuredTime();
  }
  if (!tally.exists) {
    return std::nullopt;
  }
  switch (UnitOf(threshold.metric, threshold.aggregate)) {
    case ThresholdUnit::kShare:
      if (tally.whole == 0) {
        return std::nullopt;
      }
      return static_cast<double>(tally.part) / static_cast<double>(tally.whole);
    case ThresholdUnit::kPerSecond:
      if (span.count() <= 0) {
        return std::nullopt;
      }
      return static_cast<double>(tally.part) / ToSeconds(span);
    default:
      return static_cast<double>(tally.part);
  }
}

bool Holds(ThresholdOperator op, double observed, double limit) {
  switch (op) {
    case ThresholdOperator::kLess:
      return observed < limit;
    case ThresholdOperator::kLessEqual:
      return observed <= limit;
    case ThresholdOperator::kGreater:
      return observed > limit;
    case ThresholdOperator::kGreaterEqual:
      return observed >= limit;
    case ThresholdOperator::kEqual:
      return observed == limit;
    case ThresholdOperator::kNotEqual:
      return observed != limit;
  }
  return false;
}

// Four digits; seconds from one second on.
std::string FormatSeconds(double seconds) {
  return seconds < 0.99995 ? fmt::format("{:.4g}ms", seconds * 1000)
                           : fmt::format("{:.{}f}s", seconds, seconds < 100 ? 2 : 0);
}

}  // namespace

ThresholdUnit UnitOf(ThresholdMetric metric, ThresholdAggregate aggregate) {
  switch (metric) {
    case ThresholdMetric::kResponseTime:
    case ThresholdMetric::kServiceTime:
    case ThresholdMetric::kStartDelay:
    case ThresholdMetric::kConnectTime:
    case ThresholdMetric::kFirstByteTime:
      return ThresholdUnit::kSeconds;
    case ThresholdMetric::kFailures:
    case ThresholdMetric::kChecks:
      return aggregate == ThresholdAggregate::kCount ? ThresholdUnit::kCount
                                                     : ThresholdUnit::kShare;
    case ThresholdMetric::kRequests:
    case ThresholdMetric::kDroppedIterations:
      return aggregate == ThresholdAggregate::kCount ? ThresholdUnit::kCount
                                                     : ThresholdUnit::kPerSecond;
  }
  return ThresholdUnit::kCount;
}

ThresholdResult JudgeThreshold(const Threshold& threshold, const Snapshot& now,
                               const Snapshot* window_start) {
  const Snapshot* start = threshold.over.count() > 0 ? window_start : nullptr;
  const bool duration = UnitOf(threshold.metric, threshold.aggregate) == ThresholdUnit::kSeconds;
  ThresholdResult result{threshold, std::nullopt, false};
  result.observed =
      duration ? ObserveDuration(threshold, now, start) : ObserveCounter(threshold, now, start);
  result.passed =
      result.observed.has_value() && Holds(threshold.op, *result.observed, threshold.limit);
  return result;
}

std::string FormatObserved(const ThresholdResult& result) {
  if (!result.observed.has_value()) {
    return "no data";
  }
  const double value = *result.observed;
  switch (UnitOf(result.threshold.metric, result.threshold.aggregate)) {
    case ThresholdUnit::kSeconds:
      return FormatSeconds(value);
    case ThresholdUnit::kShare:
      return fmt::format("{:.4g}%", value * 100);
    case ThresholdUnit::kPerSecond:
      return fmt::format("{:.2f}/s", value);
    case ThresholdUnit::kCount:
      return fmt::format("{:.0f}", value);
  }
  return "";
}

}  // namespace squall
