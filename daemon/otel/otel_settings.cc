#include "daemon/otel/otel_settings.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/status_macros.h"
#include "daemon/plan/output_target.h"

namespace squall {
namespace {

bool IsOtlp(const MetricOutput& output) { return output.kind == MetricOutput::Kind::kOtlp; }

// What a flag says, what the port or the path of an endpoint says, what was said before.
OtlpProtocol ProtocolFor(const OtelFlags& flags, OtlpProtocol before) {
  if (!flags.protocol.empty()) {
    return flags.protocol == "http" ? OtlpProtocol::kHttp : OtlpProtocol::kGrpc;
  }
  return !flags.endpoint.empty() &&
                 GuessProtocol(OtlpEndpoint(flags.endpoint)) == OtlpProtocol::kHttp
             ? OtlpProtocol::kHttp
             : before;
}

absl::Status CheckEndpoint(const OtelFlags& flags, const std::string& endpoint,
                           OtlpProtocol protocol) {
  const std::string fault = CollectorFault(endpoint, protocol);
  return fault.empty()
             ? absl::OkStatus()
             : absl::InvalidArgumentError(fmt::format(
                   "{} {}",
                   flags.endpoint.empty() ? "--otel-protocol: the endpoint" : "--otel-endpoint",
                   fault));
}

// Scheme, host and port, which secrets are meant for.
std::string Origin(const std::string& url) {
  const size_t host = url.find("://");
  return LowerCase(
      url.substr(0, host == std::string::npos ? host : url.find_first_of("/?#", host + 3)));
}

// Where spans would go, sampled or not; nothing when nobody wants them.
std::optional<TraceOutput> TracesOf(const OtelFlags& flags, const OtelEnvironment& environment,
                                    const std::optional<TraceOutput>& planned) {
  TraceOutput traces = environment.traces;
  if (planned.has_value()) {
    traces = *planned;
    if (!environment.service_name.empty() && traces.service_name == TraceOutput().service_name) {
      traces.service_name = environment.service_name;
    }
  } else if (!environment.traces_wanted && flags.endpoint.empty() && !flags.traces) {
    return std::nullopt;
  }
  if (!planned.has_value() && !flags.endpoint.empty() && environment.protocol.has_value()) {
    traces.protocol = *environment.protocol;
  }
  traces.protocol = ProtocolFor(flags, traces.protocol);
  if (!flags.endpoint.empty()) {
    std::string endpoint = OtlpEndpoint(flags.endpoint);
    if (Origin(endpoint) != Origin(traces.endpoint)) {
      // The plan's secrets are for the plan's collector.
      traces.headers = environment.traces.headers;
      traces.ca_pem = environment.traces.ca_pem;
    }
    traces.endpoint = std::move(endpoint);
  } else if (traces.endpoint.empty()) {
    traces.endpoint = traces.protocol == OtlpProtocol::kHttp ? kOtlpHttpDefault : kOtlpGrpcDefault;
  }
  return traces;
}

// An address that is all of it meant for spans.
std::string ForMetrics(std::string endpoint) {
  constexpr std::string_view kOfTraces = "/v1/traces";
  if (endpoint.ends_with(kOfTraces)) {
    endpoint.replace(endpoint.size() - kOfTraces.size(), std::string::npos, "/v1/metrics");
  }
  return endpoint;
}

// Where figures would go; nothing when nobody names a collector.
std::optional<MetricOutput> MetricsOf(const OtelFlags& flags, const OtelEnvironment& environment,
                                      const std::optional<TraceOutput>& traces) {
  MetricOutput metrics = environment.metrics;
  if (metrics.to.empty() || !flags.endpoint.empty()) {
    if (!traces.has_value()) {
      return std::nullopt;
    }
    metrics.to = ForMetrics(traces->endpoint);
    metrics.protocol = traces->protocol;
    if (metrics.headers.empty()) {
      metrics.headers = traces->headers;
    }
    if (metrics.ca_pem.empty()) {
      metrics.ca_pem = traces->ca_pem;
    }
  }
  metrics.protocol = ProtocolFor(flags, metrics.protocol);
  return metrics;
}

}  // namespace

absl::StatusOr<OtelEnvironment> ReadOtelFor(const OtelFlags& flags,
                                            const std::map<std::string, std::string>& variables,
                                            const PemReader& read_pem) {
  const bool no_spans = flags.sample.has_value() && !(*flags.sample > 0);
  if (no_spans && !flags.metrics && !AsksForOtlpMetrics(variables)) {
    return ReadOtelSending(variables);
  }
  SQUALL_ASSIGN_OR_RETURN(OtelEnvironment read, ReadOtelEnvironment(variables, read_pem));
  const std::optional<TraceOutput> traces = TracesOf(flags, read, std::nullopt);
  const auto warn = [&read](const std::string& name) {
    read.warnings.push_back(
        fmt::format("{} 'gzip' is heeded over gRPC alone: nothing is compressed over HTTP", name));
  };
  if (!read.traces_gzip.empty() && !no_spans && traces.has_value() &&
      traces->protocol == OtlpProtocol::kHttp) {
    warn(read.traces_gzip);
    return read;
  }
  if (!read.metrics_gzip.empty() && (flags.metrics || read.metrics_wanted)) {
    const std::optional<MetricOutput> metrics = MetricsOf(flags, read, traces);
    if (metrics.has_value() && metrics->protocol == OtlpProtocol::kHttp) {
      warn(read.metrics_gzip);
    }
  }
  return read;
}

absl::Status ApplyOtel(const OtelFlags& flags, const OtelEnvironment& environment,
                       Outputs* outputs) {
  std::optional<TraceOutput> traces = TracesOf(flags, environment, outputs->traces);
  if (traces.has_value()) {
    SQUALL_RETURN_IF_ERROR(CheckEndpoint(flags, traces->endpoint, traces->protocol));
  } else if (flags.sample.value_or(0) > 0) {
    return absl::InvalidArgumentError(
        "--otel-sample must have somewhere to send to: --otel-endpoint, "
        "OTEL_EXPORTER_OTLP_ENDPOINT or outputs.traces of the plan");
  }
  // Where the plan says it, it goes there, unless a flag says where.
  const auto planned = std::find_if(outputs->metrics.begin(), outputs->metrics.end(), IsOtlp);
  const bool moved = flags.metrics && !flags.endpoint.empty();
  if ((planned == outputs->metrics.end() || moved) &&
      (flags.metrics || environment.metrics_wanted)) {
    std::optional<MetricOutput> metrics = MetricsOf(flags, environment, traces);
    if (!metrics.has_value()) {
      return absl::InvalidArgumentError(
          "--otel-metrics must have somewhere to send to: --otel-endpoint, "
          "OTEL_EXPORTER_OTLP_ENDPOINT or outputs.metrics of the plan");
    }
    SQUALL_RETURN_IF_ERROR(CheckEndpoint(flags, metrics->to, metrics->protocol));
    if (planned != outputs->metrics.end()) {
      metrics->interval = planned->interval;
      metrics->tags = planned->tags;
      std::erase_if(outputs->metrics, IsOtlp);
    }
    outputs->metrics.push_back(*std::move(metrics));
  }
  if (traces.has_value()) {
    traces->sample = flags.sample.value_or(traces->sample);
  } else if (flags.sample.has_value()) {
    traces = TraceOutput{
        .endpoint = kOtlpGrpcDefault, .sample = 0, .service_name = environment.traces.service_name};
  }
  if (traces.has_value() && !(traces->sample > 0)) {
    traces->headers.clear();  // secrets that nobody needs
  }
  // One that takes no sample stays: without it, agents would do as their own environment says.
  outputs->traces = std::move(traces);
  return absl::OkStatus();
}

}  // namespace squall
