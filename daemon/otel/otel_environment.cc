#include "daemon/otel/otel_environment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/ascii.h"
#include "daemon/base/status_macros.h"
#include "daemon/plan/output_target.h"

namespace squall {
namespace {

using Variables = std::map<std::string, std::string>;

// More would hold up the end of a run, which waits for an export that is under way.
constexpr Nanos kTimeoutMax = std::chrono::seconds(10);
constexpr uint64_t kMillisMax = 3'600'000;
constexpr uint64_t kIntervalMillisMin = kOutputIntervalMin / std::chrono::milliseconds(1);
constexpr const char* kDisabled = "OTEL_SDK_DISABLED";
constexpr const char* kMetricsExporter = "OTEL_METRICS_EXPORTER";
constexpr const char* kPrefix = "OTEL_EXPORTER_OTLP_";
// Of the specification, past and present. Whoever sets them for other programs of the same machine
// may run Squall all the same.
constexpr std::array<std::string_view, 5> kOtherExporters = {"prometheus", "console", "logging",
                                                             "zipkin", "jaeger"};
constexpr std::array<std::string_view, 3> kOtherSamplers = {"jaeger_remote",
                                                            "parentbased_jaeger_remote", "xray"};

absl::Status Bad(const std::string& name, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{} {}", name, what));
}

template <size_t size>
bool IsOneOf(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Both signals may read the same variable.
void WarnOnce(std::string text, std::vector<std::string>* warnings) {
  if (std::find(warnings->begin(), warnings->end(), text) == warnings->end()) {
    warnings->push_back(std::move(text));
  }
}

// As the specification wants it: an empty variable is none.
std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

bool IsDisabled(const Variables& variables) {
  return LowerCase(Get(variables, kDisabled)) == "true";
}

template <typename Take>  // absl::Status(std::string_view item)
absl::Status ForEachItem(std::string_view list, Take take) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = Trim(list.substr(0, comma));
    if (!item.empty()) {
      SQUALL_RETURN_IF_ERROR(take(item));
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return absl::OkStatus();
}

int HexDigit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// Nothing when a '%' stands for no byte.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

// "key=value,…" with %XX in both, as W3C Baggage has it. A value may be secret.
absl::StatusOr<HeaderList> ReadPairs(const std::string& name, std::string_view text) {
  HeaderList pairs;
  const absl::Status status = ForEachItem(text, [&](std::string_view item) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return Bad(name,
                 "must be key=value pairs with commas between them; what is there is not "
                 "shown, since it may be secret");
    }
    const auto key = PercentDecoded(Trim(item.substr(0, equals)));
    const auto value = PercentDecoded(Trim(item.substr(equals + 1)));
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
    if (!key || !value || std::any_of(key->begin(), key->end(), control) ||
        std::any_of(value->begin(), value->end(), control)) {
      return Bad(name,
                 "must have %XX only for printable bytes; what is there is not shown, since "
                 "it may be secret");
    }
    pairs.emplace_back(*key, *value);
    return absl::OkStatus();
  });
  return status.ok() ? absl::StatusOr<HeaderList>(std::move(pairs)) : status;
}

absl::Status ReadMillis(const Variables& variables, const std::string& name, uint64_t millis_min,
                        Nanos* out) {
  const std::string text = Get(variables, name);
  if (text.empty()) {
    return absl::OkStatus();
  }
  uint64_t millis = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
  if (error != std::errc() || end != text.data() + text.size() || millis < millis_min ||
      millis > kMillisMax) {
    return Bad(name, fmt::format("must be milliseconds from {} to {}, got '{}'", millis_min,
                                 kMillisMax, text));
  }
  *out = std::chrono::milliseconds(millis);
  return absl::OkStatus();
}

// "otlp", "none", or a list for several SDKs. Nothing when not said.
absl::StatusOr<std::optional<bool>> ReadExporter(const Variables& variables,
                                                 const std::string& name,
                                                 std::vector<std::string>* warnings) {
  const std::string text = Get(variables, name);
  bool otlp = false;
  bool none = false;
  size_t others = 0;
  size_t unknown = 0;
  SQUALL_RETURN_IF_ERROR(ForEachItem(text, [&](std::string_view item) {
    otlp = otlp || item == "otlp";
    none = none || item == "none";
    ++(IsOneOf(kOtherExporters, item) ? others : unknown);
    return absl::OkStatus();
  }));
  if (text.empty() || otlp || none) {
    return text.empty() ? std::nullopt : std::optional<bool>(otlp);
  }
  if (others == 0 || unknown > 0) {
    return Bad(name, fmt::format("must be otlp or none, got '{}'", text));
  }
  WarnOnce(fmt::format("{} '{}' is taken for none: only OTLP is sent", name, text), warnings);
  return false;
}

absl::StatusOr<double> ReadSampler(const Variables& variables, std::vector<std::string>* warnings) {
  const std::string sampler = Get(variables, "OTEL_TRACES_SAMPLER");
  if (sampler.empty() || sampler == "always_on" || sampler == "parentbased_always_on") {
    return 1.0;
  }
  if (sampler == "always_off" || sampler == "parentbased_always_off") {
    return 0.0;
  }
  if (IsOneOf(kOtherSamplers, sampler)) {
    WarnOnce(fmt::format("OTEL_TRACES_SAMPLER '{}' is taken for always_on", sampler), warnings);
    return 1.0;
  }
  if (sampler != "traceidratio" && sampler != "parentbased_traceidratio") {
    return Bad("OTEL_TRACES_SAMPLER",
               fmt::format("must be always_on, always_off, traceidratio or one of them after "
                           "parentbased_, got '{}'",
                           sampler));
  }
  const std::string text = Get(variables, "OTEL_TRACES_SAMPLER_ARG");
  double ratio = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ratio);
  if (!text.empty() &&
      (error != std::errc() || end != text.data() + text.size() || !(ratio >= 0 && ratio <= 1))) {
    return Bad("OTEL_TRACES_SAMPLER_ARG", fmt::format("must be from 0 to 1, got '{}'", text));
  }
  return ratio;
}

