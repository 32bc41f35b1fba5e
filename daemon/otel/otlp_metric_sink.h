// Sends the figures of one run on one agent to an OpenTelemetry collector, cumulative since the
// start of the run.
#pragma once

#include <memory>
#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/resource/resource.h>

#include "daemon/otel/metric_data.h"
#include "daemon/otel/otel_environment.h"
#include "daemon/sinks/metric_sink.h"

namespace squall {

class OtlpMetricSink final : public MetricSink {
 public:
  OtlpMetricSink(const MetricOutput& output, const MetricSource& source,
                 const OtlpSending& sending);
  ~OtlpMetricSink() override;
  OtlpMetricSink(const OtlpMetricSink&) = delete;
  OtlpMetricSink& operator=(const OtlpMetricSink&) = delete;

  absl::Status Send(const MetricReport& report) override;

 private:
  MetricDataMaker maker_;
  const opentelemetry::sdk::resource::Resource resource_;
  const std::unique_ptr<opentelemetry::sdk::instrumentationscope::InstrumentationScope> scope_;
  const std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> exporter_;
};

}  // namespace squall
