// The address of an API server or proxy, as kubeconfigs write it. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace squall {

struct ServerUrl {
  bool tls = false;
  std::string host;  // a name or an address, IPv6 without brackets
  uint16_t port = 0;
  std::string base_path;  // "/k8s/clusters/c-1", without a slash at the end; mostly ""
  std::string user, password;

  std::string HostPort() const;  // "10.0.0.1:443", "[::1]:443": for Host, CONNECT and messages
  bool operator==(const ServerUrl&) const = default;
};

// "https://10.0.0.1:6443". INVALID_ARGUMENT begins with `what`, the name of the field, and shows no
// password.
absl::StatusOr<ServerUrl> ParseServerUrl(std::string_view what, std::string_view text);

}  // namespace squall
