#include "daemon/engine/schedule.h"

#include <algorithm>
#include <cmath>

#include "daemon/base/units.h"

namespace squall {

void Schedule::Apply(const LoadChange& change) {
  if (change.profile != nullptr) {
    replacement_ = change.profile;
    profile_ = replacement_.get();
  }
  if (change.clear) {
    levels_.clear();
    rate_factor_ = 1;
  }
  if (change.users.has_value()) {
    const Level level{change.since, UsersAt(change.since), *change.users, change.spawn_rate};
    std::erase_if(levels_, [&](const Level& other) { return other.since >= change.since; });
    levels_.push_back(level);
    if (levels_.size() > 2) {
      levels_.erase(levels_.begin());
    }
  }
  if (change.rate_factor.has_value()) {
    rate_factor_ = *change.rate_factor;
  }
}

const Schedule::Level* Schedule::Find(Nanos elapsed) const {
  const auto found = std::find_if(levels_.rbegin(), levels_.rend(),
                                  [elapsed](const Level& level) { return level.since <= elapsed; });
  return found == levels_.rend() ? nullptr : &*found;
}

uint64_t Schedule::UsersAt(Nanos elapsed) const {
  const Level* level = Find(elapsed);
  if (level == nullptr) {
    return profile_->UsersAt(elapsed);
  }
  const std::optional<Nanos> duration = Duration();
  if (duration.has_value() && elapsed >= *duration) {
    return 0;
  }
  return LevelAt(*level, elapsed);
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
  std::optional<Nanos> next;
  const auto earlier = [&next](std::optional<Nanos> other) {
    if (other.has_value() && (!next.has_value() || *other < *next)) {
      next = other;
    }
  };
  if (const Level* level = Find(elapsed); level == nullptr) {
    earlier(profile_->NextChange(elapsed));
  } else {
    earlier(NextStep(*level, elapsed));
    earlier(Duration());
    if (next.has_value() && *next <= elapsed) {
      return std::nullopt;  // after the end
    }
  }
  if (!levels_.empty() && levels_.back().since > elapsed) {
    earlier(levels_.back().since);
  }
  return next;
}

std::optional<Nanos> Schedule::NextStep(const Level& level, Nanos elapsed) const {
  if (LevelAt(level, elapsed) == level.to) {
    return std::nullopt;
  }
  const double moved = std::floor(ToSeconds(elapsed - level.since) * level.spawn_rate + 1e-9);
  const Nanos next = level.since + FromSeconds((moved + 1) / level.spawn_rate);
  return std::max(next, elapsed + Nanos(1));
}

double Schedule::ArrivalRateAt(Nanos elapsed) const {
  return profile_->ArrivalRateAt(elapsed) * rate_factor_;
}

}  // namespace squall
