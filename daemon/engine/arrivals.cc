#include "daemon/engine/arrivals.h"

#include <algorithm>
#include <utility>

#include "daemon/base/check.h"

namespace squall {
namespace {

// About 50 ms of work, in a turn that comes once a second.
constexpr int kCountMax = 1'000'000;

}  // namespace

Arrivals::Arrivals(const Profile* profile, uint64_t seed, std::function<bool(uint64_t)> mine)
    : profile_(profile),
      mine_(std::move(mine)),
      walk_{ArrivalClock(profile, seed), std::nullopt, 0, 0} {}

const ArrivalClock::Due* Arrivals::Next() { return Peek(&walk_); }

void Arrivals::Take() { Advance(&walk_); }

bool Arrivals::Exhausted() const {
  const std::optional<uint64_t> limit = profile_->iterations();
  return limit.has_value() && walk_.taken >= *limit;
}

const ArrivalClock::Due* Arrivals::Peek(Walk* walk) const {
  const std::optional<uint64_t> limit = profile_->iterations();
  if (!walk->next.has_value() && (!limit.has_value() || walk->taken < *limit)) {
    walk->next = walk->clock.Next();
  }
  return walk->next.has_value() ? &*walk->next : nullptr;
}

void Arrivals::Advance(Walk* walk) const {
  SQUALL_CHECK(walk->next.has_value());
  ++walk->taken;
  walk->mine += mine_(walk->next->number) ? 1 : 0;
  walk->next.reset();
}

void Arrivals::Rescale(double factor, Nanos elapsed) {
  if (walk_.next.has_value()) {
    walk_.clock.TakeBack();
    walk_.next.reset();
  }
  walk_.clock.Rescale(factor, elapsed);
  ahead_.reset();
}

uint64_t Arrivals::DueBy(Nanos elapsed) {
  if (!ahead_.has_value() || ahead_->taken < walk_.taken) {
    ahead_.emplace(walk_);
  }
  for (int i = 0; i < kCountMax; ++i) {
    const ArrivalClock::Due* next = Peek(&*ahead_);
    if (next == nullptr || next->at > elapsed) {
      break;
    }
    Advance(&*ahead_);
  }
  due_ = std::max(due_, ahead_->mine);
  return due_;
}

}  // namespace squall
