#include "daemon/target/fixtures.h"

#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/gzip.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr std::string_view kBasicCredentials = "Basic ZGVtbzpkZW1v";  // demo:demo
constexpr std::string_view kBearerCredentials = "Bearer demo-token";
constexpr std::string_view kCookieName = "session=";

boost::json::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::optional<int64_t> WholeNumber(std::string_view text, int64_t min, int64_t max) {
  int64_t value = 0;
  const auto [rest, problem] = std::from_chars(text.begin(), text.end(), value);
  const bool whole = problem == std::errc() && rest == text.end();
  return whole && value >= min && value <= max ? std::optional(value) : std::nullopt;
}

TargetResponse NumberError(std::string_view field, int64_t min, int64_t max,
                           std::string_view text) {
  return ErrorResponse(400, fmt::format("{} must be a whole number from {} to {}, got '{}'", field,
                                        min, max, text.substr(0, 40)));
}

}  // namespace

TargetResponse BytesFixture(const TargetCall& call) {
  const auto size = WholeNumber(call.parameter, 0, kFixtureBytesMax);
  if (!size.has_value()) {
    return NumberError("n", 0, kFixtureBytesMax, call.parameter);
  }
  TargetResponse response;
  response.content_type = "application/octet-stream";
  response.filler_bytes = *size;
  return response;
}

TargetResponse StatusFixture(const TargetCall& call) {
  const auto status = WholeNumber(call.parameter, 200, 599);
  if (!status.has_value()) {
    return NumberError("code", 200, 599, call.parameter);
  }
  TargetResponse response;
  response.status = static_cast<int>(*status);
  response.body = fmt::format(R"({{"status":{}}})", *status);
  return response;
}

TargetResponse DelayFixture(const TargetCall& call) {
  const auto millis = WholeNumber(call.parameter, 0, kFixtureDelayMsMax);
  if (!millis.has_value()) {
    return NumberError("ms", 0, kFixtureDelayMsMax, call.parameter);
  }
  TargetResponse response = JsonResponse(fmt::format(R"({{"delay_ms":{}}})", *millis));
  response.delay = std::chrono::milliseconds(*millis);
  return response;
}

TargetResponse RedirectFixture(const TargetCall& call) {
  const auto hops = WholeNumber(call.parameter, 0, kFixtureRedirectsMax);
  if (!hops.has_value()) {
    return NumberError("n", 0, kFixtureRedirectsMax, call.parameter);
  }
  const std::string code = QueryValue(call.query, "code").value_or("302");
  if (code != "301" && code != "302" && code != "303" && code != "307" && code != "308") {
    return ErrorResponse(400, fmt::format("code must be 301, 302, 303, 307 or 308, got '{}'",
                                          std::string_view(code).substr(0, 40)));
  }
  TargetResponse response = JsonResponse(
      fmt::format(R"({{"redirects_left":{},"method":{}}})", *hops,
                  boost::json::serialize(boost::json::string(View(call.request.method)))));
  if (*hops > 0) {
    response.status = static_cast<int>(*WholeNumber(code, 301, 308));
    response.headers.emplace_back(
        "Location",
        fmt::format("/redirect/{}{}{}", *hops - 1, call.query.empty() ? "" : "?", call.query));
  }
  return response;
}

TargetResponse CookieSetFixture(const TargetCall& call) {
  const std::string value = QueryValue(call.query, "value").value_or("demo");
  for (const char c : value) {
    if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == ';' || c == '\\') {
      return ErrorResponse(400, "value must be made of cookie characters (RFC 6265)");
    }
  }
  TargetResponse response = JsonResponse(R"({"cookie":"set"})");
  response.headers.emplace_back("Set-Cookie",
                                fmt::format("{}{}; Path=/; HttpOnly", kCookieName, value));
  return response;
}

TargetResponse CookieCheckFixture(const TargetCall& call) {
  std::string_view rest = FindHeader(call.request, "Cookie").value_or("");
  while (!rest.empty()) {
    const size_t end = rest.find(';');
    std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.substr(0, kCookieName.size()) == kCookieName) {
      pair.remove_prefix(kCookieName.size());
      return JsonResponse(fmt::format(R"({{"session":{}}})",
                                      boost::json::serialize(boost::json::string(View(pair)))));
    }
  }
  return ErrorResponse(403, "the cookie 'session' must be sent: GET /cookie/set hands it out");
}

TargetResponse GzipFixture(const TargetCall&) {
  static const std::string packed =
      Gzip(R"({"gzipped":true,"text":"squall squall squall squall squall squall squall squall"})",
           GzipEffort::kUsual);
  TargetResponse response = JsonResponse(packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

TargetResponse ChunkedFixture(const TargetCall&) {
  TargetResponse response = JsonResponse(R"({"chunked":true,"text":"one two three four five"})");
  response.framing = BodyFraming::kChunked;
  return response;
}

TargetResponse CloseFixture(const TargetCall&) {
  TargetResponse response = JsonResponse(R"({"framing":"until close"})");
  response.framing = BodyFraming::kUntilClose;
  return response;
}

TargetResponse EchoFixture(const TargetCall& call) {
  boost::json::object headers;
  for (const HeaderView& header : call.request.headers) {
    boost::json::value& value = headers[View(header.name)];
    if (value.is_string()) {
      value.as_string() += fmt::format(", {}", header.value);
    } else {
      value = View(header.value);
    }
  }
  boost::json::object echo;
  echo["method"] = View(call.request.method);
  echo["target"] = View(call.request.target);
  echo["headers"] = std::move(headers);
  // JSON cannot carry a body that is not text: its size has to do.
  if (IsUtf8(call.request.body)) {
    echo["body"] = View(call.request.body);
  } else {
    echo["body"] = nullptr;
  }
  echo["body_bytes"] = call.request.body.size();
  return JsonResponse(boost::json::serialize(echo));
}

TargetResponse BasicAuthFixture(const TargetCall& call) {
  if (FindHeader(call.request, "Authorization") == kBasicCredentials) {
    return JsonResponse(R"({"user":"demo"})");
  }
  TargetResponse response = ErrorResponse(401, "user and password must be demo:demo");
  response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="squall-target")");
  return response;
}

TargetResponse BearerFixture(const TargetCall& call) {
  if (FindHeader(call.request, "Authorization") == kBearerCredentials) {
    return JsonResponse(R"({"token":"accepted"})");
  }
  TargetResponse response = ErrorResponse(401, "the bearer token must be demo-token");
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="squall-target")");
  return response;
}

TargetResponse TruncateFixture(const TargetCall&) {
  TargetResponse response;
  response.content_type = "text/plain";
  response.body = std::string(1000, 'x');
  response.framing = BodyFraming::kTruncated;
  return response;
}

TargetResponse DropFixture(const TargetCall&) {
  TargetResponse response;
  response.framing = BodyFraming::kNoAnswer;
  return response;
}

}  // namespace squall