// The variable that says `what` of a signal ("TRACES", "METRICS"): its own wins over that of all.
std::string NameFor(const Variables& variables, const std::string& signal,
                    const std::string& what) {
  const std::string own = kPrefix + signal + "_" + what;
  return Get(variables, own).empty() ? kPrefix + what : own;
}

absl::Status ReadTimeout(const Variables& variables, const std::string& signal, Nanos* timeout) {
  SQUALL_RETURN_IF_ERROR(ReadMillis(variables, NameFor(variables, signal, "TIMEOUT"), 1, timeout));
  *timeout = std::min(*timeout, kTimeoutMax);
  return absl::OkStatus();
}

// What one signal is sent with.
class SignalReader final {
 public:
  SignalReader(const Variables& variables, std::string signal, const PemReader& read_pem)
      : variables_(variables), signal_(std::move(signal)), read_pem_(read_pem) {}

  // Nothing when not said.
  absl::StatusOr<std::optional<OtlpProtocol>> Protocol(std::vector<std::string>* warnings) const;
  // "" for none. `protocol` becomes what goes with it, where none is said.
  absl::StatusOr<std::string> Endpoint(std::optional<OtlpProtocol> said, const std::string& path,
                                       bool asked_for, OtlpProtocol* protocol) const;
  absl::StatusOr<HeaderList> Headers() const {
    const std::string name = NameOf("HEADERS");
    return ReadPairs(name, Get(variables_, name));
  }
  absl::StatusOr<std::string> Certificate() const {
    const std::string name = NameOf("CERTIFICATE");
    const std::string path = Get(variables_, name);
    return path.empty() ? absl::StatusOr<std::string>("") : read_pem_(name, path);
  }
  // The variable that asks for it; "" where none does.
  std::string Gzip() const {
    const std::string name = NameOf("COMPRESSION");
    return Get(variables_, name) == "gzip" ? name : "";
  }

