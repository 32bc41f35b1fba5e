#include "daemon/engine/arrivals.h"

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
      taken_{ArrivalClock(profile, seed), std::nullopt, 0},
      counted_(taken_) {}

const ArrivalClock::Due* Arrivals::Next() { return Peek(&taken_); }

void Arrivals::Take() { Advance(&taken_); }

bool Arrivals::Exhausted() const {
  const std::optional<uint64_t> limit = profile_->iterations();
  return limit.has_value() && taken_.taken >= *limit;
}

const ArrivalClock::Due* Arrivals::Peek(Walk* walk) const {
  const std::optional<uint64_t> limit = profile_->iterations();
  if (!walk->next.has_value() && (!limit.has_value() || walk->taken < *limit)) {
    walk->next = walk->clock.Next();
  }
  return walk->next.has_value() ? &*walk->next : nullptr;
}

void Arrivals::Advance(Walk* walk) {
  SQUALL_CHECK(walk->next.has_value());
  ++walk->taken;
  walk->next.reset();
}

void Arrivals::Rescale(double factor, Nanos elapsed) {
  Rewind(elapsed);
  for (Walk* walk : {&taken_, &counted_}) {
    if (walk->next.has_value()) {
      walk->clock.TakeBack();
      walk->next.reset();
    }
    walk->clock.Rescale(factor, elapsed);
  }
}

void Arrivals::PrepareReassign(Nanos elapsed) { Rewind(elapsed); }

// Others' arrivals that were passed over before they were due come again.
void Arrivals::Rewind(Nanos elapsed) {
  while (!CountUntil(elapsed)) {
  }
  if (taken_.taken > counted_.taken) {
    taken_ = counted_;
  }
}

uint64_t Arrivals::DueBy(Nanos elapsed) {
  CountUntil(elapsed);
  return due_;
}

// False when there are more than one call should count.
bool Arrivals::CountUntil(Nanos elapsed) {
  for (int i = 0; i < kCountMax; ++i) {
    const ArrivalClock::Due* next = Peek(&counted_);
    if (next == nullptr || next->at > elapsed) {
      return true;
    }
    due_ += mine_(next->number) ? 1 : 0;
    Advance(&counted_);
  }
  return false;
}

}  // namespace squall
