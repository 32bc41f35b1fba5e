// The run's own time: it begins at an agreed instant and stands still while the run is paused. Pure
// (every instant is an argument); one owner, one thread.
#pragma once

#include <vector>

#include "daemon/base/clock.h"

namespace squall {

class RunClock final {
 public:
  // `at` may lie in the future. Once.
  void Start(TimePoint at);
  bool started() const { return started_; }
  TimePoint started_at() const { return started_at_; }

  // Also before the start: the run's time then stays at 0 until Resume. Repeating either changes
  // nothing.
  void Pause(TimePoint now);
  void Resume(TimePoint now);
  bool paused() const { return paused_; }

  // The run's time at `when`, in the past too: only pauses before `when` are left out. Never below
  // 0.
  Nanos Elapsed(TimePoint when) const;
  // When the run's time will have come to `elapsed`, if no further pause comes. For what is still
  // to do: what should have been done before a pause counts as just as late as it was then.
  TimePoint InstantOf(Nanos elapsed) const { return started_at_ + elapsed + paused_total_; }

 private:
  struct Standstill {
    TimePoint from;
    TimePoint to;  // TimePoint::max() while it lasts
    Nanos before;  // the length of all earlier ones
  };

  bool started_ = false;
  bool paused_ = false;
  TimePoint started_at_{};
  Nanos paused_total_{0};  // of the pauses that are over
  std::vector<Standstill> standstills_;
};

}  // namespace squall
