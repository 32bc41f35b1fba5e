// The event loop of one shard: epoll (edge triggered), timers, and a mailbox for other threads.
// docs/adr/0001 says why it is ours and not Asio's.
//
// Everything here is called on the loop's own thread, except Post and Stop, which any thread may
// call. A Waiter stands for one suspended coroutine; a user needs only one, since it does one thing
// at a time.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <sys/epoll.h>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

class Reactor;

enum class Wake : uint8_t {
  kReady,      // what was waited for has come
  kDeadline,   // the deadline passed first
  kCancelled,  // Reactor::Cancel
};

// Owned by the user or service that suspends on it; must be idle when it dies.
class Waiter final {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool waiting() const { return waiting_; }

 private:
  friend class Reactor;
  std::coroutine_handle<> handle_;
  TimePoint deadline_{};
  TimePoint heap_time_{};  // when the heap will look at it: at or before deadline_
  uint32_t heap_index_ = UINT32_MAX;
  Wake reason_ = Wake::kReady;
  bool waiting_ = false;
  bool cancelled_ = false;  // sticky: later waits return kCancelled at once, until Rearm
};

// A descriptor's registration. Owned by whoever owns the descriptor; unregister before closing.
struct FdWatch {
  int fd = -1;
  Waiter* reader = nullptr;  // resumed on the next readable edge
  Waiter* writer = nullptr;
  bool readable = false;  // an edge has come that was not yet read to exhaustion
  bool writable = false;
  bool hung_up = false;  // the peer has closed or the socket is in error
};

class Reactor final {
 public:
  static constexpr TimePoint kNever = TimePoint::max();

  // RESOURCE_EXHAUSTED when the process has no descriptors left.
  static absl::StatusOr<std::unique_ptr<Reactor>> Make(const Clock* clock);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs until Stop.
  void Run();

  // For a loop that is nested in another one, instead of Run: the other loop waits until fd() is
  // readable, which includes that a deadline has come, and calls Turn. RESOURCE_EXHAUSTED.
  absl::Status Nest();
  int fd() const { return epoll_fd_; }
  // Does what can be done without waiting.
  void Turn();

  void Stop();
  void Post(std::function<void()> work);

  // The time at the start of this turn of the loop: constant while handlers run.
  TimePoint now() const { return now_; }
  // Civil time that belongs to now().
  WallTime wall() const { return wall_anchor_ + (now_ - now_anchor_); }
  // Asks the clock, for what must be measured inside a turn.
  TimePoint Fresh() const { return clock_->Now(); }
  const Clock& clock() const { return *clock_; }

  absl::Status Register(FdWatch* watch);  // errno as text; RESOURCE_EXHAUSTED for ENOSPC/ENOMEM
  void Unregister(FdWatch* watch);

  // Suspends the awaiting coroutine until Resume, Cancel or the deadline.
  auto Suspend(Waiter* waiter, TimePoint deadline) {
    struct Awaiter {
      Reactor* reactor;
      Waiter* waiter;
      TimePoint deadline;
      bool await_ready() const noexcept { return waiter->cancelled_; }
      void await_suspend(std::coroutine_handle<> handle) const {
        reactor->Arm(waiter, handle, deadline);
      }
      Wake await_resume() const noexcept { return Reason(*waiter); }
    };
    return Awaiter{this, waiter, deadline};
  }
  // The two halves of Suspend, for awaiters of other classes.
  void Arm(Waiter* waiter, std::coroutine_handle<> handle, TimePoint deadline);
  static Wake Reason(const Waiter& waiter) {
    return waiter.cancelled_ ? Wake::kCancelled : waiter.reason_;
  }
  static bool IsCancelled(const Waiter& waiter) { return waiter.cancelled_; }

  // Wakes a suspended coroutine with kReady in this or the next turn; nothing when it is not
  // waiting. Until it runs, its waiter must not die.
  void Resume(Waiter* waiter);
  // Wakes it with kCancelled, and lets every later Suspend return kCancelled at once until Rearm.
  void Cancel(Waiter* waiter);
  void Rearm(Waiter* waiter) { waiter->cancelled_ = false; }
  // The coroutine that waits is never resumed: for an owner who is about to destroy it. A watch
  // that names the waiter must be unregistered first.
  void Abandon(Waiter* waiter);
  // Takes the waiter out of the timer heap before it dies.
  void Forget(Waiter* waiter);

  // How late a timer was run, for every deadline that was the reason of a wake-up.
  void set_on_lag(std::function<void(Nanos)> on_lag) { on_lag_ = std::move(on_lag); }

 private:
  Reactor(const Clock* clock, int epoll_fd, int event_fd);
  void Tick();
  Nanos BlockTime() const;
  void WaitForEvents(Nanos block);
  void SetAlarm(TimePoint at);
  void RunTimers();
  void RunReady();
  void RunPosted();
  void MakeReady(Waiter* waiter, Wake reason);
  void WakeUp(Waiter* waiter);

  void HeapPush(Waiter* waiter);
  void HeapPop();
  void HeapRemove(Waiter* waiter);
  void SiftUp(uint32_t index);
  void SiftDown(uint32_t index);
  void HeapSet(uint32_t index, Waiter* waiter);

  const Clock* const clock_;
  const int epoll_fd_;
  const int event_fd_;
  FdWatch event_watch_;
  TimePoint now_;
  TimePoint now_anchor_;
  WallTime wall_anchor_;
  static constexpr int kEventsPerTurn = 512;
  std::array<epoll_event, kEventsPerTurn> events_{};  // of this turn …
  int event_next_ = 0;                                // … those not looked at yet
  int event_count_ = 0;
  std::vector<Waiter*> heap_;   // 4-ary, by heap_time_
  std::vector<Waiter*> ready_;  // to resume at the end of the turn
  std::vector<Waiter*> ready_now_;
  std::function<void(Nanos)> on_lag_;
  bool pwait2_missing_ = false;
  FdWatch alarm_watch_;          // nested: a timerfd that is set to …
  TimePoint alarm_at_ = kNever;  // … this, the first deadline or earlier
  bool unattended_ = false;      // nested, and not in a turn: its end sets the alarm
  bool stopped_ = false;

  std::mutex mailbox_mutex_;
  std::vector<std::function<void()>> mailbox_;
};

}  // namespace squall
