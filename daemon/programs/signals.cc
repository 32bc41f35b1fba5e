#include "daemon/programs/signals.h"

#include <signal.h>
#include <unistd.h>
#include <utility>

namespace squall {
namespace {

constexpr int kExitInterrupted = 130;
constexpr int kSignalsMax = 2;  // the next one ends the process

sigset_t StopSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);  // our own: the thread should end
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { Wait(); });
}

StopSignals::~StopSignals() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void StopSignals::Handle(std::function<void(int)> handler) {
  const std::lock_guard<std::mutex> lock(mutex_);
  handler_ = std::move(handler);
  if (handler_ && count_ > 0) {
    handler_(count_);
  }
}

bool StopSignals::received() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return count_ > 0;
}

void StopSignals::Wait() {
  const sigset_t set = StopSet();
  while (true) {
    int number = 0;
    sigwait(&set, &number);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closing_) {
      return;
    }
    if (number == SIGUSR1) {
      continue;
    }
    ++count_;
    if (!handler_ || count_ > kSignalsMax) {
      _exit(kExitInterrupted);
    }
    handler_(count_);
  }
}

}  // namespace squall
