#include "daemon/otel/otlp.h"

#include <cstring>
#include <memory>
#include <utility>

#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/otel/exporters.h"
#include "daemon/otel/otlp_metric_sink.h"
#include "daemon/otel/otlp_span_export.h"
#include "daemon/otel/sdk_log.h"

namespace squall {
namespace {

// Trace ids must differ between the agents of a run, and between runs.
uint64_t SeedOf(const SpanSource& source, WallTime now) {
  const uint64_t who = std::hash<std::string>()(source.run_id + '\n' + source.agent);
  return who ^ static_cast<uint64_t>(now.time_since_epoch().count());
}

}  // namespace

SpanExportMaker OtlpSpanExportMaker(OtlpSending sending,
                                    std::function<void(std::string_view)> log) {
  QuietOtelSdk();
  const auto clock = std::make_shared<const SystemClock>();  // of all that are made
  return [sending = std::move(sending), log = std::move(log), clock](
             const TraceOutput& output,
             const SpanSource& source) -> absl::StatusOr<std::unique_ptr<SpanExport>> {
    SQUALL_RETURN_IF_ERROR(CheckOtlp(output.endpoint, output.protocol, output.headers));
    OtlpSpanOptions options;
    options.output = output;
    options.source = source;
    options.sending = sending;
    options.seed = SeedOf(source, clock->Wall());
    options.log = log;
    return std::make_unique<OtlpSpanExport>(std::move(options), clock.get());
  };
}

MetricSinkMaker OtlpMetricSinkMaker(OtlpSending sending) {
  QuietOtelSdk();
  return [sending = std::move(sending)](
             const MetricOutput& output,
             const MetricSource& source) -> absl::StatusOr<std::unique_ptr<MetricSink>> {
    SQUALL_RETURN_IF_ERROR(CheckOtlp(output.to, output.protocol, output.headers));
    return std::make_unique<OtlpMetricSink>(output, source, sending);
  };
}

}  // namespace squall
