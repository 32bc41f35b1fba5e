#include "daemon/net/reactor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/check.h"

namespace squall {
namespace {

constexpr uint32_t kNotInHeap = UINT32_MAX;
constexpr uint32_t kArity = 4;
// A turn never blocks longer, so that civil time is re-anchored after the system clock was set.
constexpr Nanos kBlockMax = std::chrono::seconds(1);

absl::Status SystemError(std::string_view what, int error) {
  const std::string text = fmt::format("{}: {}", what, std::strerror(error));
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::InternalError(text);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Reactor>> Reactor::Make(const Clock* clock) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) {
    return SystemError("epoll_create1", errno);
  }
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    const int error = errno;
    close(epoll_fd);
    return SystemError("eventfd", error);
  }
  std::unique_ptr<Reactor> reactor(new Reactor(clock, epoll_fd, event_fd));  // private constructor
  absl::Status status = reactor->Register(&reactor->event_watch_);
  if (!status.ok()) {
    return status;
  }
  return reactor;
}

Reactor::Reactor(const Clock* clock, int epoll_fd, int event_fd)
    : clock_(clock),
      epoll_fd_(epoll_fd),
      event_fd_(event_fd),
      now_(clock->Now()),
      now_anchor_(now_),
      wall_anchor_(clock->Wall()) {
  event_watch_.fd = event_fd;
}

Reactor::~Reactor() {
  close(event_fd_);
  if (alarm_watch_.fd >= 0) {
    close(alarm_watch_.fd);
  }
  close(epoll_fd_);
}

void Reactor::Run() {
  stopped_ = false;
  Tick();
  while (!stopped_) {
    WaitForEvents(BlockTime());
    RunTimers();
    RunPosted();
    RunReady();
  }
}

absl::Status Reactor::Nest() {
  alarm_watch_.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (alarm_watch_.fd < 0) {
    return SystemError("timerfd_create", errno);
  }
  unattended_ = true;
  return Register(&alarm_watch_);
}

void Reactor::Turn() {
  unattended_ = false;
  WaitForEvents(Nanos(0));
  if (alarm_watch_.readable) {
    alarm_watch_.readable = false;
    alarm_at_ = kNever;
  }
  RunTimers();
  RunPosted();
  RunReady();
  unattended_ = true;
  if (!ready_.empty()) {
    SetAlarm(now_);
  } else if (!heap_.empty()) {
    SetAlarm(heap_.front()->heap_time_);
  }
}

// Nested: fd() becomes readable then, at the latest. A deadline that went away costs a turn in
// vain.
void Reactor::SetAlarm(TimePoint at) {
  if (at >= alarm_at_) {
    return;
  }
  alarm_at_ = at;
  // 0 would turn the timer off; steady_clock is CLOCK_MONOTONIC.
  const int64_t nanos = std::max<int64_t>(1, at.time_since_epoch().count());
  itimerspec when{};
  when.it_value.tv_sec = nanos / 1'000'000'000;
  when.it_value.tv_nsec = nanos % 1'000'000'000;
  timerfd_settime(alarm_watch_.fd, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Reactor::Stop() {
  Post([this] { stopped_ = true; });
}

void Reactor::Post(std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> lock(mailbox_mutex_);
    mailbox_.push_back(std::move(work));
  }
  const uint64_t one = 1;
  // The counter can only be full when the loop is about to wake up anyway.
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof(one));
}

absl::Status Reactor::Register(FdWatch* watch) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = watch;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, watch->fd, &event) != 0) {
    return SystemError("epoll_ctl", errno);
  }
  return absl::OkStatus();
}

void Reactor::Unregister(FdWatch* watch) {
  epoll_event event{};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, watch->fd, &event);
  // A coroutine may close another connection of its own whose event of this turn is still to come.
  for (int i = event_next_; i < event_count_; ++i) {
    if (events_[i].data.ptr == watch) {
      events_[i].data.ptr = nullptr;
    }
  }
}

