#include "daemon/protocol/http/url.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <absl/status/status.h>
#include <boost/url/host_type.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kUrlLengthMax = size_t{16} * 1024;

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

absl::Status BadUrl(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format(
      "must be a URL such as http://host:8080/path, got '{}' ({})", text.substr(0, 80), why));
}

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Percent-encodes what may not stand in a URL but is often found there, above all in redirects:
// spaces, non-ASCII letters, braces, a lone '%'; and the characters of `also`.
std::string Repaired(std::string_view text, std::string_view also) {
  constexpr std::string_view kBad = "\"<>\\^`{|}";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool lone_percent =
        text[i] == '%' && !(i + 2 < text.size() && IsHex(text[i + 1]) && IsHex(text[i + 2]));
    if (byte <= ' ' || byte >= 127 || lone_percent || kBad.find(text[i]) != kBad.npos ||
        also.find(text[i]) != also.npos) {
      AppendPercentEncoded(text.substr(i, 1), &out);
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// The host arrives decoded: "%0d%0a" in it would write header lines, "%2f" another target.
bool IsPlainHost(std::string_view host) {
  constexpr std::string_view kDelimiters = "/?#@[]\\%\"<>^`{|}";
  return std::all_of(host.begin(), host.end(), [&](char c) {
    return c > ' ' && c < 127 && kDelimiters.find(c) == kDelimiters.npos;
  });
}

absl::StatusOr<Url> FromView(const boost::urls::url_view& view, std::string_view text) {
  Url url;
  if (view.scheme_id() == boost::urls::scheme::https) {
    url.origin.tls = true;
    url.origin.port = 443;
  } else if (view.scheme_id() != boost::urls::scheme::http) {
    return BadUrl(text, "scheme is not http or https");
  }
  url.origin.host = view.host_address();
  if (url.origin.host.empty()) {
    return BadUrl(text, "no host");
  }
  const bool ip6 = view.host_type() == boost::urls::host_type::ipv6;
  if (!IsPlainHost(url.origin.host) || (!ip6 && url.origin.host.find(':') != std::string::npos)) {
    return BadUrl(text, "not a host name");
  }
  for (char& c : url.origin.host) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (view.has_port() && !view.port().empty()) {
    // Boost.URL 1.81 reads 99999 as 34463.
    const std::string port(view.port());
    const auto [end, problem] =
        std::from_chars(port.data(), port.data() + port.size(), url.origin.port);
    if (problem != std::errc() || end != port.data() + port.size() || url.origin.port == 0) {
      return BadUrl(text, "port out of range");
    }
  }
  url.target = std::string(view.encoded_target());
  if (!url.target.empty() && url.target[0] != '/' && url.target[0] != '?') {
    return BadUrl(text, "port is not a number");  // which 1.81 takes for the path
  }
  if (view.has_userinfo()) {
    url.userinfo = view.userinfo();
  }
  return url;
}

}  // namespace

std::string Origin::HostHeader() const {
  return port == (tls ? 443 : 80) ? Bracketed(host) : Authority();
}

std::string Origin::Authority() const { return fmt::format("{}:{}", Bracketed(host), port); }

bool IsAbsoluteUrl(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  if (text.size() > kUrlLengthMax) {
    return BadUrl(text, "too long");
  }
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (parsed.has_error()) {
    return BadUrl(text, "not a valid URL");
  }
  return FromView(*parsed, text);
}

absl::StatusOr<Url> ResolveLocation(const Origin& origin, std::string_view target,
                                    std::string_view location) {
  if (location.size() > kUrlLengthMax) {
    return BadUrl(location, "too long");
  }
  const std::string base_text = fmt::format("{}://{}{}", origin.tls ? "https" : "http",
                                            origin.Authority(), Repaired(target, "[]#"));
  const auto base = boost::urls::parse_uri(base_text);
  const std::string repaired = Repaired(location, "");
  const auto reference = boost::urls::parse_uri_reference(repaired);
  if (base.has_error() || reference.has_error()) {
    return BadUrl(location, "not a valid redirect");
  }
  boost::urls::url resolved;
  if (boost::urls::resolve(*base, *reference, resolved).has_error()) {
    return BadUrl(location, "not a valid redirect");
  }
  absl::StatusOr<Url> url = FromView(resolved, location);
  if (url.ok()) {
    while (url->target.starts_with("/../")) {  // above the root is the root (RFC 3986, 5.2.4)
      url->target.erase(0, 3);
    }
    if (!url->target.starts_with('/')) {
      url->target.insert(0, "/");
    }
  }
  return url;
}

void AppendPercentEncoded(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out->push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out->push_back('%');
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
}

}  // namespace squall
