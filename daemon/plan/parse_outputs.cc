// The section `outputs`: files at the end of a run, spans and figures while it goes on.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/plan/output_target.h"
#include "daemon/plan/sections.h"

namespace squall {
namespace {

using OutputKind = MetricOutput::Kind;

// A kind's key in the plan, and the key of its target where there is more to say.
struct KindKeys {
  const char* key;
  const char* target;
  OutputKind kind;
};
constexpr std::array<KindKeys, 5> kKinds = {{
    {"influxdb", "url", OutputKind::kInfluxDb},
    {"statsd", "address", OutputKind::kStatsd},
    {"prometheus_remote_write", "url", OutputKind::kRemoteWrite},
    {"otlp", "endpoint", OutputKind::kOtlp},
    {"json_lines", "file", OutputKind::kJsonLines},
}};

void AddFault(const Place& place, std::string fault, Reading* reading) {
  if (!fault.empty()) {
    reading->problems->Add(place, std::move(fault));
  }
}

// Values are secrets: no message shows them. They are no templates: no user sends them.
HeaderList ParseSecretHeaders(const Place& place, Reading* reading) {
  HeaderList headers;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    if (!IsHeaderName(entry, reading)) {
      continue;
    }
    const YamlNode& value = *entry.value.node;
    if (!value.IsScalar() ||
        value.text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      reading->problems->Add(entry.value, "must be text of one line; it is not shown here");
      continue;
    }
    headers.emplace_back(entry.key, value.text);
  }
  if (headers.size() > kOutputHeadersMax) {
    reading->problems->Add(place, fmt::format("must have at most {} headers, got {}",
                                              kOutputHeadersMax, headers.size()));
  }
  return headers;
}

// Sorted, as they come over the wire.
void ParseTags(const Place& place, MetricOutput* output, Reading* reading) {
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    if (const auto value = ReadText(entry.value, reading->problems)) {
      AddFault(entry.value, TagFault(entry.key, *value), reading);
      output->tags.emplace_back(entry.key, *value);
    }
  }
  std::sort(output->tags.begin(), output->tags.end());
  if (output->tags.size() > kOutputTagsMax) {
    reading->problems->Add(place, fmt::format("must have at most {} tags, got {}", kOutputTagsMax,
                                              output->tags.size()));
  }
}

void ParseProtocol(Fields* fields, OtlpProtocol* protocol) {
  if (const auto place = fields->Find("protocol")) {
    const auto choice = ReadChoice(*place, {"grpc", "http"}, fields->problems());
    *protocol = choice == 1 ? OtlpProtocol::kHttp : OtlpProtocol::kGrpc;
  }
}

void ParseSecurity(Fields* fields, const std::string& url, HeaderList* headers, std::string* ca_pem,
                   Reading* reading) {
  if (const auto place = fields->Find("headers")) {
    *headers = ParseSecretHeaders(*place, reading);
  }
  ReadPem(fields, "ca_file", ca_pem, reading);
  if (const auto place = fields->Find("ca_file"); place && url.starts_with("http://")) {
    reading->problems->Add(*place, "must go with a URL that starts with https://");
  }
}

void ParseInterval(Fields* fields, MetricOutput* output) {
  // "interval_seconds" in the seed document's manner.
  fields->OneOf({"interval", "interval_seconds"}, false);
  fields->Span("interval", SpanRule::kPositive, &output->interval);
  std::optional<double> seconds;
  fields->Number("interval_seconds",
                 {.min = ToSeconds(kOutputIntervalMin), .max = ToSeconds(kOutputIntervalMax)},
                 &seconds);
  if (seconds) {
    output->interval = FromSeconds(*seconds);
  }
  const auto place = fields->Find("interval");
  if (place && (output->interval < kOutputIntervalMin || output->interval > kOutputIntervalMax)) {
    fields->problems()->Add(
        *place, fmt::format("must be from {} to {}, got {}", FormatTimeSpan(kOutputIntervalMin),
                            FormatTimeSpan(kOutputIntervalMax), FormatTimeSpan(output->interval)));
  }
}

