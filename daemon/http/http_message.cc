#include "daemon/http/http_message.h"

#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "daemon/http/header_text.h"
#include "daemon/http/url_text.h"

namespace squall {
namespace {

constexpr size_t kFieldsMax = 1000;

std::string_view CodeOf(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 405:
    case 501:
      return "UNIMPLEMENTED";
    case 408:
      return "DEADLINE_EXCEEDED";
    case 409:
      return "FAILED_PRECONDITION";
    case 413:
    case 429:
    case 431:
      return "RESOURCE_EXHAUSTED";
    case 503:
      return "UNAVAILABLE";
    default:
      return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : ToUtf8(text)) {  // a path may hold any bytes
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      quoted += fmt::format("\\u{:04x}", c);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

std::optional<std::string> HttpRequest::FindQuery(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::string HttpRequest::Query(std::string_view name) const { return FindQuery(name).value_or(""); }

std::string HttpRequest::Header(std::string_view lower_case_name) const {
  const auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? "" : found->second;
}

bool HttpRequest::ClientHas(std::string_view etag) const {
  return NamesEtag(Header("if-none-match"), etag);
}

std::vector<std::pair<std::string, std::string>> ParseForm(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!text.empty() && fields.size() < kFieldsMax) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(field.size() < text.size() ? field.size() + 1 : field.size());
    if (field.empty()) {
      continue;
    }
    const size_t equals = field.find('=');
    const std::string_view value =
        equals == field.npos ? std::string_view() : field.substr(equals + 1);
    fields.emplace_back(DecodeUrlText(field.substr(0, equals), PlusSign::kIsSpace),
                        DecodeUrlText(value, PlusSign::kIsSpace));
  }
  return fields;
}

HttpReply TextReply(int status, std::string text, std::string content_type) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = std::move(content_type);
  reply.body = std::make_shared<const std::string>(std::move(text));
  return reply;
}

HttpReply JsonReply(int status, std::string json) {
  return TextReply(status, std::move(json), "application/json");
}

HttpReply ErrorReply(int status, std::string_view message) {
  return JsonReply(status, fmt::format(R"({{"error":{{"code":"{}","message":{}}}}})",
                                       CodeOf(status), JsonString(message)));
}

HttpReply NotModifiedReply(std::string etag) {
  HttpReply reply;
  reply.status = 304;
  reply.etag = std::move(etag);
  return reply;
}

HttpReply RedirectReply(std::string location) {
  HttpReply reply = TextReply(303, "");
  reply.headers.emplace_back("Location", std::move(location));
  return reply;
}

}  // namespace squall
