#include "tests/daemon/sinks/test_receiver.h"

#include <arpa/inet.h>
#include <array>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace squall {

TestReceiver::TestReceiver(std::string answer) : answer_(std::move(answer)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_, any, size), 0);
  EXPECT_EQ(listen(listener_, 8), 0);
  EXPECT_EQ(getsockname(listener_, any, &size), 0);
  port_ = ntohs(address.sin_port);
  EXPECT_EQ(pipe(stop_), 0);
  thread_ = std::thread([this] { Serve(); });
}

TestReceiver::~TestReceiver() {
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  close(listener_);
}

std::string TestReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<std::string> TestReceiver::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void TestReceiver::Answer(std::vector<std::string> next) {
  const std::lock_guard<std::mutex> lock(mutex_);
  next_answers_ = std::move(next);
}

void TestReceiver::Serve() {
  while (true) {
    std::array<pollfd, 2> both = {{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) {
      return;
    }
    const int connection = accept(listener_, nullptr, nullptr);
    ++connections_;
    Talk(connection);
    close(connection);
  }
}

void TestReceiver::Talk(int connection) {
  std::string text;
  std::array<char, 65536> block;
  while (true) {
    std::array<pollfd, 2> both = {{{connection, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
    poll(both.data(), both.size(), -1);
    const ssize_t size = both[1].revents != 0 ? 0 : read(connection, block.data(), block.size());
    if (size <= 0) {
      return;
    }
    text.append(block.data(), static_cast<size_t>(size));
    const size_t head = text.find("\r\n\r\n");
    const size_t length = text.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos ||
        text.size() < head + 4 + std::stoul(text.substr(length + 16))) {
      continue;
    }
    std::string answer = answer_;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(std::exchange(text, ""));
      if (!next_answers_.empty()) {
        answer = next_answers_.front();
        next_answers_.erase(next_answers_.begin());
      }
    }
    if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
      return;
    }
  }
}

}  // namespace squall
