// What the collectors of this room have in common: families of metrics made of values, label values
// that can be shown, and the figures of any process. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include "daemon/base/clock.h"
#include "daemon/base/process_usage.h"

namespace squall {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using LabelList = std::vector<prometheus::ClientMetric::Label>;

// For counts: Prometheus knows one kind of number.
inline double Real(uint64_t count) { return static_cast<double>(count); }

prometheus::MetricFamily Family(prometheus::MetricType type, const char* name, const char* help);
// Of a counter or a gauge.
void AddValue(prometheus::MetricFamily* family, LabelList labels, double value);
// With one series without labels.
prometheus::MetricFamily Counter(const char* name, const char* help, double value);
prometheus::MetricFamily Gauge(const char* name, const char* help, double value);

// At most so many bytes, without control characters and as UTF-8.
std::string LabelValue(std::string_view text, size_t bytes_max);
// Before the labels of every series that there is; nothing for an empty value, which Prometheus
// takes for no label.
void AddLabel(const char* name, const std::string& value, MetricFamilies* families);

// squall_build_info and Prometheus's own names for any process.
void AddBuild(const std::string& version, MetricFamilies* out);
void AddProcess(const ProcessUsage& process, WallTime started_at, MetricFamilies* out);

}  // namespace squall
