#include "daemon/plan/url_fault.h"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/plan/yaml_text.h"

namespace squall {

bool IsPort(std::string_view text) {
  const bool digits = !text.empty() && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && std::stoi(std::string(text)) >= 1 && std::stoi(std::string(text)) <= 65535;
}

std::string UrlFault(std::string_view url, std::string_view credentials_go) {
  std::string_view rest = url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) {
      rest = url.substr(scheme.size());
    }
  }
  if (rest.size() == url.size()) {
    return fmt::format("must start with http:// or https://, got '{}'",
                       url.find('@') == std::string_view::npos ? Shown(url) : "a URL with '@'");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return "must not have a query or a fragment";
  }
  const bool spaced = std::any_of(url.begin(), url.end(), [](char c) { return c <= ' '; });
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return fmt::format("must not hold a user name or password; use {}", credentials_go);
  }
  const size_t bracket = authority.rfind(']');  // an IPv6 address stands in brackets
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || spaced || (host.front() == '[') != (host.back() == ']')) {
    return fmt::format("must look like http://host:8082, got '{}'", Shown(url));
  }
  if (colon != std::string_view::npos && !IsPort(authority.substr(colon + 1))) {
    return fmt::format("must have a port from 1 to 65535, got '{}'", Shown(url));
  }
  return "";
}

}  // namespace squall
