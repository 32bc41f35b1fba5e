// The users that a closed load profile asks for, as straight lines in whole numbers: a target such
// as int(run_time * 5) is exact at every nanosecond, and stays so after a million seconds.
//
// Plain values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/base/clock.h"

namespace squall {

// The end of what has no end.
inline constexpr Nanos kForever = Nanos::max();
inline constexpr int64_t kMicrosPerUser = 1'000'000;

struct TargetLeg {
  Nanos start{0};
  Nanos end{0};      // the first instant after the leg; kForever if there is none
  int64_t from = 0;  // millionths of a user, at `start`
  int64_t rise = 0;  // millionths of a user in each `run`
  Nanos run{1};
  double spawn_rate = 0;  // per second
  bool operator==(const TargetLeg&) const = default;
};

// The whole users asked for at `at` (inside the leg): rounded down, as int() does in a shape class.
uint64_t TargetAt(const TargetLeg& leg, Nanos at);

// The first instant of a sloping leg at which its target is `users`, or the start if it is so from
// the start. May lie behind the end; saturates at kForever.
Nanos TargetReached(const TargetLeg& leg, uint64_t users);

// The next instant after `at`, inside the leg, at which TargetAt changes.
std::optional<Nanos> NextTargetChange(const TargetLeg& leg, Nanos at);

// Targets per second, negative when they fall.
double SlopeOf(const TargetLeg& leg);

}  // namespace squall
