#include "daemon/engine/run_clock.h"

#include <algorithm>

#include "daemon/base/check.h"

namespace squall {

void RunClock::Start(TimePoint at) {
  SQUALL_CHECK(!started_);
  started_ = true;
  started_at_ = at;
  if (paused_) {
    standstills_.back().from = std::max(standstills_.back().from, at);
  }
}

void RunClock::Pause(TimePoint now) {
  if (paused_) {
    return;
  }
  paused_ = true;
  standstills_.push_back(
      {started_ ? std::max(now, started_at_) : now, TimePoint::max(), paused_total_});
}

void RunClock::Resume(TimePoint now) {
  if (!paused_) {
    return;
  }
  paused_ = false;
  Standstill& last = standstills_.back();
  if (!started_ || now <= last.from) {
    standstills_.pop_back();  // it was over before the run's time could stand still
    return;
  }
  last.to = now;
  paused_total_ += last.to - last.from;
}

Nanos RunClock::Elapsed(TimePoint when) const {
  Nanos still{0};
  // From the end: nearly every question is about now.
  const auto last = std::find_if(standstills_.rbegin(), standstills_.rend(),
                                 [when](const Standstill& each) { return each.from < when; });
  if (last != standstills_.rend()) {
    still = last->before + (std::min(when, last->to) - last->from);
  }
  return std::max(Nanos(0), when - started_at_ - still);
}

}  // namespace squall