void Reactor::Arm(Waiter* waiter, std::coroutine_handle<> handle, TimePoint deadline) {
  SQUALL_CHECK(!waiter->waiting_);
  waiter->handle_ = handle;
  waiter->waiting_ = true;
  waiter->deadline_ = deadline;
  if (deadline == kNever) {
    return;
  }
  if (waiter->heap_index_ == kNotInHeap) {
    waiter->heap_time_ = deadline;
    HeapPush(waiter);
  } else if (deadline < waiter->heap_time_) {
    waiter->heap_time_ = deadline;
    SiftUp(waiter->heap_index_);
  }
  // Otherwise the heap looks at it too early, finds the later deadline and puts it back: a request
  // that ends in time never touches the heap.
  if (unattended_) {
    SetAlarm(heap_.front()->heap_time_);
  }
}

void Reactor::Resume(Waiter* waiter) {
  if (waiter->waiting_) {
    MakeReady(waiter, Wake::kReady);
  }
}

void Reactor::Cancel(Waiter* waiter) {
  waiter->cancelled_ = true;
  if (waiter->waiting_) {
    MakeReady(waiter, Wake::kCancelled);
  }
}

void Reactor::MakeReady(Waiter* waiter, Wake reason) {
  waiter->waiting_ = false;
  waiter->reason_ = reason;
  ready_.push_back(waiter);
  if (unattended_) {
    SetAlarm(now_);
  }
}

void Reactor::Abandon(Waiter* waiter) {
  waiter->waiting_ = false;
  Waiter* const nobody = nullptr;
  std::replace(ready_.begin(), ready_.end(), waiter, nobody);
  std::replace(ready_now_.begin(), ready_now_.end(), waiter, nobody);
  Forget(waiter);
}

void Reactor::Forget(Waiter* waiter) {
  SQUALL_CHECK(!waiter->waiting_);
  if (waiter->heap_index_ != kNotInHeap) {
    HeapRemove(waiter);
  }
}

// At once, without the detour over ready_: what a descriptor brought is the hot path.
void Reactor::WakeUp(Waiter* waiter) {
  if (waiter->waiting_) {
    waiter->waiting_ = false;
    waiter->reason_ = Wake::kReady;
    waiter->handle_.resume();
  }
}

void Reactor::Tick() {
  now_ = clock_->Now();
  if (now_ - now_anchor_ > kBlockMax) {
    now_anchor_ = now_;
    wall_anchor_ = clock_->Wall();
  }
}

Nanos Reactor::BlockTime() const {
  if (!ready_.empty()) {
    return Nanos(0);
  }
  return heap_.empty() ? kBlockMax
                       : std::clamp(heap_.front()->heap_time_ - clock_->Now(), Nanos(0), kBlockMax);
}

