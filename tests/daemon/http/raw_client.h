// A raw connection to 127.0.0.1, for tests that care about bytes. Reads give up after half a
// minute, so that a broken server fails a test.
#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace squall {

class RawClient final {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  int fd() const { return fd_; }
  void Send(const std::string& text) { send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // What has come up to and with `text`, or until the peer closed.
  std::string ReadUntil(const std::string& text) {
    while (received_.find(text) == std::string::npos && Fill()) {
    }
    const size_t end = received_.find(text);
    if (end == std::string::npos) {
      return std::exchange(received_, "");
    }
    const std::string part = received_.substr(0, end + text.size());
    received_.erase(0, part.size());
    return part;
  }
  std::string ReadAll() {
    while (Fill()) {
    }
    return std::exchange(received_, "");
  }

 private:
  bool Fill() {
    char block[16384];
    const ssize_t size = recv(fd_, block, sizeof block, 0);
    received_.append(block, size > 0 ? static_cast<size_t>(size) : 0);
    return size > 0;
  }

  const int fd_;
  std::string received_;
};

}  // namespace squall
