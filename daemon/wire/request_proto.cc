#include "daemon/wire/request_proto.h"

#include <climits>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/step.pb.h"

namespace squall {
namespace {

constexpr int kAttemptsMax = 1'000'000;

using FormFieldProtos = google::protobuf::RepeatedPtrField<v1::FormField>;

// ---- writing, one overload for each alternative of Check::test --------------------------------

void WriteFields(const std::vector<FormField>& fields, FormFieldProtos* protos) {
  for (const FormField& field : fields) {
    v1::FormField* proto = protos->Add();
    proto->set_name(field.name);
    proto->set_value(field.value);
  }
}

void Write(const StatusIs& from, v1::Check* check) {
  check->mutable_status()->set_expected(from.expected);
}

void Write(const HeaderIs& from, v1::Check* check) {
  v1::HeaderIs* to = check->mutable_header();
  to->set_header(from.header);
  if (from.equals) {
    to->set_equals(*from.equals);
  }
  if (from.contains) {
    to->set_contains(*from.contains);
  }
}

void Write(const BodyContains& from, v1::Check* check) {
  check->mutable_body_contains()->set_text(from.text);
}

void Write(const BodyMatches& from, v1::Check* check) {
  check->mutable_body_matches()->set_regex(from.regex);
}

void Write(const JsonIs& from, v1::Check* check) {
  v1::JsonIs* to = check->mutable_json();
  to->set_path(from.path);
  if (from.equals) {
    to->set_equals(*from.equals);
  }
  if (from.number) {
    to->set_number(*from.number);
  }
  to->set_tolerance(from.tolerance);
  to->mutable_fields()->Assign(from.has_fields.begin(), from.has_fields.end());
}

void Write(const ResponseTimeBelow& from, v1::Check* check) {
  NanosToProto(from.limit, check->mutable_response_time()->mutable_limit());
}

void WriteExtract(const Extract& from, v1::Extract* to) {
  to->set_variable(from.as);
  to->set_scope(ToProtoEnum<v1::VariableScope>(from.scope));
  to->set_source(ToProtoEnum<v1::ExtractSource>(from.from));
  to->set_expression(from.expression);
  if (from.fallback) {
    to->set_fallback(*from.fallback);
  }
}

// ---- reading ---------------------------------------------------------------------------------

void ReadFields(std::string_view field, const FormFieldProtos& from, ProtoReader* reader,
                std::vector<FormField>* to) {
  reader->List(field, from, to, [reader](const v1::FormField& proto, FormField* form_field) {
    reader->Name("name", proto.name(), &form_field->name);
    form_field->value = proto.value();
  });
}

void ReadRetry(const v1::Retry& from, ProtoReader* reader, Retry* to) {
  const ProtoReader::Inside inside(reader, "retry");
  if (from.has_attempts_max()) {
    reader->Int("attempts_max", from.attempts_max(), 1, kAttemptsMax, &to->attempts_max);
  }
  if (from.has_delay()) {
    reader->Span("delay", from.delay(), &to->delay);
  }
  if (!reader->Take("statuses", from.statuses_size())) {
    return;
  }
  for (const int status : from.statuses()) {
    reader->Int("statuses", status, 100, 999, &to->on_status.emplace_back());
  }
}

void ReadJsonIs(const v1::JsonIs& from, ProtoReader* reader, JsonIs* to) {
  const ProtoReader::Inside inside(reader, "json");
  to->path = from.path();
  if (from.has_equals()) {
    to->equals = from.equals();
  }
  if (from.has_number()) {
    to->number = from.number();
  }
  reader->Number("tolerance", from.tolerance(), 0, 1e18, &to->tolerance);
  if (reader->Take("fields", from.fields_size())) {
    to->has_fields.assign(from.fields().begin(), from.fields().end());
  }
}

void ReadCheck(const v1::Check& from, ProtoReader* reader, Check* to) {
  reader->Name("name", from.name(), &to->name);
  switch (from.test_case()) {
    case v1::Check::kStatus:
      to->test = StatusIs{.expected = from.status().expected()};
      break;
    case v1::Check::kHeader: {
      const ProtoReader::Inside inside(reader, "header");
      HeaderIs& test = to->test.emplace<HeaderIs>();
      reader->Name("header", from.header().header(), &test.header);
      if (from.header().has_equals()) {
        test.equals = from.header().equals();
      }
      if (from.header().has_contains()) {
        test.contains = from.header().contains();
      }
      break;
    }
    case v1::Check::kBodyContains:
      to->test = BodyContains{.text = from.body_contains().text()};
      break;
    case v1::Check::kBodyMatches:
      to->test = BodyMatches{.regex = from.body_matches().regex()};
      break;
    case v1::Check::kJson:
      ReadJsonIs(from.json(), reader, &to->test.emplace<JsonIs>());
      break;
    case v1::Check::kResponseTime: {
      const ProtoReader::Inside inside(reader, "response_time");
      reader->Span("limit", from.response_time().limit(),
                   &to->test.emplace<ResponseTimeBelow>().limit);
      break;
    }
    case v1::Check::TEST_NOT_SET:
      reader->Refuse("test",
                     "be one of status, header, body_contains, body_matches, json, response_time");
      break;
  }
}

void ReadExtract(const v1::Extract& from, ProtoReader* reader, Extract* to) {
  reader->Name("variable", from.variable(), &to->as);
  reader->Enum("scope", from.scope(), VariableScope::kShared, &to->scope);
  reader->Enum("source", from.source(), Extract::From::kHeader, &to->from);
  to->expression = from.expression();
  if (from.has_fallback()) {
    to->fallback = from.fallback();
  }
}

}  // namespace

void WriteRequest(const RequestStep& from, v1::RequestStep* to) {
  to->set_method(from.method);
  to->set_path(from.path);
  WriteFields(from.query, to->mutable_query());
  WriteHeaders(from.headers, to->mutable_headers());
  to->set_name(from.name);
  to->set_body(from.body);
  to->set_json(from.json);
  WriteFields(from.form, to->mutable_form());
  if (from.timeout) {
    NanosToProto(*from.timeout, to->mutable_timeout());
  }
  if (from.redirects_max) {
    to->set_redirects_max(*from.redirects_max);
  }
  to->mutable_retry()->set_attempts_max(from.retry.attempts_max);
  NanosToProto(from.retry.delay, to->mutable_retry()->mutable_delay());
  to->mutable_retry()->mutable_statuses()->Assign(from.retry.on_status.begin(),
                                                  from.retry.on_status.end());
  to->set_expect_continue(from.expect_continue);
  for (const Check& check : from.checks) {
    v1::Check* proto = to->add_checks();
    proto->set_name(check.name);
    std::visit([proto](const auto& test) { Write(test, proto); }, check.test);
  }
  for (const Extract& extract : from.extract) {
    WriteExtract(extract, to->add_extracts());
  }
}

void ReadRequest(const v1::RequestStep& from, ProtoReader* reader, RequestStep* to) {
  const ProtoReader::Inside inside(reader, "request");
  if (from.has_method()) {
    reader->Name("method", from.method(), &to->method);
  }
  if (from.has_path()) {
    to->path = from.path();
  }
  ReadFields("query", from.query(), reader, &to->query);
  ReadHeaders(from.headers(), reader, &to->headers);
  reader->Name("name", from.name(), &to->name);
  to->body = from.body();
  to->json = from.json();
  ReadFields("form", from.form(), reader, &to->form);
  if (int{!to->body.empty()} + int{!to->json.empty()} + int{!to->form.empty()} > 1) {
    reader->Refuse("body", "be the only one of body, json and form");
  }
  if (from.has_timeout()) {
    reader->Span("timeout", from.timeout(), &to->timeout);
  }
  if (from.has_redirects_max()) {
    reader->Int("redirects_max", from.redirects_max(), 0, INT_MAX, &to->redirects_max.emplace());
  }
  ReadRetry(from.retry(), reader, &to->retry);
  to->expect_continue = from.expect_continue();
  reader->List("checks", from.checks(), &to->checks,
               [reader](const v1::Check& proto, Check* check) { ReadCheck(proto, reader, check); });
  reader->List("extracts", from.extracts(), &to->extract,
               [reader](const v1::Extract& proto, Extract* extract) {
                 ReadExtract(proto, reader, extract);
               });
}

void WriteHeaders(const HeaderList& headers, HeaderProtos* protos) {
  for (const auto& [name, value] : headers) {
    v1::Header* proto = protos->Add();
    proto->set_name(name);
    proto->set_value(value);
  }
}

void ReadHeaders(const HeaderProtos& protos, ProtoReader* reader, HeaderList* headers) {
  reader->List("headers", protos, headers, [reader](const v1::Header& proto, auto* header) {
    reader->Name("name", proto.name(), &header->first);
    header->second = proto.value();
  });
}

}  // namespace squall
