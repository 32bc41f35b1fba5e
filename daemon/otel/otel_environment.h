// What the OTEL_* variables of the OpenTelemetry specification ask for, and OTEL_ENDPOINT, which is
// older than they are here. Pure; any thread. docs/opentelemetry.md has the list.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/plan.h"

namespace squall {

// The specification's, where an exporter is asked for and no endpoint is named.
inline constexpr const char* kOtlpGrpcDefault = "http://localhost:4317";
inline constexpr const char* kOtlpHttpDefault = "http://localhost:4318";

// How OTLP is sent by this process, whoever asked for it.
struct OtlpSending {
  // Of one export. The specification's default is ten seconds; here the end of a run waits for it.
  Nanos traces_timeout = std::chrono::seconds(3);
  Nanos metrics_timeout = std::chrono::seconds(3);
  // Of the process, besides those of the run: OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
  std::map<std::string, std::string> resource;
  bool operator==(const OtlpSending&) const = default;
};

struct OtelEnvironment {
  // With what spans and figures are sent; the endpoint is "" where none is named.
  TraceOutput traces;
  MetricOutput metrics;
  std::optional<OtlpProtocol> protocol;  // where one is named
  bool traces_wanted = false;            // there is an endpoint, and nothing switches them off
  bool metrics_wanted = false;           // OTEL_METRICS_EXPORTER=otlp
  std::string service_name;              // OTEL_SERVICE_NAME; "" = not said
  OtlpSending sending;
  // The variable that asks for gzip, of each signal; "" where none does.
  std::string traces_gzip;
  std::string metrics_gzip;
  // What the specification allows and is not done here, each once: for people to read.
  std::vector<std::string> warnings;
  bool operator==(const OtelEnvironment&) const = default;
};

// Reads the PEM file that the variable `name` is about.
using PemReader =
    std::function<absl::StatusOr<std::string>(const std::string& name, const std::string& path)>;

// INVALID_ARGUMENT names the variable; values of headers are never shown.
absl::StatusOr<OtelEnvironment> ReadOtelEnvironment(
    const std::map<std::string, std::string>& variables, const PemReader& read_pem);

// Only how is sent, and in whose name, for whoever is told where to by others: variables that say
// where to are not even checked.
absl::StatusOr<OtelEnvironment> ReadOtelSending(
    const std::map<std::string, std::string>& variables);

// Whether OTEL_METRICS_EXPORTER has otlp in it.
bool AsksForOtlpMetrics(const std::map<std::string, std::string>& variables);

// An endpoint as people write it, with or without a scheme ("collector:4317" is plain text), as a
// URL for TraceOutput or MetricOutput.
std::string OtlpEndpoint(const std::string& text);

// The address that is called over HTTP: `path` ("/v1/traces") is added where the URL has none.
std::string OtlpHttpUrl(const std::string& endpoint, const std::string& path);

}  // namespace squall
