#include "daemon/plan/output_target.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/plan/url_fault.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

using OutputKind = MetricOutput::Kind;

constexpr size_t kTagNameBytesMax = 64;
constexpr std::array<std::pair<std::string_view, OutputKind>, 7> kFlagKinds = {{
    {"influxdb", OutputKind::kInfluxDb},
    {"statsd", OutputKind::kStatsd},
    {"remote-write", OutputKind::kRemoteWrite},
    {"otlp", OutputKind::kOtlp},
    {"json", OutputKind::kJsonLines},
    {"prometheus_remote_write", OutputKind::kRemoteWrite},
    {"json_lines", OutputKind::kJsonLines},
}};
// Those that every series has of itself.
constexpr std::array<std::string_view, 14> kOurTags = {
    "run_id", "test",   "agent", "method",   "name",  "user_class", "status_class",
    "result", "output", "le",    "quantile", "state", "reason",     "resource"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsTagDigit(char c) { return c >= '0' && c <= '9'; }

// Of a URL that may have a query, where a token may stand.
std::string QueriedUrlFault(std::string_view url) {
  const size_t query = url.find('?');
  const std::string_view tail = query == std::string_view::npos ? "" : url.substr(query);
  if (tail.find('#') != std::string_view::npos) {
    return "must not have a fragment (#…)";
  }
  if (std::any_of(tail.begin(), tail.end(), [](char c) { return c <= ' '; })) {
    return "must not have spaces in its query; write %20";
  }
  return UrlFault(url.substr(0, query), "headers");
}

// "host:port", "[::1]:port".
std::string AddressFault(std::string_view address) {
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  const bool plain = !host.empty() && host.find_first_of(":[]/@ ") == std::string_view::npos;
  if (colon == std::string_view::npos || !(bracketed || plain) ||
      !IsPort(address.substr(colon + 1))) {
    return fmt::format("must be host:port, such as 127.0.0.1:8125, got '{}'", Shown(address));
  }
  return "";
}

// Where the path of a URL starts; its end when it has none.
size_t PathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
  return std::min(url.find_first_of("/?#", authority), url.size());
}

// As k6: http://host:8086/NAME.
void NameDatabase(std::string* url) {
  const size_t path = PathOf(*url);
  const std::string name = path < url->size() ? url->substr(path + 1) : "";
  if (!name.empty() && name != "write" && name.find_first_of("/?#") == std::string::npos) {
    url->replace(path, std::string::npos, "/write?db=" + name);
  }
}

}  // namespace

std::string_view OutputKindName(MetricOutput::Kind kind) {
  switch (kind) {
    case OutputKind::kOtlp:
      return "otlp";
    case OutputKind::kRemoteWrite:
      return "remote_write";
    case OutputKind::kInfluxDb:
      return "influxdb";
    case OutputKind::kStatsd:
      return "statsd";
    case OutputKind::kJsonLines:
      return "json_lines";
  }
  return "";
}

std::string CollectorFault(std::string_view endpoint, OtlpProtocol protocol) {
  std::string fault = UrlFault(endpoint, "headers");
  const std::string_view path = endpoint.substr(PathOf(endpoint));
  if (fault.empty() && protocol == OtlpProtocol::kGrpc && !path.empty() && path != "/") {
    return fmt::format(
        "must not have a path over gRPC, got '{}'; set protocol: http, or leave it "
        "out",
        Shown(path));
  }
  return fault;
}

std::string TargetFault(const MetricOutput& output) {
  switch (output.kind) {
    case OutputKind::kOtlp:
      return CollectorFault(output.to, output.protocol);
    case OutputKind::kRemoteWrite:
    case OutputKind::kInfluxDb:
      return QueriedUrlFault(output.to);
    case OutputKind::kStatsd:
      return AddressFault(output.to);
    case OutputKind::kJsonLines:
      return output.to.empty() ? "must name a file" : "";
  }
  return "";
}

