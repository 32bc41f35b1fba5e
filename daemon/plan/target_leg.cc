#include "daemon/plan/target_leg.h"

#include <algorithm>

#include "daemon/base/units.h"

namespace squall {
namespace {

// Micro-users times nanoseconds do not fit into 64 bits: 10^13 · 3·10^18.
using Wide = __int128;

Wide FloorDivide(Wide dividend, Wide divisor) {
  const Wide quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace

uint64_t TargetAt(const TargetLeg& leg, Nanos at) {
  const Wide risen = FloorDivide(Wide{leg.rise} * (at - leg.start).count(), leg.run.count());
  return static_cast<uint64_t>(std::max<Wide>(0, (leg.from + risen) / kMicrosPerUser));
}

Nanos TargetReached(const TargetLeg& leg, uint64_t users) {
  const Wide run = leg.run.count();
  Wide after = 0;
  if (leg.rise > 0) {
    // The first moment with `users` or more.
    const Wide missing = Wide{users} * kMicrosPerUser - leg.from;
    after = -FloorDivide(-missing * run, leg.rise);
  } else {
    // The first moment with less than `users` + 1.
    const Wide surplus = leg.from - (Wide{users} + 1) * kMicrosPerUser;
    after = FloorDivide(surplus * run, -Wide{leg.rise}) + 1;
  }
  const Wide limit = (kForever - leg.start).count();
  return leg.start + Nanos(static_cast<int64_t>(std::clamp<Wide>(after, 0, limit)));
}

std::optional<Nanos> NextTargetChange(const TargetLeg& leg, Nanos at) {
  const uint64_t users = TargetAt(leg, at);
  if (leg.rise == 0 || (leg.rise < 0 && users == 0)) {
    return std::nullopt;
  }
  const Nanos next = TargetReached(leg, leg.rise > 0 ? users + 1 : users - 1);
  return next < leg.end ? std::optional(next) : std::nullopt;
}

double SlopeOf(const TargetLeg& leg) {
  return static_cast<double>(leg.rise) / kMicrosPerUser / ToSeconds(leg.run);
}

}  // namespace squall
