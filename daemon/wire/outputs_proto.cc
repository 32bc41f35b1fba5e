#include "daemon/wire/outputs_proto.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/plan/output_target.h"
#include "daemon/wire/request_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/plan.pb.h"

namespace squall {
namespace {

// Completes "<field> must …" with what output_target.h says, which begins with "must ".
void RefuseFault(std::string_view field, std::string_view fault, ProtoReader* reader) {
  if (!fault.empty()) {
    reader->Refuse(field, fault.substr(fault.starts_with("must ") ? 5 : 0));
  }
}

void WriteTraces(const TraceOutput& from, v1::TraceOutput* to) {
  to->set_endpoint(from.endpoint);
  to->set_protocol(ToProtoEnum<v1::OtlpProtocol>(from.protocol));
  to->set_sample(from.sample);
  WriteHeaders(from.headers, to->mutable_headers());
  to->set_ca_pem(from.ca_pem);
  to->set_service_name(from.service_name);
}

void WriteMetrics(const MetricOutput& from, v1::MetricOutput* to) {
  to->set_kind(ToProtoEnum<v1::MetricOutputKind>(from.kind));
  to->set_to(from.to);
  to->set_protocol(ToProtoEnum<v1::OtlpProtocol>(from.protocol));
  NanosToProto(from.interval, to->mutable_interval());
  WriteHeaders(from.headers, to->mutable_headers());
  for (const auto& [name, value] : from.tags) {
    (*to->mutable_tags())[name] = value;
  }
  to->set_prefix(from.prefix);
  to->set_ca_pem(from.ca_pem);
}

// A line break in a header would begin another one.
void ReadSecretHeaders(const HeaderProtos& protos, ProtoReader* reader, HeaderList* headers) {
  ReadHeaders(protos, reader, headers);
  if (headers->size() > kOutputHeadersMax) {
    reader->Refuse("headers", fmt::format("be at most {}", kOutputHeadersMax));
  }
  for (const auto& [name, value] : *headers) {
    const std::string_view breaks("\r\n\0", 3);
    if (name.empty() || name.find_first_of(": \r\n") != std::string::npos ||
        value.find_first_of(breaks) != std::string::npos) {
      reader->Refuse("headers", "have names that are names, and values of one line");
    }
  }
}

void ReadTraces(const v1::TraceOutput& from, ProtoReader* reader, TraceOutput* to) {
  const ProtoReader::Inside inside(reader, "traces");
  to->endpoint = from.endpoint();
  reader->Enum("protocol", from.protocol(), OtlpProtocol::kHttp, &to->protocol);
  RefuseFault("endpoint", CollectorFault(to->endpoint, to->protocol), reader);
  if (from.has_sample()) {
    reader->Number("sample", from.sample(), 0, 1, &to->sample);
  }
  ReadSecretHeaders(from.headers(), reader, &to->headers);
  to->ca_pem = from.ca_pem();
  if (!from.service_name().empty()) {
    reader->Name("service_name", from.service_name(), &to->service_name);
  }
}

void ReadTags(const google::protobuf::Map<std::string, std::string>& from, ProtoReader* reader,
              MetricOutput* to) {
  if (from.size() > kOutputTagsMax) {
    reader->Refuse("tags", fmt::format("be at most {}", kOutputTagsMax));
    return;
  }
  to->tags.assign(from.begin(), from.end());
  std::sort(to->tags.begin(), to->tags.end());  // a map has no order
  for (const auto& [name, value] : to->tags) {
    RefuseFault("tags", TagFault(name, value), reader);
  }
}

void ReadMetrics(const v1::MetricOutput& from, ProtoReader* reader, MetricOutput* to) {
  reader->RequiredEnum("kind", from.kind(), MetricOutput::Kind::kJsonLines, &to->kind);
  reader->Name("to", from.to(), &to->to);
  reader->Enum("protocol", from.protocol(), OtlpProtocol::kHttp, &to->protocol);
  RefuseFault("to", TargetFault(*to), reader);
  if (from.has_interval()) {
    reader->Span("interval", from.interval(), &to->interval);
    if (to->interval < kOutputIntervalMin || to->interval > kOutputIntervalMax) {
      reader->Refuse("interval", "be from 0.1s to 3600s");
    }
  }
  ReadSecretHeaders(from.headers(), reader, &to->headers);
  ReadTags(from.tags(), reader, to);
  if (!from.prefix().empty()) {
    to->prefix = from.prefix();
    RefuseFault("prefix", PrefixFault(to->prefix), reader);
  }
  to->ca_pem = from.ca_pem();
}

}  // namespace

void WriteOutputs(const Outputs& from, v1::Outputs* to) {
  to->set_csv_prefix(from.csv_prefix);
  to->set_json_file(from.json_file);
  to->set_junit_file(from.junit_file);
  to->set_markdown_file(from.markdown_file);
  to->set_html_file(from.html_file);
  if (from.traces.has_value()) {
    WriteTraces(*from.traces, to->mutable_traces());
  }
  for (const MetricOutput& output : from.metrics) {
    WriteMetrics(output, to->add_metrics());
  }
}

void ReadOutputs(const v1::Outputs& from, ProtoReader* reader, Outputs* to) {
  const ProtoReader::Inside inside(reader, "outputs");
  to->csv_prefix = from.csv_prefix();
  to->json_file = from.json_file();
  to->junit_file = from.junit_file();
  to->markdown_file = from.markdown_file();
  to->html_file = from.html_file();
  if (from.has_traces()) {
    ReadTraces(from.traces(), reader, &to->traces.emplace());
  }
  if (static_cast<size_t>(from.metrics_size()) > kMetricOutputsMax) {
    reader->Refuse("metrics", fmt::format("be at most {}", kMetricOutputsMax));
    return;
  }
  reader->List("metrics", from.metrics(), &to->metrics,
               [reader](const v1::MetricOutput& proto, MetricOutput* output) {
                 ReadMetrics(proto, reader, output);
               });
}

}  // namespace squall
