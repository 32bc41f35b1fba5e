#include "operator/controller/metric_values.h"

#include <algorithm>
#include <map>

#include <prometheus/metric_family.h>

#include "daemon/base/check.h"
#include "daemon/base/units.h"
#include "daemon/telemetry/metric_names.h"

namespace squall {
namespace {

prometheus::MetricType TypeOf(MetricGroup::Type type) {
  switch (type) {
    case MetricGroup::Type::kCounter:
      return prometheus::MetricType::Counter;
    case MetricGroup::Type::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricGroup::Type::kHistogram:
      break;
  }
  return prometheus::MetricType::Histogram;
}

prometheus::ClientMetric MetricOf(MetricGroup::Type type, const MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) {
    metric.label.push_back({name, value});
  }
  if (type == MetricGroup::Type::kCounter) {
    metric.counter.value = sample.value;
  } else if (type == MetricGroup::Type::kGauge) {
    metric.gauge.value = sample.value;
  } else {
    SQUALL_CHECK(sample.histogram.has_value());
    metric.histogram.sample_count = sample.histogram->count();
    metric.histogram.sample_sum = sample.histogram->sum();
    for (size_t i = 0; i < sample.histogram->bounds().size(); ++i) {
      metric.histogram.bucket.push_back(
          {sample.histogram->CumulativeCount(i), sample.histogram->bounds()[i]});
    }
  }
  return metric;
}

}  // namespace

BucketHistogram::BucketHistogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size()) {
  SQUALL_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void BucketHistogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  if (bound != bounds_.end()) {
    ++counts_[static_cast<size_t>(bound - bounds_.begin())];
  }
  ++count_;
  sum_ += value;
}

void BucketHistogram::Observe(Nanos duration) { Observe(ToSeconds(duration)); }

uint64_t BucketHistogram::CumulativeCount(size_t i) const {
  uint64_t sum = 0;
  for (size_t k = 0; k <= i && k < counts_.size(); ++k) {
    sum += counts_[k];
  }
  return sum;
}

std::vector<double> ExponentialBounds(double first, double factor, int count) {
  std::vector<double> bounds;
  for (int i = 0; i < count; ++i) {
    bounds.push_back(first);
    first *= factor;
  }
  return bounds;
}

std::vector<MetricGroup> MetricsOf(const ProcessUsage& process, WallTime started_at,
                                   const std::string& version) {
  using Type = MetricGroup::Type;
  const auto group = [](Type type, const char* name, const char* help, double value) {
    return MetricGroup{type, name, help, {{{}, value, {}}}};
  };
  MetricGroup build{Type::kGauge, kMetricBuildInfo, "Always 1; the label says which build", {}};
  build.samples = {{{{kMetricLabelVersion, version}}, 1, {}}};
  return {std::move(build),
          group(Type::kCounter, kMetricProcessCpu, "User and system CPU time", process.cpu_seconds),
          group(Type::kGauge, kMetricProcessRss, "Resident memory",
                static_cast<double>(process.rss_bytes)),
          group(Type::kGauge, kMetricProcessFds, "Open file descriptors",
                static_cast<double>(process.open_fds)),
          group(Type::kGauge, kMetricProcessFdLimit, "Limit of file descriptors",
                static_cast<double>(process.fd_limit)),
          group(Type::kGauge, kMetricProcessStart, "Start of the process, in seconds since 1970",
                ToSeconds(started_at.time_since_epoch()))};
}

std::string MetricsText(const std::vector<MetricGroup>& groups, MetricFormat format) {
  std::vector<prometheus::MetricFamily> families;
  std::map<std::string_view, size_t> index_of;
  for (const MetricGroup& group : groups) {
    const auto [entry, fresh] = index_of.try_emplace(group.name, families.size());
    if (fresh) {
      families.push_back({group.name, group.help, TypeOf(group.type), {}});
    }
    prometheus::MetricFamily& family = families[entry->second];
    SQUALL_CHECK(family.type == TypeOf(group.type));
    for (const MetricSample& sample : group.samples) {
      family.metric.push_back(MetricOf(group.type, sample));
    }
  }
  return MetricPage(families, format);
}

}  // namespace squall
