#include "daemon/http/access.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdint>
#include <netinet/in.h>
#include <system_error>

#include <fmt/format.h>

#include "daemon/base/ascii.h"

namespace squall {
namespace {

constexpr uint64_t kSmallBodyBytes = 16 << 10;

// "http://Host:80/path" is "host", with the port when it is not the scheme's own; "" for what is no
// HTTP URL, such as the Origin "null". The scheme does not count: a proxy may have taken off TLS.
std::string Authority(std::string_view url) {
  const size_t colon = url.find("://");
  const std::string scheme = LowerCase(url.substr(0, colon));
  if (colon == url.npos || (scheme != "http" && scheme != "https")) {
    return "";
  }
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::string_view own_port = scheme == "http" ? ":80" : ":443";
  if (authority.ends_with(own_port)) {
    authority.remove_suffix(own_port.size());
  }
  return LowerCase(authority);
}

// Whether the page at `url` is one of the host that the request is sent to.
bool IsOurs(std::string_view url, std::string_view host_header) {
  const std::string authority = Authority(url);
  if (authority.empty()) {
    return false;
  }
  const std::string_view scheme = url.substr(0, url.find("://"));
  return authority == Authority(fmt::format("{}://{}", scheme, host_header));
}

bool IsAddress(const std::string& name) {
  in6_addr address;
  return name.starts_with('[') ? name.ends_with(']')
                               : inet_pton(AF_INET, name.c_str(), &address) == 1;
}

std::string_view WithoutSlash(std::string_view path) {
  return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

std::string HostName(std::string_view host_header) {
  std::string_view name = Trim(host_header);
  const size_t bracket = name.find(']');
  const size_t colon = name.find(':', bracket == name.npos ? 0 : bracket);
  name = name.substr(0, colon);
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return LowerCase(name);
}

bool IsAllowedHost(const AccessRules& rules, std::string_view host_header) {
  const std::string name = HostName(host_header);
  if (!rules.loopback && rules.allowed_hosts.empty() &&
      (!rules.open || IsAddress(name) || name == LowerCase(rules.machine))) {
    return true;
  }
  const std::string own = LowerCase(rules.listen_host);
  const bool is_own = name == own || name == fmt::format("[{}]", own) || name == "localhost" ||
                      name == "127.0.0.1" || name == "[::1]";
  return is_own || std::any_of(rules.allowed_hosts.begin(), rules.allowed_hosts.end(),
                               [&](const std::string& allowed) {
                                 return allowed == "*" || HostName(allowed) == name;
                               });
}

bool ChangesState(const AccessRules& rules, const HttpRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") {
    return std::any_of(
        rules.changing_gets.begin(), rules.changing_gets.end(),
        [&](const std::string& path) { return WithoutSlash(path) == WithoutSlash(request.path); });
  }
  return request.method != "OPTIONS";
}

bool IsFromForeignPage(const HttpRequest& request) {
  const std::string host = request.Header("host");
  const std::string origin = request.Header("origin");
  const std::string site = LowerCase(request.Header("sec-fetch-site"));
  const std::string referer = request.Header("referer");
  if (!origin.empty() && !IsOurs(origin, host)) {
    return true;
  }
  if (!site.empty() && site != "same-origin" && site != "none") {
    return true;
  }
  return origin.empty() && site.empty() && !referer.empty() && !IsOurs(referer, host);
}

bool IsUntoldBrowserGet(const HttpRequest& request) {
  for (const char* name : {"origin", "sec-fetch-site", "referer"}) {
    if (!request.Header(name).empty()) {
      return false;
    }
  }
  const std::string accept = LowerCase(request.Header("accept"));
  const bool wants_page = accept.find("text/html") != accept.npos;
  const bool wants_image = accept.find("image/") != accept.npos;
  return request.method == "GET" &&
         (wants_page || wants_image || request.Header("user-agent").starts_with("Mozilla/"));
}

bool IsOpen(const HttpRequest& request) {
  const std::string_view path = request.path;
  if (request.method == "POST") {
    return path == "/login";
  }
  const bool looks = request.method == "GET" || request.method == "HEAD";
  return looks && (path == "/login" || path == "/healthz" || path == "/icon.svg" ||
                   path == "/favicon.ico" || path.starts_with("/assets/"));
}

bool HasSmallBody(const HttpRequest& request) {
  const std::string length = request.Header("content-length");
  uint64_t bytes = 0;
  const auto [rest, problem] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  return request.Header("transfer-encoding").empty() &&
         (length.empty() || (problem == std::errc() && bytes <= kSmallBodyBytes));
}

}  // namespace squall
