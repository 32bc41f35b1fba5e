#include "daemon/telemetry/metric_families.h"

#include <utility>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/telemetry/metric_names.h"

namespace squall {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(MetricType type, const char* name, const char* help) {
  return MetricFamily{name, help, type, {}};
}

void AddValue(MetricFamily* family, LabelList labels, double value) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  if (family->type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

MetricFamily Counter(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Counter, name, help);
  AddValue(&family, {}, value);
  return family;
}

MetricFamily Gauge(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Gauge, name, help);
  AddValue(&family, {}, value);
  return family;
}

std::string LabelValue(std::string_view text, size_t bytes_max) {
  std::string label;
  AppendPrintable(text, bytes_max, &label);
  return label;
}

void AddLabel(const char* name, const std::string& value, MetricFamilies* families) {
  if (value.empty()) {
    return;
  }
  for (MetricFamily& family : *families) {
    for (ClientMetric& metric : family.metric) {
      metric.label.insert(metric.label.begin(), {name, value});
    }
  }
}

void AddBuild(const std::string& version, MetricFamilies* out) {
  MetricFamily build =
      Family(MetricType::Gauge, kMetricBuildInfo, "Always 1; the label says which build");
  AddValue(&build, {{kMetricLabelVersion, version}}, 1);
  out->push_back(std::move(build));
}

void AddProcess(const ProcessUsage& process, WallTime started_at, MetricFamilies* out) {
  out->push_back(Counter(kMetricProcessCpu, "User and system CPU time", process.cpu_seconds));
  out->push_back(Gauge(kMetricProcessRss, "Resident memory", Real(process.rss_bytes)));
  out->push_back(Gauge(kMetricProcessFds, "Open file descriptors", Real(process.open_fds)));
  out->push_back(Gauge(kMetricProcessFdLimit, "Limit of file descriptors", Real(process.fd_limit)));
  out->push_back(Gauge(kMetricProcessStart, "Start of the process, in seconds since 1970",
                       ToSeconds(started_at.time_since_epoch())));
}

}  // namespace squall
