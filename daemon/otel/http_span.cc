#include "daemon/otel/http_span.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/common/timestamp.h>
#include <opentelemetry/sdk/common/empty_attributes.h>
#include <opentelemetry/trace/span_context.h>
#include <opentelemetry/trace/span_id.h>
#include <opentelemetry/trace/span_metadata.h>
#include <opentelemetry/trace/trace_flags.h>
#include <opentelemetry/trace/trace_id.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

namespace trace = opentelemetry::trace;
using opentelemetry::common::SystemTimestamp;
using opentelemetry::nostd::string_view;

constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"};

string_view Text(std::string_view text) { return {text.data(), text.size()}; }

// A string of protobuf must be UTF-8; texts of ours were cut, and names come from anywhere.
class SpanAttributes final {
 public:
  explicit SpanAttributes(opentelemetry::sdk::trace::Recordable* out) : out_(out) {}
  void Add(const char* key, std::string_view text) {
    if (IsUtf8(text)) {
      out_->SetAttribute(key, Text(text));
    } else {
      const std::string repaired = ToUtf8(text);
      out_->SetAttribute(key, Text(repaired));
    }
  }
  // One of ours, which is ASCII.
  void AddWord(const char* key, std::string_view word) { out_->SetAttribute(key, Text(word)); }
  void Add(const char* key, uint64_t number) {
    out_->SetAttribute(key, static_cast<int64_t>(number));
  }

 private:
  opentelemetry::sdk::trace::Recordable* const out_;
};

// A request that nobody has named is called by its path and query, or by its whole URL, and the
// reasons of failures quote that: without what `url.full` leaves out, too.
std::string WithoutSecrets(std::string_view text) {
  FixedText<256> shown;
  if (text.find('?') != std::string_view::npos) {
    AssignTarget(text, &shown);
    text = shown.view();
  }
  std::string out(text);
  if (const size_t scheme = out.find("://"); scheme != std::string::npos) {
    const size_t authority = scheme + 3;
    const size_t end = std::min(out.find_first_of("/?# ", authority), out.size());
    if (const size_t at = out.rfind('@', end); at != std::string::npos && at > scheme) {
      out.erase(authority, at + 1 - authority);
    }
  }
  return out;
}

void AddRequest(const RequestSpan& span, std::string_view name, SpanAttributes* out) {
  const std::string_view method = span.method.view();
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) {
    out->AddWord("http.request.method", method);
  } else {
    out->AddWord("http.request.method", "_OTHER");
    out->Add("http.request.method_original", method);
  }
  out->Add("url.full", FullUrl(span));
  out->Add("server.address", span.host.view());
  out->Add("server.port", uint64_t{span.port});
  out->AddWord("network.protocol.version", "1.1");
  out->Add("http.request.size", span.bytes_sent);
  if (span.resend > 0) {
    out->Add("http.request.resend_count", uint64_t{span.resend});
  }
  out->Add("squall.request.name", name);
  out->Add("squall.user", span.user);
}

}  // namespace

std::string FullUrl(const RequestSpan& span) {
  const uint16_t usual = span.tls ? 443 : 80;
  const std::string_view host = span.host.view();
  const bool bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  std::string url;
  url.reserve(sizeof("https://[]:65535") + host.size() + span.target.view().size());
  url.append(span.tls ? "https://" : "http://");
  url.append(bare_v6 ? "[" : "").append(host).append(bare_v6 ? "]" : "");
  if (span.port != usual) {
    std::array<char, 5> digits{};
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), span.port).ptr;
    url.append(":").append(digits.data(), static_cast<size_t>(end - digits.data()));
  }
  url.append(span.target.view());
  return url;
}

std::string ErrorType(const RequestSpan& span) {
  if (span.status >= 400) {
    return std::to_string(span.status);
  }
  const std::string_view reason = span.failure.view();
  const std::string_view kind = reason.substr(0, reason.find_first_of(":('\"[?"));
  const size_t last = kind.find_last_not_of(' ');
  return last == std::string_view::npos ? "_OTHER" : std::string(kind.substr(0, last + 1));
}

void FillRecordable(const RequestSpan& span, opentelemetry::sdk::trace::Recordable* out) {
  out->SetIdentity(
      trace::SpanContext(trace::TraceId(span.context.trace_id), trace::SpanId(span.context.span_id),
                         trace::TraceFlags(trace::TraceFlags::kIsSampled), false),
      trace::SpanId());
  out->SetTraceFlags(trace::TraceFlags(trace::TraceFlags::kIsSampled));
  const std::string name = WithoutSecrets(span.name.view());
  std::string title(span.method.view());
  title.append(" ").append(name);
  if (!IsUtf8(title)) {
    title = ToUtf8(title);
  }
  out->SetName(Text(title));
  out->SetSpanKind(trace::SpanKind::kClient);
  const auto begin = std::chrono::system_clock::time_point(span.begin);
  out->SetStartTime(SystemTimestamp(begin));
  out->SetDuration(span.duration);
  SpanAttributes attributes(out);
  AddRequest(span, name, &attributes);
  if (span.status != 0) {
    attributes.Add("http.response.status_code", uint64_t{span.status});
    attributes.Add("http.response.body.size", span.bytes_received);
  }
  if (span.first_byte.count() > 0) {
    out->AddEvent("first byte", SystemTimestamp(begin + span.first_byte),
                  opentelemetry::sdk::GetEmptyAttributes());
  }
  if (!span.ok) {
    attributes.Add("error.type", ErrorType(span));
    const std::string reason = ToUtf8(WithoutSecrets(span.failure.view()));
    out->SetStatus(trace::StatusCode::kError, Text(reason));
  }
}

}  // namespace squall
