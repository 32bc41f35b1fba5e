#include "daemon/wire/plan_proto.h"

#include <climits>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/utf8.h"
#include "daemon/plan/tagged_requests.h"
#include "daemon/wire/load_profile_proto.h"
#include "daemon/wire/outputs_proto.h"
#include "daemon/wire/proto_reader.h"
#include "daemon/wire/request_proto.h"
#include "daemon/wire/step_proto.h"
#include "daemon/wire/threshold_proto.h"
#include "daemon/wire/time_proto.h"
#include "daemon/wire/value_proto.h"
#include "protos/squall/v1/plan.pb.h"

namespace squall {
namespace {

constexpr double kWeightMax = 1e9;

void WriteTls(const TlsSettings& from, v1::TlsSettings* to) {
  to->set_insecure_skip_verify(from.insecure_skip_verify);
  to->set_ca_pem(from.ca_pem);
  to->set_client_cert_pem(from.client_cert_pem);
  to->set_client_key_pem(from.client_key_pem);
  to->set_server_name(from.server_name);
}

void WriteService(const Service& from, v1::Service* to) {
  to->set_base_url(from.base_url);
  NanosToProto(from.timeout, to->mutable_timeout());
  NanosToProto(from.connect_timeout, to->mutable_connect_timeout());
  NanosToProto(from.tls_timeout, to->mutable_tls_timeout());
  if (from.first_byte_timeout) {
    NanosToProto(*from.first_byte_timeout, to->mutable_first_byte_timeout());
  }
  WriteHeaders(from.headers, to->mutable_headers());
  if (from.basic_auth) {
    to->mutable_basic_auth()->set_username(from.basic_auth->username);
    to->mutable_basic_auth()->set_password(from.basic_auth->password);
  }
  to->set_bearer_token(from.bearer_token);
  WriteTls(from.tls, to->mutable_tls());
  to->set_proxy(from.proxy);
  NanosToProto(from.dns_ttl, to->mutable_dns_ttl());
  to->set_redirects_max(from.redirects_max);
  to->set_body_bytes_max(from.body_bytes_max);
  to->set_header_bytes_max(from.header_bytes_max);
  to->set_keep_alive(from.keep_alive);
  to->set_cookies(from.cookies);
  to->set_accept_gzip(from.accept_gzip);
}

void WriteUserClass(const UserClass& from, v1::UserClass* to) {
  to->set_name(from.name);
  to->set_weight(from.weight);
  if (from.fixed_count) {
    to->set_fixed_count(*from.fixed_count);
  }
  v1::WaitTime* wait_time = to->mutable_wait_time();
  wait_time->set_kind(ToProtoEnum<v1::WaitTimeKind>(from.wait_time.kind));
  NanosToProto(from.wait_time.low, wait_time->mutable_low());
  NanosToProto(from.wait_time.high, wait_time->mutable_high());
  wait_time->set_per_second(from.wait_time.per_second);
  to->set_host(from.host);
  WriteSteps(from.on_start, to->mutable_on_start_steps());
  for (const Task& task : from.tasks) {
    v1::Task* proto = to->add_tasks();
    proto->set_name(task.name);
    proto->set_weight(task.weight);
    proto->mutable_tags()->Assign(task.tags.begin(), task.tags.end());
    WriteSteps(task.steps, proto->mutable_steps());
    WriteMark(task.mark, proto->mutable_mark());
  }
  WriteSteps(from.on_stop, to->mutable_on_stop_steps());
  WriteMark(from.mark, to->mutable_mark());
}

void WriteDataSet(const DataSet& from, v1::DataSet* to) {
  to->set_name(from.name);
  for (const Value& row : from.rows) {
    WriteValue(row, to->add_rows());
  }
  to->set_order(ToProtoEnum<v1::PickOrder>(from.order));
  to->set_on_end(ToProtoEnum<v1::DataSetEnd>(from.on_end));
  WriteMark(from.mark, to->mutable_mark());
}

void WriteScript(const Script& from, v1::Script* to) {
  for (const Script::File& file : from.files) {
    v1::ScriptFile* proto = to->add_files();
    proto->set_path(file.path);
    proto->set_content(file.content);
  }
  to->mutable_locustfiles()->Assign(from.locustfiles.begin(), from.locustfiles.end());
  to->mutable_arguments()->Assign(from.arguments.begin(), from.arguments.end());
}

// Relative, and every step of it leads further in.
bool IsSafePath(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return false;
  }
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
  }
}

void ReadTls(const v1::TlsSettings& from, ProtoReader* reader, TlsSettings* to) {
  const ProtoReader::Inside inside(reader, "tls");
  to->insecure_skip_verify = from.insecure_skip_verify();
  to->ca_pem = from.ca_pem();
  to->client_cert_pem = from.client_cert_pem();
  to->client_key_pem = from.client_key_pem();
  reader->Name("server_name", from.server_name(), &to->server_name);
}

