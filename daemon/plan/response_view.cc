#include "daemon/plan/response_view.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kReasonValueBytesMax = 64;

struct Phrase {
  int status;
  std::string_view text;
};

// RFC 9110 and the few others that load tests meet, ordered by status.
constexpr Phrase kPhrases[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace

const Value* BodyJson::Get(std::string_view body) const {
  if (!parsed_) {
    parsed_ = true;
    if (auto value = ParseJson(body); value.ok()) {
      value_ = *std::move(value);
    }
  }
  return value_ ? &*value_ : nullptr;
}

std::optional<std::string> DefaultStatusFailure(int status) {
  if (status < 400) {
    return std::nullopt;
  }
  const auto* found =
      std::lower_bound(std::begin(kPhrases), std::end(kPhrases), status,
                       [](const Phrase& phrase, int wanted) { return phrase.status < wanted; });
  if (found == std::end(kPhrases) || found->status != status) {
    return fmt::format("HTTP {}", status);
  }
  return fmt::format("HTTP {} {}", status, found->text);
}

std::string InvalidJsonReason(std::string_view body) {
  return body.empty() ? "Invalid JSON: empty body" : "Invalid JSON";
}

std::string ReasonValue(std::string_view text) {
  std::string shown;
  AppendPrintable(text, kReasonValueBytesMax, &shown);
  return shown;
}

}  // namespace squall
