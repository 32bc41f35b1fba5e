// Turns the civil times that the kernel stamps on what arrives into points of the process's
// monotonic clock. Loop thread only.
#pragma once

#include "daemon/base/clock.h"

namespace squall {

class ReceiveClock final {
 public:
  explicit ReceiveClock(const Clock* clock) : clock_(clock) {}

  // When it arrived, within [earliest, now]. `now` for a stamp that is missing (the epoch) or
  // cannot be right, as after a step of the civil clock.
  TimePoint When(WallTime arrived_at, TimePoint earliest, TimePoint now);

 private:
  void Compare();

  const Clock* const clock_;
  TimePoint compared_at_{};
  Nanos offset_{};  // monotonic minus civil, as counts since their epochs
};

}  // namespace squall
