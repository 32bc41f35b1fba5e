#include "daemon/net/listen_address.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <absl/status/status.h>
#include <fmt/format.h>

namespace squall {
namespace {

absl::Status AddressError(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "must be ADDRESS:PORT such as 127.0.0.1:8082 or [::1]:0, got '{}'", text.substr(0, 80)));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: not a numeric address
};

SocketAddress ToSocketAddress(const ListenAddress& address) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    result.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    result.size = sizeof(sockaddr_in6);
  }
  return result;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return AddressError(text);
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const char* end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, address.port);
  if (problem != std::errc() || rest != end) {
    return AddressError(text);
  }
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") {
    return address;
  }
  address.host = host;
  const SocketAddress parsed = ToSocketAddress(address);
  if (parsed.size == 0 || (parsed.storage.ss_family == AF_INET6) != bracketed) {
    return AddressError(text);
  }
  return address;
}

bool IsLoopback(const ListenAddress& address) {
  in_addr v4{};
  in6_addr v6{};
  constexpr uint32_t kLoopbackNet = 127;
  return (inet_pton(AF_INET, address.host.c_str(), &v4) == 1 &&
          ntohl(v4.s_addr) >> 24 == kLoopbackNet) ||
         (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

absl::Status CheckFree(const ListenAddress& address) {
  const SocketAddress wanted = ToSocketAddress(address);
  const int fd = socket(wanted.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  // As every server here does it: a port whose old connections linger is free.
  const bool free = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                    bind(fd, reinterpret_cast<const sockaddr*>(&wanted.storage), wanted.size) == 0;
  const int problem = errno;
  if (fd >= 0) {
    close(fd);
  }
  return free ? absl::OkStatus()
              : absl::UnavailableError(fmt::format("must be a free address, '{}' is not: {}",
                                                   FormatListenAddress(address),
                                                   std::strerror(problem)));
}

std::string FormatListenAddress(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
               : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace squall
