// Where a request goes. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace squall {

struct Origin {
  bool tls = false;
  std::string host;  // lower case, without brackets
  uint16_t port = 80;
  bool operator==(const Origin&) const = default;

  // As the Host header wants it: the port only when it is not the scheme's own.
  std::string HostHeader() const;
  // host:port, always.
  std::string Authority() const;
};

struct Url {
  Origin origin;
  std::string target;    // path and query; "" when the URL has none
  std::string userinfo;  // "user:password", decoded; "" when absent
  bool operator==(const Url&) const = default;
};

// http://… or https://…; INVALID_ARGUMENT for anything else. A fragment is dropped.
absl::StatusOr<Url> ParseUrl(std::string_view text);
bool IsAbsoluteUrl(std::string_view text);

// The Location of a redirect, absolute or relative to the request it answers (RFC 3986, 5.2). What
// it should have percent-encoded but has not, is.
absl::StatusOr<Url> ResolveLocation(const Origin& origin, std::string_view target,
                                    std::string_view location);

// Percent-encodes everything but RFC 3986's unreserved characters.
void AppendPercentEncoded(std::string_view text, std::string* out);

}  // namespace squall
