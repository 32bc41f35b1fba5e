#include "daemon/plan/planned_users.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace squall {
namespace {

// When the n-th change after the first comes, at `rate` per second. Computed from n, never summed
// up, so that the millionth is as exact as the first.
Nanos ChangeOffset(uint64_t n, double rate) {
  const double nanos = std::round(static_cast<double>(n) * 1e9 / rate);
  return nanos < 9e18 ? Nanos(static_cast<int64_t>(nanos)) : kForever;
}

Nanos AddSaturated(Nanos a, Nanos b) { return b < kForever - a ? a + b : kForever; }

// How many changes follow the first within `span`.
uint64_t ChangesWithin(Nanos span, double rate) {
  auto n = static_cast<uint64_t>(static_cast<double>(span.count()) * rate / 1e9);
  while (n > 0 && ChangeOffset(n, rate) > span) {
    --n;
  }
  while (ChangeOffset(n + 1, rate) <= span) {
    ++n;
  }
  return n;
}

}  // namespace

// Walks over the legs once and writes the ramps: a few for each leg.
class UserFollower final {
 public:
  explicit UserFollower(PlannedUsers* plan) : plan_(plan) {}

  void Run() {
    for (size_t i = 0; i < plan_->legs_.size(); ++i) {
      const TargetLeg& leg = plan_->legs_[i];
      for (Nanos at = leg.start; at < leg.end;) {
        at = Step(leg, i, at);
      }
    }
  }

 private:
  // Writes the ramp that begins at `at` and returns where it ends.
  Nanos Step(const TargetLeg& leg, size_t index, Nanos at) {
    const Nanos ready =
        last_change_ ? std::max(at, AddSaturated(*last_change_, ChangeOffset(1, leg.spawn_rate)))
                     : at;
    if (TargetAt(leg, at) == users_) {
      return Follow(leg, index, at, ready);
    }
    if (ready > at) {
      Hold(at);
      return std::min(ready, leg.end);
    }
    return Chase(leg, at);
  }

  // The users are where the target is: move with it, if the spawn rate is enough.
  Nanos Follow(const TargetLeg& leg, size_t index, Nanos at, Nanos ready) {
    const std::optional<Nanos> change = NextTargetChange(leg, at);
    if (!change) {
      Hold(at);
      return leg.end;
    }
    // A little slack, so that a slope of exactly the spawn rate is no chase.
    if (*change >= ready && std::abs(SlopeOf(leg)) <= leg.spawn_rate * (1 + 1e-9)) {
      Append({.start = at, .users = users_, .follows = index});
      users_ = TargetAt(leg, leg.end - Nanos(1));
      last_change_ = TargetReached(leg, users_);
      Note(users_);
      return leg.end;
    }
    Hold(at);
    return std::min(std::max(*change, ready), leg.end);
  }

  // The target is elsewhere: one change now and one each 1/rate seconds, until the next would
  // overshoot or the leg ends.
  Nanos Chase(const TargetLeg& leg, Nanos at) {
    const bool up = TargetAt(leg, at) > users_;
    const auto overshoots = [&](uint64_t n) {
      const Nanos when = AddSaturated(at, ChangeOffset(n, leg.spawn_rate));
      if (when >= leg.end) {
        return true;
      }
      const uint64_t target = TargetAt(leg, when);
      return up ? users_ + n + 1 > target : users_ < target + n + 1;
    };
    uint64_t good = 0;          // the first change never overshoots
    uint64_t bad = users_ + 1;  // no more stops than users …
    if (up) {
      bad = uint64_t{1} << 40;  // … nor starts than any target
    }
    while (bad - good > 1) {
      const uint64_t middle = good + (bad - good) / 2;
      (overshoots(middle) ? bad : good) = middle;
    }
    Append({.start = at,
            .users = up ? users_ + 1 : users_ - 1,
            .rate = up ? leg.spawn_rate : -leg.spawn_rate});
    Note(plan_->ramps_.back().users);
    users_ = up ? users_ + bad : users_ - bad;
    Note(users_);
    last_change_ = at + ChangeOffset(good, leg.spawn_rate);
    return std::min(leg.end, AddSaturated(at, ChangeOffset(bad, leg.spawn_rate)));
  }

