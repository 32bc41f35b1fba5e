// What sends spans and figures to OpenTelemetry collectors, for main() to hand in. A build without
// opentelemetry-cpp has empty makers, so that nobody else needs to know.
#pragma once

#include <functional>
#include <string_view>

#include "daemon/otel/otel_environment.h"
#include "daemon/sinks/metric_sink.h"
#include "daemon/trace/span_export.h"

namespace squall {

// `log` hears the first failure of a row and the recovery; from threads of the exports.
SpanExportMaker OtlpSpanExportMaker(OtlpSending sending, std::function<void(std::string_view)> log);
MetricSinkMaker OtlpMetricSinkMaker(OtlpSending sending);

}  // namespace squall
