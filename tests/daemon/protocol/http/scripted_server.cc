#include "tests/daemon/protocol/http/scripted_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr timeval kPatience = {30, 0};

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int BoundSocket(const std::string& ip, uint16_t* port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  EXPECT_EQ(inet_pton(AF_INET, ip.c_str(), &address.sin_addr), 1);
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  *port = ntohs(address.sin_port);
  return descriptor;
}

// The Content-Length of a request head; 0 when it names none.
size_t BodySize(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const size_t at = head.find(kName);
  size_t size = 0;
  if (at != std::string_view::npos) {
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), size);
  }
  return size;
}

bool SendAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

bool HttpPeer::Fill() {
  char block[64 << 10];
  const ssize_t size = ::recv(descriptor_, block, sizeof block, 0);
  if (size > 0) {
    received_.append(block, static_cast<size_t>(size));
  }
  return size > 0;
}

std::string HttpPeer::ReadHead() {
  size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) {
      return "";
    }
  }
  std::string head = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  return head;
}

std::string HttpPeer::ReadRequest() {
  std::string request = ReadHead();
  const size_t size = BodySize(request);
  while (received_.size() < size && Fill()) {
  }
  request += received_.substr(0, size);
  received_.erase(0, std::min(size, received_.size()));
  return request;
}

bool HttpPeer::Send(std::string_view text) { return SendAll(descriptor_, text); }

std::string HttpPeer::ReadUntilClose() {
  while (Fill()) {
  }
  return std::exchange(received_, "");
}

void HttpPeer::Reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void HttpPeer::RelayTo(uint16_t port) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (::connect(other, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ADD_FAILURE() << "nobody listens at port " << port;
  }
  bool open = SendAll(other, std::exchange(received_, ""));
  while (open) {
    pollfd watched[] = {{descriptor_, POLLIN, 0}, {other, POLLIN, 0}};
    ::poll(watched, 2, -1);
    for (int side = 0; side < 2 && open; ++side) {
      if (watched[side].revents != 0) {
        char block[16 << 10];
        const ssize_t size = ::recv(watched[side].fd, block, sizeof block, 0);
        open = size > 0 && SendAll(watched[1 - side].fd, {block, static_cast<size_t>(size)});
      }
    }
  }
  ::close(other);
}

ScriptedServer::ScriptedServer(std::vector<ServerScript> scripts, std::string address)
    : scripts_(std::move(scripts)),
      address_(std::move(address)),
      listener_(BoundSocket(address_, &port_)) {
  EXPECT_EQ(::listen(listener_, 16), 0);
  thread_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (current_ >= 0) {
      ::shutdown(current_, SHUT_RDWR);
    }
  }
  Join();
  ::close(listener_);
}

void ScriptedServer::Join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::string ScriptedServer::url() const { return fmt::format("http://{}:{}", address_, port_); }

int ScriptedServer::connections() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connections_;
}

void ScriptedServer::Serve() {
  for (const ServerScript& script : scripts_) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
      return;
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++connections_;
      current_ = descriptor;
      if (stopping_) {
        ::shutdown(descriptor, SHUT_RDWR);
      }
    }
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    HttpPeer peer(descriptor);
    script(&peer);
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = -1;
    ::close(descriptor);
  }
  ::shutdown(listener_, SHUT_RDWR);
}

std::string Reply(std::string_view status, std::string_view body, std::string_view more) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), more,
                     body);
}

ServerScript Once(std::string text) {
  return [text = std::move(text)](HttpPeer* peer) {
    peer->ReadRequest();
    peer->Send(text);
  };
}

ServerScript Answers(std::vector<std::string> texts) {
  return [texts = std::move(texts)](HttpPeer* peer) {
    for (const std::string& text : texts) {
      peer->ReadRequest();
      peer->Send(text);
    }
    peer->ReadUntilClose();
  };
}

ServerScript Stalls(std::string text) { return Answers({std::move(text)}); }

uint16_t ClosedPort() {
  uint16_t port = 0;
  ::close(BoundSocket("127.0.0.1", &port));
  return port;
}

}  // namespace squall