  void Hold(Nanos at) {
    // One hold instead of many in a row: NextChange walks over them.
    const auto& ramps = plan_->ramps_;
    if (ramps.empty() || ramps.back().rate != 0 ||
        ramps.back().follows != PlannedUsers::Ramp::kNoLeg) {
      Append({.start = at, .users = users_});
    }
  }

  void Append(const PlannedUsers::Ramp& ramp) { plan_->ramps_.push_back(ramp); }
  void Note(uint64_t users) { plan_->peak_ = std::max(plan_->peak_, users); }

  PlannedUsers* const plan_;
  uint64_t users_ = 0;
  std::optional<Nanos> last_change_;
};

PlannedUsers::PlannedUsers(std::vector<TargetLeg> legs) : legs_(std::move(legs)) {
  UserFollower(this).Run();
}

Nanos PlannedUsers::End() const { return legs_.empty() ? Nanos(0) : legs_.back().end; }

const TargetLeg* PlannedUsers::LegAt(Nanos elapsed) const {
  if (elapsed < Nanos(0) || elapsed >= End()) {
    return nullptr;
  }
  const auto after =
      std::upper_bound(legs_.begin(), legs_.end(), elapsed,
                       [](Nanos time, const TargetLeg& leg) { return time < leg.start; });
  return &*(after - 1);
}

uint64_t PlannedUsers::At(Nanos elapsed) const {
  if (elapsed < Nanos(0) || elapsed >= End()) {
    return 0;
  }
  return UsersIn(ramps_[RampAt(elapsed)], elapsed);
}

std::vector<Nanos> PlannedUsers::Corners() const {
  std::vector<Nanos> corners;
  for (const Ramp& ramp : ramps_) {
    corners.push_back(ramp.start);
  }
  if (!legs_.empty() && End() != kForever) {
    corners.push_back(End());
  }
  return corners;
}

size_t PlannedUsers::RampAt(Nanos elapsed) const {
  const auto after =
      std::upper_bound(ramps_.begin(), ramps_.end(), elapsed,
                       [](Nanos time, const Ramp& ramp) { return time < ramp.start; });
  return static_cast<size_t>(after - ramps_.begin()) - 1;
}

uint64_t PlannedUsers::UsersIn(const Ramp& ramp, Nanos elapsed) const {
  if (ramp.follows != Ramp::kNoLeg) {
    return TargetAt(legs_[ramp.follows], elapsed);
  }
  if (ramp.rate == 0) {
    return ramp.users;
  }
  const uint64_t more = ChangesWithin(elapsed - ramp.start, std::abs(ramp.rate));
  return ramp.rate > 0 ? ramp.users + more : ramp.users - more;
}

std::optional<Nanos> PlannedUsers::NextInside(const Ramp& ramp, Nanos elapsed) const {
  if (ramp.follows != Ramp::kNoLeg) {
    return NextTargetChange(legs_[ramp.follows], elapsed);
  }
  if (ramp.rate == 0) {
    return std::nullopt;
  }
  const double rate = std::abs(ramp.rate);
  const uint64_t done = ChangesWithin(elapsed - ramp.start, rate);
  return AddSaturated(ramp.start, ChangeOffset(done + 1, rate));
}

std::optional<Nanos> PlannedUsers::NextChange(Nanos elapsed) const {
  if (elapsed >= End()) {
    return std::nullopt;
  }
  const uint64_t users = At(elapsed);
  Nanos from = elapsed;
  if (elapsed < Nanos(0)) {
    from = Nanos(0);
    if (At(from) != users) {
      return from;
    }
  }
  // A ramp changes at its start or inside, unless it holds; so this ends after a few.
  for (size_t i = RampAt(from); i < ramps_.size(); ++i) {
    const Ramp& ramp = ramps_[i];
    if (ramp.start > from && ramp.users != users) {
      return ramp.start;
    }
    const Nanos end = i + 1 < ramps_.size() ? ramps_[i + 1].start : End();
    const std::optional<Nanos> next = NextInside(ramp, std::max(from, ramp.start));
    if (next && *next < end) {
      return next;
    }
  }
  return users != 0 && End() != kForever ? std::optional(End()) : std::nullopt;
}

}  // namespace squall
