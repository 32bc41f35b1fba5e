// Exporters of opentelemetry-cpp, made for an output of a plan; and the resource that says whose
// spans and figures they are.
#pragma once

#include <memory>
#include <opentelemetry/sdk/metrics/push_metric_exporter.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "daemon/otel/otel_environment.h"
#include "daemon/plan/plan.h"

namespace squall {

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> MakeSpanExporter(
    const TraceOutput& output, const OtlpSending& sending);
std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> MakeMetricExporter(
    const MetricOutput& output, const OtlpSending& sending);

// Whose they are. `service_name` may be "" or the usual one: then it is OTEL_SERVICE_NAME's, or the
// usual one.
struct ResourceOf {
  std::string service_name;
  std::string run_id;
  std::string test;
  std::string agent;
};
opentelemetry::sdk::resource::Resource MakeResource(const ResourceOf& of,
                                                    const OtlpSending& sending);

// The CA of a plan and those that the system trusts, as PEM text; "" without one: then the
// libraries look for the system's. What they are given takes the place of the system's, so both
// are.
std::string TrustedRoots(const std::string& ca_pem);
// The same, with the first of these files that is there.
std::string TrustedRoots(const std::string& ca_pem, const std::vector<std::string>& system_roots);

// INVALID_ARGUMENT for an output that nothing could be sent to.
absl::Status CheckOtlp(const std::string& endpoint, OtlpProtocol protocol,
                       const HeaderList& headers);

}  // namespace squall
