// A receiver of datagrams on loopback.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace squall {

class TestDatagrams final {
 public:
  // All of 127.0.0.0/8 is this machine; port 0: any.
  explicit TestDatagrams(const std::string& host = "127.0.0.1", int port = 0)
      : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, any, size), 0);
    EXPECT_EQ(getsockname(fd_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    address_ = host + ":" + std::to_string(port_);
  }
  ~TestDatagrams() { close(fd_); }
  TestDatagrams(const TestDatagrams&) = delete;
  TestDatagrams& operator=(const TestDatagrams&) = delete;

  const std::string& address() const { return address_; }
  int port() const { return port_; }
  // The next datagram, or "".
  std::string Take() const {
    std::array<char, 2000> block;
    const ssize_t size = recv(fd_, block.data(), block.size(), MSG_DONTWAIT);
    return {block.data(), static_cast<size_t>(std::max<ssize_t>(0, size))};
  }

 private:
  const int fd_;
  int port_ = 0;
  std::string address_;
};

}  // namespace squall