// The target first: what else may be said depends on it.
void ParseDetails(const Place& place, const KindKeys& keys, MetricOutput* output,
                  Reading* reading) {
  Fields fields(place, reading->problems);
  const std::optional<Place> target = fields.Require(keys.target);
  if (target) {
    output->to = ReadFilledText(*target, reading->problems).value_or("");
  }
  ParseInterval(&fields, output);
  if (const auto tags = fields.Find("tags")) {
    ParseTags(*tags, output, reading);
  }
  if (output->kind == OutputKind::kStatsd) {
    if (const auto prefix = fields.Find("prefix")) {
      output->prefix = ReadText(*prefix, reading->problems).value_or(output->prefix);
      AddFault(*prefix, PrefixFault(output->prefix), reading);
    }
  } else if (output->kind != OutputKind::kJsonLines) {
    ParseSecurity(&fields, output->to, &output->headers, &output->ca_pem, reading);
  }
  if (output->kind == OutputKind::kOtlp) {
    ParseProtocol(&fields, &output->protocol);
  }
  if (target && !output->to.empty()) {
    AddFault(*target, TargetFault(*output), reading);
  }
}

MetricOutput ParseMetricOutput(const Place& place, Reading* reading) {
  MetricOutput output;
  output.mark = reading->problems->ToSource(place.node->mark);
  Fields fields(place, reading->problems);
  std::vector<std::string> names;
  for (const KindKeys& keys : kKinds) {
    names.emplace_back(keys.key);
  }
  const std::optional<size_t> kind = fields.OneOf(names, true);
  if (!kind) {
    return output;
  }
  const KindKeys& keys = kKinds.at(*kind);
  const Place details = *fields.Find(keys.key);
  output.kind = keys.kind;
  if (!details.node->IsScalar()) {
    ParseDetails(details, keys, &output, reading);
  } else if (const auto target = ReadFilledText(details, reading->problems)) {
    output.to = *target;
    AddFault(details, TargetFault(output), reading);
  }
  return output;
}

TraceOutput ParseTraces(const Place& place, Reading* reading) {
  TraceOutput traces;
  if (place.node->IsScalar()) {
    traces.endpoint = ReadFilledText(place, reading->problems).value_or("");
    AddFault(place, CollectorFault(traces.endpoint, traces.protocol), reading);
    return traces;
  }
  Fields fields(place, reading->problems);
  ParseProtocol(&fields, &traces.protocol);
  if (const auto endpoint = fields.Require("endpoint")) {
    if (const auto url = ReadFilledText(*endpoint, reading->problems)) {
      traces.endpoint = *url;
      AddFault(*endpoint, CollectorFault(*url, traces.protocol), reading);
    }
  }
  fields.Number("sample", {.min = 0, .max = 1}, &traces.sample);
  ParseSecurity(&fields, traces.endpoint, &traces.headers, &traces.ca_pem, reading);
  fields.FilledText("service_name", &traces.service_name);
  if (traces.service_name.size() > kOutputTextBytesMax) {
    reading->problems->Add(*fields.Find("service_name"),
                           fmt::format("must be at most {} bytes long", kOutputTextBytesMax));
  }
  return traces;
}

}  // namespace

Outputs ParseOutputs(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Outputs outputs;
  fields.FilledText("csv", &outputs.csv_prefix);
  fields.FilledText("json", &outputs.json_file);
  fields.FilledText("junit", &outputs.junit_file);
  fields.FilledText("markdown", &outputs.markdown_file);
  fields.FilledText("html", &outputs.html_file);
  if (const auto traces = fields.Find("traces")) {
    outputs.traces = ParseTraces(*traces, reading);
  }
  if (const auto metrics = fields.Find("metrics")) {
    const std::vector<Place> items = ReadList(*metrics, reading->problems);
    if (items.size() > kMetricOutputsMax) {
      reading->problems->Add(*metrics, fmt::format("must have at most {} outputs, got {}",
                                                   kMetricOutputsMax, items.size()));
    } else {
      for (const Place& item : items) {
        outputs.metrics.push_back(ParseMetricOutput(item, reading));
      }
    }
  }
  return outputs;
}

}  // namespace squall
