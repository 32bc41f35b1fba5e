// The clock is an argument: everything that asks for the time takes a Clock, and only main() and
// this room make a real one. Unit tests hand in a ManualClock and never sleep.
#pragma once

#include <atomic>
#include <chrono>

namespace squall {

using Nanos = std::chrono::nanoseconds;
// A point on the process's monotonic clock; comparable only inside one process.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Nanos>;
// A point in civil time, in nanoseconds since 1970-01-01 UTC; for people and other machines.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Nanos>;

// Any thread may call both methods.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual WallTime Wall() const = 0;
};

// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  TimePoint Now() const override;
  WallTime Wall() const override;
};

// Moves only when told to; monotonic and civil time advance together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000)));
  TimePoint Now() const override;
  WallTime Wall() const override;
  void Advance(Nanos by);

 private:
  const WallTime start_;
  std::atomic<int64_t> elapsed_ns_{0};
};

}  // namespace squall
