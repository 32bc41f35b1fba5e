#include "daemon/engine/schedule.h"

#include <algorithm>
#include <cmath>

#include "daemon/base/units.h"

namespace squall {

void Schedule::Apply(const LoadChange& change) {
  if (change.clear) {
    level_.reset();
    rate_factor_ = 1;
  }
  if (change.users.has_value()) {
    const uint64_t from = UsersAt(change.since);
    level_ = Level{change.since, from, *change.users, change.spawn_rate};
  }
  if (change.rate_factor.has_value()) {
    rate_factor_ = *change.rate_factor;
  }
}

uint64_t Schedule::UsersAt(Nanos elapsed) const {
  if (!level_.has_value()) {
    return profile_->UsersAt(elapsed);
  }
  const std::optional<Nanos> duration = Duration();
  if (duration.has_value() && elapsed >= *duration) {
    return 0;
  }
  return LevelAt(*level_, elapsed);
}

// As in a profile's ramp: the first user moves at once, user i at i / rate.
uint64_t Schedule::LevelAt(const Level& level, Nanos elapsed) const {
  const uint64_t distance = level.to > level.from ? level.to - level.from : level.from - level.to;
  const double moved = std::floor(ToSeconds(elapsed - level.since) * level.spawn_rate + 1e-9) + 1;
  const uint64_t steps = moved >= static_cast<double>(distance)
                             ? distance
                             : static_cast<uint64_t>(std::max(moved, 0.0));
  return level.to > level.from ? level.from + steps : level.from - steps;
}

std::optional<Nanos> Schedule::NextChange(Nanos elapsed) const {
  if (!level_.has_value()) {
    return profile_->NextChange(elapsed);
  }
  const std::optional<Nanos> duration = Duration();
  const std::optional<Nanos> end =
      duration.has_value() && elapsed < *duration ? duration : std::nullopt;
  if (LevelAt(*level_, elapsed) == level_->to) {
    return end;
  }
  const double moved = std::floor(ToSeconds(elapsed - level_->since) * level_->spawn_rate + 1e-9);
  Nanos next = level_->since + FromSeconds((moved + 1) / level_->spawn_rate);
  next = std::max(next, elapsed + Nanos(1));
  return end.has_value() ? std::min(next, *end) : next;
}

double Schedule::ArrivalRateAt(Nanos elapsed) const {
  return profile_->ArrivalRateAt(elapsed) * rate_factor_;
}

}  // namespace squall
