// Metrics as plain values, so that parts which count need no metrics library: whoever has figures
// returns MetricGroups, and MetricsText writes the page that Prometheus reads. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/process_usage.h"
#include "daemon/telemetry/metric_page.h"

namespace squall {

// Counts in buckets with fixed upper bounds; Prometheus adds up those of all processes.
class BucketHistogram final {
 public:
  explicit BucketHistogram(std::vector<double> bounds);  // ascending, without +Inf

  void Observe(double value);
  void Observe(Nanos duration);  // in seconds

  const std::vector<double>& bounds() const { return bounds_; }
  // Observations at or below bounds()[i].
  uint64_t CumulativeCount(size_t i) const;
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  std::vector<double> bounds_;
  std::vector<uint64_t> counts_;  // of each bucket alone
  uint64_t count_ = 0;
  double sum_ = 0;
};

// first, first·factor, …: `count` bounds.
std::vector<double> ExponentialBounds(double first, double factor, int count);

using MetricLabels = std::vector<std::pair<std::string, std::string>>;  // name, value

struct MetricSample {
  MetricLabels labels;
  double value = 0;
  std::optional<BucketHistogram> histogram;  // of a kHistogram, in the place of `value`
};

struct MetricGroup {
  enum class Type : uint8_t { kCounter, kGauge, kHistogram };
  Type type = Type::kGauge;
  std::string name;
  std::string help;
  std::vector<MetricSample> samples;
};

// squall_build_info, and Prometheus's own names for any process.
std::vector<MetricGroup> MetricsOf(const ProcessUsage& process, WallTime started_at,
                                   const std::string& version);

// Groups of one name become one, as Prometheus demands, in the place of the first; they must have
// one type.
std::string MetricsText(const std::vector<MetricGroup>& groups,
                        MetricFormat format = MetricFormat::kText);

}  // namespace squall
