#include "daemon/protocol/http/url.h"

#include <algorithm>

#include <absl/status/status.h>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

constexpr size_t kUrlLengthMax = 16 * 1024;

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

absl::Status BadUrl(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format(
      "must be a URL such as http://host:8080/path, got '{}' ({})", text.substr(0, 80), why));
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
  if (view.has_port() && !view.port().empty()) {
    if (view.port_number() == 0) {
      return BadUrl(text, "port out of range");
    }
    url.origin.port = view.port_number();
  }
  url.target = std::string(view.encoded_target());
  if (view.has_userinfo()) {
    url.userinfo = view.userinfo();
  }
  return url;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

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
  const std::string base_text =
      fmt::format("{}://{}{}", origin.tls ? "https" : "http", origin.Authority(), target);
  const auto base = boost::urls::parse_uri(base_text);
  const auto reference = boost::urls::parse_uri_reference({location.data(), location.size()});
  if (base.has_error() || reference.has_error()) {
    return BadUrl(location, "not a valid redirect");
  }
  boost::urls::url resolved;
  if (boost::urls::resolve(*base, *reference, resolved).has_error()) {
    return BadUrl(location, "not a valid redirect");
  }
  absl::StatusOr<Url> url = FromView(resolved, location);
  if (url.ok() && url->target.empty()) {
    url->target = "/";
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

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      out.push_back(i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63]);
    }
  }
  return out;
}

}  // namespace squall