void Reactor::WaitForEvents(Nanos block) {
  int count = -1;
  if (!pwait2_missing_) {
    const timespec timeout{block.count() / 1'000'000'000, block.count() % 1'000'000'000};
    count = epoll_pwait2(epoll_fd_, events_.data(), kEventsPerTurn, &timeout, nullptr);
    pwait2_missing_ = count < 0 && errno == ENOSYS;  // kernels before 5.11, some sandboxes
  }
  if (pwait2_missing_) {
    const int millis = static_cast<int>((block.count() + 999'999) / 1'000'000);
    count = epoll_wait(epoll_fd_, events_.data(), kEventsPerTurn, millis);
  }
  Tick();
  event_count_ = count;
  for (event_next_ = 0; event_next_ < event_count_;) {
    const epoll_event& event = events_[event_next_++];
    auto* watch = static_cast<FdWatch*>(event.data.ptr);
    if (watch == nullptr) {
      continue;  // unregistered since
    }
    const uint32_t mask = event.events;
    const bool broken = (mask & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0;
    watch->hung_up = watch->hung_up || broken;
    // A broken socket is both readable and writable: the next call will say what is wrong.
    watch->writable = watch->writable || broken || (mask & EPOLLOUT) != 0;
    if (broken || (mask & EPOLLIN) != 0) {
      watch->readable = true;
    }
    // At most one of the two wakes: the coroutine may close the watch.
    if (watch->readable && watch->reader != nullptr) {
      WakeUp(std::exchange(watch->reader, nullptr));
    } else if (watch->writable && watch->writer != nullptr) {
      WakeUp(std::exchange(watch->writer, nullptr));
    }
  }
}

// Collects first and resumes with the ready ones: whoever sets a timer for now in its turn gets the
// next turn, not this one, so nobody can hold the loop by never waiting.
void Reactor::RunTimers() {
  while (!heap_.empty() && heap_.front()->heap_time_ <= now_) {
    Waiter* waiter = heap_.front();
    if (!waiter->waiting_ || waiter->deadline_ == kNever) {
      HeapPop();
      continue;
    }
    if (waiter->deadline_ > now_) {
      waiter->heap_time_ = waiter->deadline_;
      SiftDown(0);
      continue;
    }
    HeapPop();
    if (on_lag_) {
      on_lag_(now_ - waiter->deadline_);
    }
    MakeReady(waiter, Wake::kDeadline);
  }
}

void Reactor::RunReady() {
  ready_now_.swap(ready_);
  for (size_t i = 0; i < ready_now_.size(); ++i) {
    if (ready_now_[i] != nullptr) {  // abandoned since
      ready_now_[i]->handle_.resume();
    }
  }
  ready_now_.clear();
}

void Reactor::RunPosted() {
  if (!event_watch_.readable) {
    return;
  }
  event_watch_.readable = false;
  uint64_t counter = 0;
  [[maybe_unused]] const ssize_t got = read(event_fd_, &counter, sizeof(counter));
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard<std::mutex> lock(mailbox_mutex_);
    work.swap(mailbox_);
  }
  for (const auto& item : work) {
    item();
  }
}

void Reactor::HeapSet(uint32_t index, Waiter* waiter) {
  heap_[index] = waiter;
  waiter->heap_index_ = index;
}

void Reactor::HeapPush(Waiter* waiter) {
  heap_.push_back(waiter);
  waiter->heap_index_ = static_cast<uint32_t>(heap_.size() - 1);
  SiftUp(waiter->heap_index_);
}

void Reactor::HeapPop() { HeapRemove(heap_.front()); }

void Reactor::HeapRemove(Waiter* waiter) {
  const uint32_t index = waiter->heap_index_;
  Waiter* last = heap_.back();
  heap_.pop_back();
  waiter->heap_index_ = kNotInHeap;
  if (last != waiter) {
    HeapSet(index, last);
    SiftUp(index);
    SiftDown(last->heap_index_);
  }
}

void Reactor::SiftUp(uint32_t index) {
  Waiter* waiter = heap_[index];
  while (index > 0) {
    const uint32_t parent = (index - 1) / kArity;
    if (heap_[parent]->heap_time_ <= waiter->heap_time_) {
      break;
    }
    HeapSet(index, heap_[parent]);
    index = parent;
  }
  HeapSet(index, waiter);
}

void Reactor::SiftDown(uint32_t index) {
  Waiter* waiter = heap_[index];
  while (true) {
    const uint64_t first = uint64_t{index} * kArity + 1;
    if (first >= heap_.size()) {
      break;
    }
    const uint64_t end = std::min<uint64_t>(first + kArity, heap_.size());
    uint32_t best = static_cast<uint32_t>(first);
    for (uint64_t child = first + 1; child < end; ++child) {
      if (heap_[child]->heap_time_ < heap_[best]->heap_time_) {
        best = static_cast<uint32_t>(child);
      }
    }
    if (waiter->heap_time_ <= heap_[best]->heap_time_) {
      break;
    }
    HeapSet(index, heap_[best]);
    index = best;
  }
  HeapSet(index, waiter);
}

}  // namespace squall
