// Where a program that runs load learns what has happened: a signal, Enter on its terminal, a run
// that has begun or is over. Written by any thread, waited for by one.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "daemon/base/clock.h"

namespace squall {

class RunDesk final {
 public:
  enum class News { kNothing, kInterrupted, kEnter, kOver };

  explicit RunDesk(const Clock* clock) : clock_(clock) {}

  void Interrupt(int count);  // so many signals so far
  void PressEnter();
  void Begin();                  // of a run
  void Conclude(int exit_code);  // it has its report, or is known to come to none
  void Over();                   // another one may begin
  // Whom to tell at once of a signal, on the signal's thread: whoever loads or runs just now. Of
  // one that came before, here; nullptr: nobody any more.
  void Heed(std::function<void(int count)> listener);

  // The next thing that has happened; kNothing when `until` has come before (none: waits for ever).
  News Wait(std::optional<TimePoint> until);
  bool busy() const;         // a run goes on
  bool interrupted() const;  // by a signal
  // Of the run that was concluded last; nothing when there was none.
  std::optional<int> exit_code() const;

 private:
  const Clock* const clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void(int)> listener_;  // guarded by mutex_, as those below
  int interrupts_ = 0;
  bool interrupt_is_news_ = false;
  bool enter_is_news_ = false;
  bool over_is_news_ = false;
  bool busy_ = false;
  std::optional<int> exit_code_;
};

}  // namespace squall
