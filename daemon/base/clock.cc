#include "daemon/base/clock.h"

namespace squall {

TimePoint SystemClock::Now() const {
  return std::chrono::time_point_cast<Nanos>(std::chrono::steady_clock::now());
}

WallTime SystemClock::Wall() const {
  return std::chrono::time_point_cast<Nanos>(std::chrono::system_clock::now());
}

ManualClock::ManualClock(WallTime start) : start_(start) {}

TimePoint ManualClock::Now() const { return TimePoint(Nanos(elapsed_ns_.load())); }

WallTime ManualClock::Wall() const { return start_ + Nanos(elapsed_ns_.load()); }

void ManualClock::Advance(Nanos by) { elapsed_ns_ += by.count(); }

}  // namespace squall
