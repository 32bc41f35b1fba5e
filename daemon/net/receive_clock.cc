#include "daemon/net/receive_clock.h"

namespace squall {
namespace {

// The civil clock is slewed by at most 500 µs a second, so the error stays below a tenth of that.
constexpr Nanos kGoodFor = std::chrono::milliseconds(100);
constexpr int kReadings = 3;

}  // namespace

TimePoint ReceiveClock::When(WallTime arrived_at, TimePoint earliest, TimePoint now) {
  if (arrived_at == WallTime{}) {
    return now;
  }
  if (compared_at_ == TimePoint{} || now - compared_at_ > kGoodFor) {
    compared_at_ = now;
    Compare();
  }
  const TimePoint when(arrived_at.time_since_epoch() + offset_);
  return when < earliest || when > now ? now : when;
}

// Of several readings the one that took the least time: in the others the thread was interrupted.
void ReceiveClock::Compare() {
  Nanos best = Nanos::max();
  for (int i = 0; i < kReadings; ++i) {
    const TimePoint before = clock_->Now();
    const WallTime wall = clock_->Wall();
    const Nanos took = clock_->Now() - before;
    if (took < best) {
      best = took;
      offset_ = (before + took / 2).time_since_epoch() - wall.time_since_epoch();
    }
  }
}

}  // namespace squall