std::string TagFault(std::string_view name, std::string_view value) {
  const bool spelled =
      !name.empty() && name.size() <= kTagNameBytesMax && IsLetter(name.front()) &&
      std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || IsTagDigit(c); });
  if (!spelled) {
    return fmt::format("must be a tag's name: at most {} letters, digits and _, got '{}'",
                       kTagNameBytesMax, Shown(name));
  }
  if (name.starts_with("__") ||
      std::find(kOurTags.begin(), kOurTags.end(), name) != kOurTags.end()) {
    return fmt::format("must not be '{}', which every series has of itself; choose another name",
                       name);
  }
  if (value.empty() || value.size() > kOutputTextBytesMax) {
    return fmt::format("must have a value of 1 to {} bytes", kOutputTextBytesMax);
  }
  if (std::any_of(value.begin(), value.end(), [](char c) { return c >= 0 && c < ' '; })) {
    return "must have a value of one line";
  }
  return "";
}

std::string PrefixFault(std::string_view prefix) {
  const bool spelled = !prefix.empty() && prefix.size() <= kOutputTextBytesMax &&
                       std::all_of(prefix.begin(), prefix.end(), [](char c) {
                         return IsLetter(c) || IsTagDigit(c) || c == '.' || c == '-';
                       });
  return spelled
             ? ""
             : fmt::format("must be letters, digits, '.', '-' and '_', got '{}'", Shown(prefix));
}

OtlpProtocol GuessProtocol(std::string_view endpoint) {
  const size_t path = PathOf(endpoint);
  const bool http = endpoint.substr(0, path).ends_with(":4318") || path + 1 < endpoint.size();
  return http ? OtlpProtocol::kHttp : OtlpProtocol::kGrpc;
}

OutputHost OutputHostOf(std::string_view to) {
  const size_t scheme = to.find("://");
  std::string_view authority = to.substr(0, PathOf(to));
  OutputHost at;
  at.port = to.starts_with("https:") ? 443 : 80;
  if (scheme != std::string_view::npos) {
    authority.remove_prefix(scheme + 3);
  }
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos && IsPort(authority.substr(colon + 1))) {
    at.port = static_cast<uint16_t>(std::stoi(std::string(authority.substr(colon + 1))));
  }
  authority = authority.substr(0, colon);
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  at.host = std::string(authority);
  return at;
}

std::string ShownUrl(std::string_view url) {
  std::string shown(url.substr(0, PathOf(url)));
  const size_t at = shown.rfind('@');
  const size_t scheme = shown.find("://");
  if (at != std::string::npos && scheme != std::string::npos) {
    shown.erase(scheme + 3, at + 1 - (scheme + 3));
  }
  return Shown(shown);
}

std::string ShownTarget(const MetricOutput& output) {
  const bool url = output.kind != OutputKind::kStatsd && output.kind != OutputKind::kJsonLines;
  return url ? ShownUrl(output.to) : Shown(output.to);
}

std::string ShownOutput(const MetricOutput& output) {
  return fmt::format("{} {}", OutputKindName(output.kind), ShownTarget(output));
}

absl::StatusOr<MetricOutput> ParseOutFlag(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view word = text.substr(0, equals);
  const auto* const known = std::find_if(kFlagKinds.begin(), kFlagKinds.end(),
                                         [&](const auto& entry) { return entry.first == word; });
  if (known == kFlagKinds.end()) {
    std::vector<std::string> words;
    for (const auto& [each, kind] : kFlagKinds) {
      words.emplace_back(each);
    }
    const std::string nearest = SuggestNearest(std::string(word), words);
    return absl::InvalidArgumentError(fmt::format(
        "must begin with influxdb=, statsd=, remote-write=, otlp= or json=, got '{}'{}",
        Shown(word), nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        fmt::format("must say where to, as in {}={}", word,
                    known->second == OutputKind::kStatsd      ? "127.0.0.1:8125"
                    : known->second == OutputKind::kJsonLines ? "samples.jsonl"
                                                              : "http://127.0.0.1:8086/squall"));
  }
  MetricOutput output;
  output.kind = known->second;
  output.to = std::string(text.substr(equals + 1));
  if (output.kind == OutputKind::kInfluxDb) {
    NameDatabase(&output.to);
  }
  if (output.kind == OutputKind::kOtlp) {
    output.protocol = GuessProtocol(output.to);
  }
  if (const std::string fault = TargetFault(output); !fault.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}= {}", word, fault));
  }
  return output;
}

}  // namespace squall
