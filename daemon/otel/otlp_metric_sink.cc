#include "daemon/otel/otlp_metric_sink.h"

#include <chrono>
#include <opentelemetry/sdk/metrics/export/metric_producer.h>

#include "daemon/otel/exporters.h"
#include "daemon/otel/sdk_log.h"

namespace squall {

using opentelemetry::sdk::common::ExportResult;
using opentelemetry::sdk::instrumentationscope::InstrumentationScope;
using opentelemetry::sdk::metrics::ResourceMetrics;
using opentelemetry::sdk::metrics::ScopeMetrics;

OtlpMetricSink::OtlpMetricSink(const MetricOutput& output, const MetricSource& source,
                               const OtlpSending& sending)
    : maker_({source.test, source.agent, output.tags}),
      resource_(
          MakeResource({source.service_name, source.run_id, source.test, source.agent}, sending)),
      scope_(InstrumentationScope::Create("squall", SQUALL_VERSION)),
      exporter_(MakeMetricExporter(output, sending)) {}

OtlpMetricSink::~OtlpMetricSink() { exporter_->Shutdown(std::chrono::seconds(1)); }

absl::Status OtlpMetricSink::Send(const MetricReport& report) {
  ResourceMetrics metrics;
  metrics.resource_ = &resource_;
  ScopeMetrics& scope = metrics.scope_metric_data_.emplace_back();
  scope.scope_ = scope_.get();
  scope.metric_data_ = maker_.Make(*report.now, report.at, report.stage);
  TakeOtelFailure();
  const uint64_t errors = OtelErrorsOnThisThread();
  if (exporter_->Export(metrics) == ExportResult::kSuccess && OtelErrorsOnThisThread() == errors) {
    return absl::OkStatus();
  }
  const std::string reason = TakeOtelFailure();
  return absl::UnavailableError(reason.empty() ? "no reason is known" : reason);
}

}  // namespace squall
