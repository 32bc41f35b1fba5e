// How a page of metrics is written down: in Prometheus's text format 0.0.4, or as OpenMetrics 1.0,
// which has exemplars and an end that shows whether all of it has come. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include "daemon/base/clock.h"

namespace squall {

// A bucket's bound as its label `le` has it, wherever it goes: all programs that serve OpenMetrics
// write 1 as 1.0.
std::string BucketBound(double value);

enum class MetricFormat : uint8_t { kText, kOpenMetrics };

// The one that an Accept header likes best; kText when it likes neither or says nothing.
MetricFormat MetricFormatFor(std::string_view accept);
const char* MetricContentType(MetricFormat format);

// One observation of a bucket that has a trace.
struct BucketExemplar {
  std::string trace_id;
  double seconds = 0;
  WallTime at{};
};

// That of bucket `i` of a histogram (the one after the last bound: +Inf), or nullptr.
using ExemplarOf = std::function<const BucketExemplar*(
    const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric, size_t i)>;

// Families have one name each, counters' names end in _total, and histograms have their bounds
// without +Inf, ascending. Exemplars are left out of kText, which has none.
std::string MetricPage(const std::vector<prometheus::MetricFamily>& families, MetricFormat format,
                       const ExemplarOf& exemplar_of = nullptr);

}  // namespace squall