 private:
  std::string NameOf(const std::string& what) const { return NameFor(variables_, signal_, what); }

  const Variables& variables_;
  const std::string signal_;
  const PemReader& read_pem_;
};

absl::StatusOr<std::optional<OtlpProtocol>> SignalReader::Protocol(
    std::vector<std::string>* warnings) const {
  const std::string name = NameOf("PROTOCOL");
  const std::string text = Get(variables_, name);
  if (text == "http/json") {  // the same ports and paths, and collectors take both
    WarnOnce(fmt::format("{} 'http/json' is taken for http/protobuf", name), warnings);
    return OtlpProtocol::kHttp;
  }
  if (!text.empty() && text != "grpc" && text != "http/protobuf") {
    return Bad(name, fmt::format("must be grpc or http/protobuf, got '{}'", text));
  }
  return text.empty()     ? std::nullopt
         : text == "grpc" ? std::optional(OtlpProtocol::kGrpc)
                          : std::optional(OtlpProtocol::kHttp);
}

absl::StatusOr<std::string> SignalReader::Endpoint(std::optional<OtlpProtocol> said,
                                                   const std::string& path, bool asked_for,
                                                   OtlpProtocol* protocol) const {
  const std::string own = kPrefix + signal_ + "_ENDPOINT";
  const std::string all = std::string(kPrefix) + "ENDPOINT";
  *protocol = said.value_or(OtlpProtocol::kGrpc);
  for (const std::string& name : {own, all, std::string("OTEL_ENDPOINT")}) {
    const std::string text = Get(variables_, name);
    if (text.empty()) {
      continue;
    }
    std::string url = OtlpEndpoint(text);
    *protocol = said.value_or(GuessProtocol(url));
    if (const std::string fault = CollectorFault(url, *protocol); !fault.empty()) {
      return Bad(name, fault);
    }
    // Of all signals: the path is a beginning, unlike in a signal's own variable.
    if (name == all && *protocol == OtlpProtocol::kHttp &&
        url.find('/', url.find("://") + 3) != std::string::npos) {
      url.resize(url.find_last_not_of('/') + 1);
      url += path;
    }
    return url;
  }
  return !asked_for ? "" : *protocol == OtlpProtocol::kHttp ? kOtlpHttpDefault : kOtlpGrpcDefault;
}

absl::Status ReadTraces(const Variables& variables, const PemReader& read_pem,
                        OtelEnvironment* out) {
  SQUALL_ASSIGN_OR_RETURN(const std::optional<bool> wanted,
                          ReadExporter(variables, "OTEL_TRACES_EXPORTER", &out->warnings));
  const SignalReader reader(variables, "TRACES", read_pem);
  TraceOutput& traces = out->traces;
  SQUALL_ASSIGN_OR_RETURN(out->protocol, reader.Protocol(&out->warnings));
  SQUALL_ASSIGN_OR_RETURN(
      traces.endpoint,
      reader.Endpoint(out->protocol, "/v1/traces", wanted.value_or(false), &traces.protocol));
  SQUALL_ASSIGN_OR_RETURN(traces.sample, ReadSampler(variables, &out->warnings));
  SQUALL_ASSIGN_OR_RETURN(traces.headers, reader.Headers());
  SQUALL_ASSIGN_OR_RETURN(traces.ca_pem, reader.Certificate());
  out->traces_gzip = reader.Gzip();
  out->traces_wanted = wanted.value_or(true) && !traces.endpoint.empty() && traces.sample > 0;
  return absl::OkStatus();
}

