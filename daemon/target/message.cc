#include "daemon/target/message.h"

#include <algorithm>

#include <boost/json.hpp>
#include <boost/url/params_encoded_view.hpp>
#include <boost/url/parse_query.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

TargetResponse JsonResponse(std::string body) {
  TargetResponse response;
  response.body = std::move(body);
  return response;
}

TargetResponse ErrorResponse(int status, std::string_view message) {
  TargetResponse response;
  response.status = status;
  response.body =
      fmt::format(R"({{"error":{}}})",
                  boost::json::serialize(boost::json::string(message.data(), message.size())));
  return response;
}

std::optional<std::string_view> FindHeader(const TargetRequest& request, std::string_view name) {
  for (const HeaderView& header : request.headers) {
    if (SameName(header.name, name)) {
      return header.value;
    }
  }
  return std::nullopt;
}

std::optional<std::string> QueryValue(std::string_view query, std::string_view name) {
  if (query.empty()) {
    return std::nullopt;
  }
  // Boost.URL 1.81 ignores the size of the view and reads to the next NUL, so it gets one.
  const std::string text(query);
  const auto parsed = boost::urls::parse_query(text);
  if (!parsed.has_value()) {
    return std::nullopt;
  }
  for (const auto& parameter : *parsed) {
    boost::urls::encoding_opts options;
    options.space_as_plus = true;
    if (parameter.key.decode(options) == name) {
      return parameter.value.decode(options);
    }
  }
  return std::nullopt;
}

}  // namespace squall
