#include "daemon/programs/run_desk.h"

#include <utility>

namespace squall {

void RunDesk::Interrupt(int count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  interrupts_ = count;
  interrupt_is_news_ = true;
  if (listener_) {
    listener_(count);
  }
  changed_.notify_all();
}

void RunDesk::PressEnter() {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter_is_news_ = true;
  changed_.notify_all();
}

void RunDesk::Begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  busy_ = true;
}

void RunDesk::Heed(std::function<void(int)> listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listener_ = std::move(listener);
  if (listener_ && interrupts_ > 0) {
    listener_(interrupts_);
  }
}

void RunDesk::Conclude(int exit_code) {
  const std::lock_guard<std::mutex> lock(mutex_);
  exit_code_ = exit_code;
}

void RunDesk::Over() {
  const std::lock_guard<std::mutex> lock(mutex_);
  busy_ = false;
  over_is_news_ = true;
  changed_.notify_all();
}

RunDesk::News RunDesk::Wait(std::optional<TimePoint> until) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    if (interrupt_is_news_) {
      interrupt_is_news_ = false;
      return News::kInterrupted;
    }
    if (over_is_news_) {
      over_is_news_ = false;
      return News::kOver;
    }
    if (enter_is_news_) {
      enter_is_news_ = false;
      return News::kEnter;
    }
    if (!until.has_value()) {
      changed_.wait(lock);
      continue;
    }
    const Nanos left = *until - clock_->Now();
    if (left <= Nanos(0)) {
      return News::kNothing;
    }
    changed_.wait_for(lock, left);
  }
}

bool RunDesk::busy() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return busy_;
}

bool RunDesk::interrupted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return interrupts_ > 0;
}

std::optional<int> RunDesk::exit_code() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return exit_code_;
}

}  // namespace squall
