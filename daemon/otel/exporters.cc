#include "daemon/otel/exporters.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_metric_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_http_metric_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_metric_exporter_options.h>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/utf8.h"
#include "daemon/plan/output_target.h"

namespace squall {
namespace {

namespace otlp = opentelemetry::exporter::otlp;

// Where systems keep the CAs that they trust, in one file.
constexpr std::array<const char*, 4> kSystemRoots = {"/etc/ssl/certs/ca-certificates.crt",
                                                     "/etc/pki/tls/certs/ca-bundle.crt",
                                                     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

bool IsTls(const std::string& endpoint) { return endpoint.starts_with("https://"); }

otlp::OtlpHeaders HeadersOf(const HeaderList& headers) {
  otlp::OtlpHeaders out;
  for (const auto& [name, value] : headers) {
    out.emplace(LowerCase(name), value);  // gRPC has lower case only, HTTP does not care
  }
  return out;
}

// The library reads OTEL_* into these by itself; all that a plan may say differently is set.
template <typename Options>
Options GrpcOptions(const std::string& endpoint, const HeaderList& headers,
                    const std::string& ca_pem, Nanos timeout) {
  Options options;
  options.endpoint = endpoint;
  options.use_ssl_credentials = IsTls(endpoint);
  options.ssl_credentials_cacert_path = "";
  options.ssl_credentials_cacert_as_string = TrustedRoots(ca_pem);
  options.metadata = HeadersOf(headers);
  options.timeout = std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout);
  options.retry_policy_max_attempts = 0;  // whoever calls tries again, and counts
  return options;
}

template <typename Options>
Options HttpOptions(const std::string& url, const HeaderList& headers, const std::string& ca_pem,
                    Nanos timeout) {
  Options options;
  options.url = url;
  options.content_type = otlp::HttpRequestContentType::kBinary;
  options.ssl_ca_cert_path = "";
  options.ssl_ca_cert_string = TrustedRoots(ca_pem);
  options.http_headers = HeadersOf(headers);
  // A library built without it (Debian's) sends the batch uncompressed and logs an error, which
  // would be taken for a failure: nothing else tells of one.
  options.compression = "none";
  options.timeout = std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout);
  options.retry_policy_max_attempts = 0;
  return options;
}

}  // namespace

std::unique_ptr<opentelemetry::sdk::trace::SpanExporter> MakeSpanExporter(
    const TraceOutput& output, const OtlpSending& sending) {
  if (output.protocol == OtlpProtocol::kGrpc) {
    return otlp::OtlpGrpcExporterFactory::Create(GrpcOptions<otlp::OtlpGrpcExporterOptions>(
        output.endpoint, output.headers, output.ca_pem, sending.traces_timeout));
  }
  return otlp::OtlpHttpExporterFactory::Create(HttpOptions<otlp::OtlpHttpExporterOptions>(
      OtlpHttpUrl(output.endpoint, "/v1/traces"), output.headers, output.ca_pem,
      sending.traces_timeout));
}

std::unique_ptr<opentelemetry::sdk::metrics::PushMetricExporter> MakeMetricExporter(
    const MetricOutput& output, const OtlpSending& sending) {
  if (output.protocol == OtlpProtocol::kGrpc) {
    auto options = GrpcOptions<otlp::OtlpGrpcMetricExporterOptions>(
        output.to, output.headers, output.ca_pem, sending.metrics_timeout);
    options.aggregation_temporality = otlp::PreferredAggregationTemporality::kCumulative;
    return otlp::OtlpGrpcMetricExporterFactory::Create(options);
  }
  auto options = HttpOptions<otlp::OtlpHttpMetricExporterOptions>(
      OtlpHttpUrl(output.to, "/v1/metrics"), output.headers, output.ca_pem,
      sending.metrics_timeout);
  options.aggregation_temporality = otlp::PreferredAggregationTemporality::kCumulative;
  return otlp::OtlpHttpMetricExporterFactory::Create(options);
}

opentelemetry::sdk::resource::Resource MakeResource(const ResourceOf& of,
                                                    const OtlpSending& sending) {
  opentelemetry::sdk::resource::ResourceAttributes attributes;
  attributes["service.name"] = TraceOutput().service_name;
  attributes["service.version"] = std::string(SQUALL_VERSION);
  for (const auto& [name, value] : sending.resource) {
    attributes[ToUtf8(name)] = ToUtf8(value);
  }
  // The usual one is no more than where nobody has said anything.
  if (!of.service_name.empty() && of.service_name != TraceOutput().service_name) {
    attributes["service.name"] = ToUtf8(of.service_name);
  }
  attributes["service.instance.id"] = ToUtf8(of.agent);
  attributes["squall.run.id"] = ToUtf8(of.run_id);
  attributes["squall.test"] = ToUtf8(of.test);
  return opentelemetry::sdk::resource::Resource::Create(attributes);
}

std::string TrustedRoots(const std::string& ca_pem) {
  return TrustedRoots(ca_pem, {kSystemRoots.begin(), kSystemRoots.end()});
}

std::string TrustedRoots(const std::string& ca_pem, const std::vector<std::string>& system_roots) {
  if (ca_pem.empty()) {
    return "";
  }
  for (const std::string& path : system_roots) {
    std::ifstream file(path, std::ios::binary);
    const std::string roots(std::istreambuf_iterator<char>(file), {});
    if (!roots.empty()) {
      return fmt::format("{}\n{}", ca_pem, roots);
    }
  }
  return ca_pem;
}

absl::Status CheckOtlp(const std::string& endpoint, OtlpProtocol protocol,
                       const HeaderList& headers) {
  if (const std::string fault = CollectorFault(endpoint, protocol); !fault.empty()) {
    return absl::InvalidArgumentError(fmt::format("the endpoint of OTLP {}", fault));
  }
  for (const auto& [name, value] : headers) {
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_.").find(c) != std::string_view::npos;
    };
    const auto line_end = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), plain) ||
        std::any_of(value.begin(), value.end(), line_end)) {
      return absl::InvalidArgumentError(fmt::format(
          "a header of OTLP must have a name of letters, digits, '-', '_' and '.', and a value on "
          "one line, got '{}'",
          name));
    }
  }
  return absl::OkStatus();
}

}  // namespace squall