void ReadTimeouts(const v1::Service& from, ProtoReader* reader, Service* to) {
  if (from.has_timeout()) {
    reader->Span("timeout", from.timeout(), &to->timeout);
  }
  if (from.has_connect_timeout()) {
    reader->Span("connect_timeout", from.connect_timeout(), &to->connect_timeout);
  }
  if (from.has_tls_timeout()) {
    reader->Span("tls_timeout", from.tls_timeout(), &to->tls_timeout);
  }
  if (from.has_first_byte_timeout()) {
    reader->Span("first_byte_timeout", from.first_byte_timeout(), &to->first_byte_timeout);
  }
  if (from.has_dns_ttl()) {
    reader->Span("dns_ttl", from.dns_ttl(), &to->dns_ttl);
  }
}

void ReadService(const v1::Service& from, ProtoReader* reader, Service* to) {
  const ProtoReader::Inside inside(reader, "service");
  if (from.has_base_url()) {
    to->base_url = from.base_url();
  }
  ReadTimeouts(from, reader, to);
  ReadHeaders(from.headers(), reader, &to->headers);
  if (from.has_basic_auth()) {
    to->basic_auth = BasicAuth{.username = from.basic_auth().username(),
                               .password = from.basic_auth().password()};
  }
  to->bearer_token = from.bearer_token();
  ReadTls(from.tls(), reader, &to->tls);
  to->proxy = from.proxy();
  if (from.has_redirects_max()) {
    reader->Int("redirects_max", from.redirects_max(), 0, INT_MAX, &to->redirects_max);
  }
  if (from.has_body_bytes_max()) {
    reader->Int("body_bytes_max", from.body_bytes_max(), 0, INT64_MAX, &to->body_bytes_max);
  }
  if (from.has_header_bytes_max()) {
    reader->Int("header_bytes_max", from.header_bytes_max(), 0, INT64_MAX, &to->header_bytes_max);
  }
  if (from.has_keep_alive()) {
    to->keep_alive = from.keep_alive();
  }
  if (from.has_cookies()) {
    to->cookies = from.cookies();
  }
  if (from.has_accept_gzip()) {
    to->accept_gzip = from.accept_gzip();
  }
}

void ReadWaitTime(const v1::WaitTime& from, ProtoReader* reader, WaitTime* to) {
  const ProtoReader::Inside inside(reader, "wait_time");
  reader->Enum("kind", from.kind(), WaitTime::Kind::kConstantThroughput, &to->kind);
  reader->Span("low", from.low(), &to->low);
  reader->Span("high", from.high(), &to->high);
  reader->Number("per_second", from.per_second(), 0, kRateMax, &to->per_second);
  if (to->kind == WaitTime::Kind::kBetween && to->high < to->low) {
    reader->Refuse("high", "be at least low");
  }
}

void ReadTask(const v1::Task& from, ProtoReader* reader, Task* to) {
  reader->Name("name", from.name(), &to->name);
  if (from.has_weight()) {
    reader->Number("weight", from.weight(), 0, kWeightMax, &to->weight);
  }
  if (reader->Take("tags", from.tags_size())) {
    to->tags.assign(from.tags().begin(), from.tags().end());
  }
  ReadSteps("steps", from.steps(), reader, &to->steps);
  ReadMark(from.mark(), reader, &to->mark);
}

void ReadUserClass(const v1::UserClass& from, ProtoReader* reader, UserClass* to) {
  reader->Name("name", from.name(), &to->name);
  if (from.has_weight()) {
    reader->Number("weight", from.weight(), 0, kWeightMax, &to->weight);
  }
  if (from.has_fixed_count()) {
    reader->Count("fixed_count", from.fixed_count(), kUsersMax, &to->fixed_count.emplace());
  }
  ReadWaitTime(from.wait_time(), reader, &to->wait_time);
  to->host = from.host();
  ReadSteps("on_start_steps", from.on_start_steps(), reader, &to->on_start);
  reader->List("tasks", from.tasks(), &to->tasks,
               [reader](const v1::Task& proto, Task* task) { ReadTask(proto, reader, task); });
  ReadSteps("on_stop_steps", from.on_stop_steps(), reader, &to->on_stop);
  ReadMark(from.mark(), reader, &to->mark);
}

