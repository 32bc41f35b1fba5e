#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/template.h"

namespace squall {
namespace {

void ParseTimeouts(Fields* fields, Service* service) {
  // "timeout_seconds" and "request_timeout_seconds" are the seed document's names.
  fields->OneOf({"timeout", "timeout_seconds", "request_timeout_seconds"}, false);
  constexpr NumberRange kSeconds{.min = 0, .max = 86400, .above_min = true};
  for (const char* key : {"timeout_seconds", "request_timeout_seconds"}) {
    std::optional<double> seconds;
    fields->Number(key, kSeconds, &seconds);
    if (seconds) {
      service->timeout = FromSeconds(*seconds);
    }
  }
  fields->Span("timeout", SpanRule::kPositive, &service->timeout);
  fields->Span("connect_timeout", SpanRule::kPositive, &service->connect_timeout);
  fields->Span("tls_timeout", SpanRule::kPositive, &service->tls_timeout);
  fields->Span("first_byte_timeout", SpanRule::kPositive, &service->first_byte_timeout);
}

// Secrets: no message may show their text.
void ReadSecret(Fields* fields, std::string_view key, std::string* out, Reading* reading) {
  const std::optional<Place> place = fields->Require(key);
  if (!place) {
    return;
  }
  if (!place->node->IsScalar() || place->node->text.empty()) {
    reading->problems->Add(*place, "must be text that is not empty");
    return;
  }
  const absl::StatusOr<Template> compiled = Template::Compile(place->node->text);
  if (!compiled.ok()) {
    reading->problems->Add(*place, "must be a valid template; its text is not shown here");
    return;
  }
  *out = place->node->text;
}

void ParseAuth(const Place& place, Service* service, Reading* reading) {
  Fields fields(place, reading->problems);
  fields.OneOf({"basic", "bearer"}, true);
  if (const auto basic = fields.Find("basic")) {
    Fields pair(*basic, reading->problems);
    BasicAuth auth;
    pair.Require("username");
    ReadTemplateField(&pair, "username", &auth.username, reading);
    ReadSecret(&pair, "password", &auth.password, reading);
    service->basic_auth = std::move(auth);
  }
  if (fields.Has("bearer")) {
    ReadSecret(&fields, "bearer", &service->bearer_token, reading);
  }
}

TlsSettings ParseTls(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  TlsSettings tls;
  fields.Truth("insecure_skip_verify", &tls.insecure_skip_verify);
  ReadPem(&fields, "ca_file", &tls.ca_pem, reading);
  ReadPem(&fields, "client_cert_file", &tls.client_cert_pem, reading);
  ReadPem(&fields, "client_key_file", &tls.client_key_pem, reading);
  fields.FilledText("server_name", &tls.server_name);
  if (fields.Has("client_cert_file") != fields.Has("client_key_file")) {
    reading->problems->Add(place, "must have client_cert_file and client_key_file together");
  }
  return tls;
}

void ParseLimits(Fields* fields, Service* service) {
  fields->Span("dns_ttl", SpanRule::kAny, &service->dns_ttl);
  fields->Whole("max_redirects", {.min = 0, .max = 100}, &service->redirects_max);
  fields->Bytes("max_body", &service->body_bytes_max);
  fields->Bytes("max_header", &service->header_bytes_max);
  fields->Truth("keep_alive", &service->keep_alive);
  fields->Truth("cookies", &service->cookies);
  fields->Truth("accept_gzip", &service->accept_gzip);
}

}  // namespace

Service ParseService(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Service service;
  if (const auto url = fields.Find("base_url")) {
    service.base_url = ReadUrl(*url, reading).value_or(service.base_url);
  }
  ParseTimeouts(&fields, &service);
  if (const auto headers = fields.Find("headers")) {
    service.headers = ParseHeaders(*headers, reading);
  }
  if (const auto auth = fields.Find("auth")) {
    ParseAuth(*auth, &service, reading);
  }
  if (const auto tls = fields.Find("tls")) {
    service.tls = ParseTls(*tls, reading);
  }
  if (const auto proxy = fields.Find("proxy")) {
    service.proxy = ReadUrl(*proxy, reading).value_or("");
    if (service.proxy.starts_with("https:")) {
      reading->problems->Add(*proxy, "must start with http://, got https");
    }
  }
  ParseLimits(&fields, &service);
  return service;
}

}  // namespace squall
