// HOST:PORT as people type it after --listen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace squall {

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IPv4 or IPv6 address; "localhost" is read as 127.0.0.1
  uint16_t port = 0;               // 0: the kernel picks one

  bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:8082", "[::1]:8082", "localhost:0". INVALID_ARGUMENT for names, which would need DNS,
// and for everything else.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// Nobody outside this machine can reach it.
bool IsLoopback(const ListenAddress& address);

// UNAVAILABLE with the system's reason when nobody could listen there just now. For a message; only
// the server that binds the address can be sure.
absl::Status CheckFree(const ListenAddress& address);

// "127.0.0.1:8082", "[::1]:8082".
std::string FormatListenAddress(const ListenAddress& address);

}  // namespace squall