void ReadScript(const v1::Script& from, ProtoReader* reader, Script* to) {
  const ProtoReader::Inside inside(reader, "script");
  reader->List("files", from.files(), &to->files,
               [reader](const v1::ScriptFile& proto, Script::File* file) {
                 reader->Name("path", proto.path(), &file->path);
                 if (!IsSafePath(proto.path())) {
                   reader->Refuse("path", fmt::format("lead to a place inside the directory, "
                                                      "got '{}'",
                                                      ToUtf8(proto.path().substr(0, 100))));
                 }
                 file->content = proto.content();
               });
  if (reader->Take("locustfiles", from.locustfiles_size())) {
    to->locustfiles.assign(from.locustfiles().begin(), from.locustfiles().end());
  }
  if (reader->Take("arguments", from.arguments_size())) {
    to->arguments.assign(from.arguments().begin(), from.arguments().end());
  }
}

void ReadDataSet(const v1::DataSet& from, ProtoReader* reader, DataSet* to) {
  reader->Name("name", from.name(), &to->name);
  to->rows.reserve(static_cast<size_t>(from.rows_size()));
  for (int i = 0; i < from.rows_size() && reader->ok(); ++i) {
    const ProtoReader::Inside inside(reader, "rows", i);
    to->rows.push_back(ReadValue(from.rows(i), reader));
  }
  reader->Enum("order", from.order(), PickOrder::kUnique, &to->order);
  reader->Enum("on_end", from.on_end(), DataSet::OnEnd::kStopUser, &to->on_end);
  ReadMark(from.mark(), reader, &to->mark);
}

// Every string of a message, and of those inside it. By reflection, so that no field is forgotten;
// a plan is written once a run.
void CheckTexts(const google::protobuf::Message& message, ProtoReader* reader) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string scratch;
  for (const FieldDescriptor* field : fields) {
    const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
    if (!is_text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count && reader->ok(); ++i) {
      const int index = field->is_repeated() ? i : -1;
      const ProtoReader::Inside inside(reader, field->name(), index);
      if (!is_text) {
        CheckTexts(index < 0 ? reflection.GetMessage(message, field)
                             : reflection.GetRepeatedMessage(message, field, i),
                   reader);
        continue;
      }
      const std::string& text =
          index < 0 ? reflection.GetStringReference(message, field, &scratch)
                    : reflection.GetRepeatedStringReference(message, field, i, &scratch);
      if (!IsUtf8(text)) {
        reader->Refuse("", fmt::format("be UTF-8, got '{}'", ToUtf8(text.substr(0, 40))));
      }
    }
  }
}

}  // namespace

absl::Status PlanToProto(const Plan& plan, v1::Plan* proto) {
  proto->Clear();
  proto->set_name(plan.name);
  WriteService(plan.service, proto->mutable_service());
  WriteLoadProfile(plan.load_profile, proto->mutable_load_profile());
  for (const UserClass& user_class : plan.users) {
    WriteUserClass(user_class, proto->add_user_classes());
  }
  if (plan.script.has_value()) {
    WriteScript(*plan.script, proto->mutable_script());
  }
  for (const DataSet& data_set : plan.test_data) {
    WriteDataSet(data_set, proto->add_data_sets());
  }
  for (const Threshold& threshold : plan.thresholds) {
    WriteThreshold(threshold, proto->add_thresholds());
  }
  WriteOutputs(plan.outputs, proto->mutable_outputs());
  proto->set_seed(plan.seed);
  NanosToProto(plan.stop_timeout, proto->mutable_stop_timeout());

  ProtoReader texts;
  CheckTexts(*proto, &texts);
  return texts.status();
}

absl::StatusOr<Plan> PlanFromProto(const v1::Plan& proto) {
  ProtoReader reader;
  Plan plan;
  if (proto.has_name()) {
    reader.Name("name", proto.name(), &plan.name);
  }
  ReadService(proto.service(), &reader, &plan.service);
  {
    const ProtoReader::Inside inside(&reader, "load_profile");
    ReadLoadProfile(proto.load_profile(), &reader, &plan.load_profile);
  }
  reader.List(
      "user_classes", proto.user_classes(), &plan.users,
      [&reader](const v1::UserClass& from, UserClass* to) { ReadUserClass(from, &reader, to); });
  if (proto.has_script()) {
    ReadScript(proto.script(), &reader, &plan.script.emplace());
  }
  reader.List("data_sets", proto.data_sets(), &plan.test_data,
              [&reader](const v1::DataSet& from, DataSet* to) { ReadDataSet(from, &reader, to); });
  reader.List(
      "thresholds", proto.thresholds(), &plan.thresholds,
      [&reader](const v1::Threshold& from, Threshold* to) { ReadThreshold(from, &reader, to); });
  ReadOutputs(proto.outputs(), &reader, &plan.outputs);
  plan.seed = proto.seed();
  if (proto.has_stop_timeout()) {
    reader.Span("stop_timeout", proto.stop_timeout(), &plan.stop_timeout);
  }
  if (!reader.ok()) {
    return reader.status();
  }
  SQUALL_RETURN_IF_ERROR(ResolveThresholdTags(plan.users, &plan.thresholds));
  return plan;
}

}  // namespace squall
