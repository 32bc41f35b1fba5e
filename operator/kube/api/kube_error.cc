#include "operator/kube/api/kube_error.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "daemon/base/utf8.h"
#include "operator/kube/api/object.h"
#include "operator/kube/api/watch_frames.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr char kPayload[] = "squall.dev/kube-error";
constexpr size_t kTextBytesMax = 4096;
constexpr size_t kCausesMax = 100;
constexpr int64_t kRetryAfterSecondsMax = 3600;

struct CodeName {
  int code;
  std::string_view reason;
};
// The server's words; the first of a code is what a bare code means.
constexpr CodeName kCodes[] = {
    {400, "BadRequest"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "NotFound"},
    {405, "MethodNotAllowed"},
    {406, "NotAcceptable"},
    {409, "Conflict"},
    {409, "AlreadyExists"},
    {410, "Expired"},
    {410, "Gone"},
    {413, "RequestEntityTooLarge"},
    {415, "UnsupportedMediaType"},
    {422, "Invalid"},
    {429, "TooManyRequests"},
    {500, "InternalError"},
    {503, "ServiceUnavailable"},
    {504, "Timeout"},
    {504, "ServerTimeout"},
};

std::string_view ReasonOfCode(int code) {
  const auto* found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                   [code](const CodeName& entry) { return entry.code == code; });
  return found == std::end(kCodes) ? "Unknown" : found->reason;
}

int CodeOfReason(std::string_view reason) {
  const auto* found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                   [&](const CodeName& e) { return e.reason == reason; });
  return found == std::end(kCodes) ? 500 : found->code;
}

// One line: it goes into logs, conditions and Events, and as JSON into a payload.
std::string Clean(std::string_view text, size_t bytes_max) {
  std::string clean;
  AppendPrintable(text, bytes_max, &clean);
  return clean;
}

std::optional<Nanos> ReadRetryAfter(std::string_view header) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  // The other form, a date, is not used by API servers.
  if (error != std::errc() || end != header.data() + header.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::min(seconds, kRetryAfterSecondsMax));
}

absl::StatusCode StatusCodeOf(const KubeError& error) {
  switch (error.http_code) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
      return absl::StatusCode::kUnavailable;
    case 409:
      return error.reason == "AlreadyExists" ? absl::StatusCode::kAlreadyExists
                                             : absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 504:
      return error.HasCause("ResourceVersionTooLarge") ? absl::StatusCode::kDeadlineExceeded
                                                       : absl::StatusCode::kUnavailable;
    default:
      return error.http_code >= 400 && error.http_code < 500 ? absl::StatusCode::kInvalidArgument
                                                             : absl::StatusCode::kUnavailable;
  }
}

std::string ToJson(const KubeError& error) {
  json::array causes;
  for (const KubeErrorCause& cause : error.causes) {
    causes.push_back(
        {{"field", cause.field}, {"reason", cause.reason}, {"message", cause.message}});
  }
  json::object details{{"causes", std::move(causes)}};
  if (error.retry_after) {
    details["retryAfterSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(*error.retry_after).count();
  }
  return json::serialize(json::object{{"kind", "Status"},
                                      {"code", error.http_code},
                                      {"reason", error.reason},
                                      {"message", error.message},
                                      {"details", std::move(details)}});
}

KubeError FromStatus(const json::object& status, size_t bytes_max) {
  const auto text = [&](const json::object& in, std::string_view path) {
    return Clean(StringAt(in, path), bytes_max);
  };
  KubeError error;
  error.reason = text(status, "reason");
  const int64_t code = IntAt(status, "code");
  error.http_code =
      code >= 100 && code <= 999 ? static_cast<int>(code) : CodeOfReason(error.reason);
  if (error.reason.empty()) {
    error.reason = ReasonOfCode(error.http_code);
  }
  error.message = text(status, "message");
  if (const json::array* causes = ArrayAt(status, "details.causes")) {
    for (const json::value& value : *causes) {
      if (value.is_object() && error.causes.size() < kCausesMax) {
        const json::object& cause = value.get_object();
        error.causes.push_back(
            {text(cause, "field"), text(cause, "reason"), text(cause, "message")});
      }
    }
  }
  const int64_t seconds = IntAt(status, "details.retryAfterSeconds", -1);
  if (seconds >= 0) {
    error.retry_after = std::chrono::seconds(std::min(seconds, kRetryAfterSecondsMax));
  }
  return error;
}

}  // namespace

bool KubeError::HasCause(std::string_view cause_reason) const {
  return std::any_of(causes.begin(), causes.end(),
                     [&](const KubeErrorCause& cause) { return cause.reason == cause_reason; });
}

KubeError KubeErrorFromStatus(const json::object& status) {
  return FromStatus(status, kTextBytesMax);
}

KubeError ReadKubeError(int http_code, std::string_view body, std::string_view retry_after_header) {
  KubeError error;
  const absl::StatusOr<json::object> status = ParseJsonObject(body);
  if (status.ok() && StringAt(*status, "kind") == "Status") {
    error = KubeErrorFromStatus(*status);
    if (error.http_code != http_code && StringAt(*status, "reason").empty()) {
      error.reason = ReasonOfCode(http_code);
    }
  } else {
    error.reason = ReasonOfCode(http_code);
    // The first words of a page that somebody in between has written.
    constexpr size_t kExcerptBytes = 200;
    error.message = body.empty() ? "the server gave no reason"
                                 : fmt::format("the server answered without a Status: {}",
                                               Clean(body, kExcerptBytes));
  }
  error.http_code = http_code;
  if (const std::optional<Nanos> retry_after = ReadRetryAfter(retry_after_header)) {
    error.retry_after = retry_after;
  }
  return error;
}

absl::Status ToStatus(const KubeError& error, std::string_view context) {
  absl::Status status(StatusCodeOf(error),
                      fmt::format("{}{}{} ({} {})", context, context.empty() ? "" : ": ",
                                  error.message.empty() ? "refused" : error.message,
                                  error.http_code, error.reason));
  status.SetPayload(kPayload, absl::Cord(ToJson(error)));
  return status;
}

std::optional<KubeError> KubeErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) {
    return std::nullopt;
  }
  const absl::StatusOr<json::object> object = ParseJsonObject(std::string(*payload));
  // Was cut when it was first read.
  return object.ok() ? std::optional(FromStatus(*object, SIZE_MAX)) : std::nullopt;
}

}  // namespace squall
