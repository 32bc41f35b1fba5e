// How many users run when the target is followed no faster than the spawn rate allows.
//
// The rule, from which everything follows: users start (and stop) one at a time, as soon as the
// target asks for it and 1/spawn_rate seconds have passed since the last start or stop. So in a
// jump from v users to more, user v starts at once and user v + i exactly i/spawn_rate seconds
// later, rounded to the nanosecond; a jump down mirrors it, from the highest number. A target that
// moves slower than the spawn rate is followed at once: the users are the target, rounded down.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/target_leg.h"

namespace squall {

// Immutable value; any thread. Queries take O(log n) in the number of legs.
class PlannedUsers final {
 public:
  PlannedUsers() = default;
  // `legs` touch each other and begin at 0.
  explicit PlannedUsers(std::vector<TargetLeg> legs);

  Nanos End() const;  // kForever if there is none; 0 without legs
  // The leg at `elapsed`; null before 0 and after the end.
  const TargetLeg* LegAt(Nanos elapsed) const;
  uint64_t At(Nanos elapsed) const;  // 0 before 0 and after the end
  // The first instant after `elapsed` at which At differs from At(elapsed).
  std::optional<Nanos> NextChange(Nanos elapsed) const;
  uint64_t Peak() const { return peak_; }
  // Where the curve bends or jumps, ascending, 0 and the end (if there is one) included; between
  // two of them it is a straight line in whole users.
  std::vector<Nanos> Corners() const;

 private:
  friend class UserFollower;
  // A stretch of time with one way to change, up to the start of the next one.
  struct Ramp {
    Nanos start{0};
    uint64_t users = 0;  // at the start
    // Changes per second after the one at the start, negative for stops; 0: none.
    double rate = 0;
    static constexpr size_t kNoLeg = SIZE_MAX;
    size_t follows = kNoLeg;  // the users are the target of this leg
  };
  size_t RampAt(Nanos elapsed) const;  // `elapsed` must be inside the plan
  uint64_t UsersIn(const Ramp& ramp, Nanos elapsed) const;
  std::optional<Nanos> NextInside(const Ramp& ramp, Nanos elapsed) const;

  std::vector<TargetLeg> legs_;
  std::vector<Ramp> ramps_;
  uint64_t peak_ = 0;
};

}  // namespace squall
