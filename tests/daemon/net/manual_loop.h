// A Reactor on the test's own thread whose time moves only when told to: one call is one turn of
// the loop, so every timer test is exact and instant.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "daemon/base/check.h"
#include "daemon/base/clock.h"
#include "daemon/net/co.h"
#include "daemon/net/reactor.h"

namespace squall {

class ManualLoop final {
 public:
  ManualLoop() {
    auto made = Reactor::Make(&clock_);
    SQUALL_CHECK(made.ok());
    reactor_ = *std::move(made);
  }

  Reactor* reactor() { return reactor_.get(); }
  ManualClock& clock() { return clock_; }

  // Lets `by` pass and runs one turn.
  void Turn(Nanos by = Nanos(0)) {
    clock_.Advance(by);
    reactor_->Stop();  // posted: takes effect at the end of the first turn
    reactor_->Run();
  }
  // Turns without time passing until `done`; at most `limit`, since a test must end.
  template <typename Done>
  bool TurnUntil(Done done, int limit = 1000) {
    while (!done() && limit-- > 0) {
      Turn();
    }
    return done();
  }

 private:
  ManualClock clock_;
  std::unique_ptr<Reactor> reactor_;
};

// A coroutine that waits and notes what woke it; again for every call of Wait.
class Sleeper final {
 public:
  explicit Sleeper(ManualLoop* loop) : loop_(loop) {}
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    loop_->reactor()->Cancel(&waiter);
    loop_->Turn();  // a waiter that was woken must live until it has run
    loop_->reactor()->Forget(&waiter);
  }

  void Wait(TimePoint deadline) {
    task_ = WaitOnce(this, deadline);
    task_.Start();
  }

  Waiter waiter;
  std::vector<Wake> wakes;

 private:
  static Co<void> WaitOnce(Sleeper* self, TimePoint deadline) {
    self->wakes.push_back(co_await self->loop_->reactor()->Suspend(&self->waiter, deadline));
  }
  ManualLoop* const loop_;
  Co<void> task_;
};

}  // namespace squall
