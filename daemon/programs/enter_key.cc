#include "daemon/programs/enter_key.h"

#include <array>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace squall {
namespace {

constexpr int kBackgroundMillis = 500;

// A process in the background that reads its terminal is stopped by the kernel; one whose terminal
// is not the controlling one has neither foreground nor background.
bool InForeground() {
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);
  return foreground < 0 || foreground == getpgrp();
}

}  // namespace

std::unique_ptr<EnterKey> EnterKey::Listen(std::function<void()> pressed) {
  if (isatty(STDIN_FILENO) == 0) {
    return nullptr;
  }
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    return nullptr;
  }
  return std::unique_ptr<EnterKey>(new EnterKey(std::move(pressed), wake));
}

EnterKey::EnterKey(std::function<void()> pressed, int wake)
    : pressed_(std::move(pressed)), wake_(wake), thread_([this] { Run(); }) {}

EnterKey::~EnterKey() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));
  thread_.join();
  close(wake_);
}

void EnterKey::Run() {
  std::array<pollfd, 2> waited = {pollfd{wake_, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
  while (true) {
    const bool listen = InForeground();
    waited[1].fd = listen ? STDIN_FILENO : -1;
    if (poll(waited.data(), waited.size(), listen ? -1 : kBackgroundMillis) < 0) {
      continue;  // a signal
    }
    if (waited[0].revents != 0) {
      return;
    }
    if (waited[1].fd < 0 || waited[1].revents == 0 || !InForeground()) {
      continue;
    }
    std::array<char, 256> line{};
    const ssize_t got = read(STDIN_FILENO, line.data(), line.size());
    if (got <= 0) {
      return;  // Ctrl-D, or the terminal is gone
    }
    pressed_();  // a terminal gives whole lines
  }
}

}  // namespace squall