absl::Status ReadMetrics(const Variables& variables, const PemReader& read_pem,
                         OtelEnvironment* out) {
  SQUALL_ASSIGN_OR_RETURN(const std::optional<bool> wanted,
                          ReadExporter(variables, kMetricsExporter, &out->warnings));
  const SignalReader reader(variables, "METRICS", read_pem);
  MetricOutput& metrics = out->metrics;
  SQUALL_ASSIGN_OR_RETURN(const std::optional<OtlpProtocol> protocol,
                          reader.Protocol(&out->warnings));
  SQUALL_ASSIGN_OR_RETURN(metrics.to, reader.Endpoint(protocol, "/v1/metrics",
                                                      wanted.value_or(false), &metrics.protocol));
  SQUALL_ASSIGN_OR_RETURN(metrics.headers, reader.Headers());
  SQUALL_ASSIGN_OR_RETURN(metrics.ca_pem, reader.Certificate());
  out->metrics_gzip = reader.Gzip();
  SQUALL_RETURN_IF_ERROR(
      ReadMillis(variables, "OTEL_METRIC_EXPORT_INTERVAL", kIntervalMillisMin, &metrics.interval));
  out->metrics_wanted = wanted.value_or(false);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OtelEnvironment> ReadOtelEnvironment(const Variables& variables,
                                                    const PemReader& read_pem) {
  SQUALL_ASSIGN_OR_RETURN(OtelEnvironment out, ReadOtelSending(variables));
  if (!IsDisabled(variables)) {
    SQUALL_RETURN_IF_ERROR(ReadTraces(variables, read_pem, &out));
    SQUALL_RETURN_IF_ERROR(ReadMetrics(variables, read_pem, &out));
  }
  return out;
}

absl::StatusOr<OtelEnvironment> ReadOtelSending(const Variables& variables) {
  OtelEnvironment out;
  const std::string disabled = LowerCase(Get(variables, kDisabled));
  if (!disabled.empty() && disabled != "true" && disabled != "false") {
    return Bad(kDisabled, fmt::format("must be true or false, got '{}'", disabled));
  }
  if (IsDisabled(variables)) {
    return out;
  }
  out.service_name = Get(variables, "OTEL_SERVICE_NAME");
  SQUALL_ASSIGN_OR_RETURN(
      const HeaderList resource,
      ReadPairs("OTEL_RESOURCE_ATTRIBUTES", Get(variables, "OTEL_RESOURCE_ATTRIBUTES")));
  out.sending.resource.insert(resource.begin(), resource.end());
  // As the specification has it, the variable of its own wins.
  if (out.service_name.empty()) {
    const auto service = out.sending.resource.find("service.name");
    out.service_name = service == out.sending.resource.end() ? "" : service->second;
  } else {
    out.sending.resource["service.name"] = out.service_name;
  }
  if (!out.service_name.empty()) {
    out.traces.service_name = out.service_name;
  }
  SQUALL_RETURN_IF_ERROR(ReadTimeout(variables, "TRACES", &out.sending.traces_timeout));
  SQUALL_RETURN_IF_ERROR(ReadTimeout(variables, "METRICS", &out.sending.metrics_timeout));
  return out;
}

bool AsksForOtlpMetrics(const Variables& variables) {
  bool otlp = false;
  const absl::Status none =
      ForEachItem(Get(variables, kMetricsExporter), [&](std::string_view item) {
        otlp = otlp || item == "otlp";
        return absl::OkStatus();
      });
  return none.ok() && otlp && !IsDisabled(variables);
}

std::string OtlpEndpoint(const std::string& text) {
  return text.find("://") == std::string::npos ? "http://" + text : text;
}

std::string OtlpHttpUrl(const std::string& endpoint, const std::string& path) {
  const size_t slash = endpoint.find('/', endpoint.find("://") + 3);
  if (slash != std::string::npos && slash + 1 < endpoint.size()) {
    return endpoint;
  }
  return endpoint.substr(0, slash) + path;
}

}  // namespace squall
