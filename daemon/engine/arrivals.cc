#include "daemon/engine/arrivals.h"

#include <algorithm>
#include <utility>

#include "daemon/base/check.h"

namespace squall {
namespace {

// About 50 ms of work, in a turn that comes once a second.
constexpr int kCountMax = 1'000'000;
// How far back arrivals can become ours: an agent that is deaf for longer is lost anyway.
constexpr Nanos kMarkEvery = std::chrono::seconds(1);
constexpr size_t kMarksMax = 60;

}  // namespace

Arrivals::Arrivals(const Profile* profile, uint64_t seed, Mine mine)
    : profile_(profile),
      mine_(std::move(mine)),
      taken_{ArrivalClock(profile, seed), std::nullopt, 0},
      counted_(taken_) {}

void Arrivals::SkipTo(Nanos elapsed) {
  taken_.taken = taken_.clock.SkipTo(elapsed);
  while (Peek(&taken_) != nullptr && taken_.next->at < elapsed) {
    Advance(&taken_);
  }
  counted_ = taken_;
}

const ArrivalClock::Due* Arrivals::Next() {
  return missed_.empty() ? Peek(&taken_) : &missed_.front();
}

void Arrivals::Take() {
  if (!missed_.empty()) {
    missed_.pop_front();
    return;
  }
  SQUALL_CHECK(taken_.next.has_value());
  if (marks_.empty() || taken_.next->at >= marks_.back().at + kMarkEvery) {
    Remember();
  }
  Advance(&taken_);
}

bool Arrivals::Exhausted() const {
  const std::optional<uint64_t> limit = profile_->iterations();
  return limit.has_value() && taken_.taken >= *limit && missed_.empty();
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
  const auto rescale = [factor, elapsed](Walk* walk) {
    if (walk->next.has_value()) {
      walk->clock.TakeBack();
      walk->next.reset();
    }
    walk->clock.Rescale(factor, elapsed);
  };
  rescale(&taken_);
  rescale(&counted_);
  for (Mark& mark : marks_) {
    rescale(&mark.walk);
  }
}

void Arrivals::PrepareReassign(Nanos elapsed) { Rewind(elapsed); }

void Arrivals::Reassigned(Nanos since, const Mine& was_mine) {
  due_ -= std::erase_if(missed_, [this](const auto& due) { return !mine_(due.number, due.at); });
  for (Walk walk = LastBefore(since); walk.taken < counted_.taken; Advance(&walk)) {
    const ArrivalClock::Due* due = Peek(&walk);
    if (due == nullptr) {
      break;
    }
    const bool is_taken = walk.taken < taken_.taken;
    const bool was = was_mine(due->number, due->at);
    const bool is = mine_(due->number, due->at);
    if (is && !was) {
      ++due_;
      if (is_taken) {
        missed_.push_back(*due);
      }
    } else if (was && !is && !is_taken) {
      --due_;  // ours no more, and another one sends it
    }
  }
}

void Arrivals::Remember() {
  marks_.push_back({taken_.next->at, taken_});
  if (marks_.size() > kMarksMax) {
    marks_.pop_front();
  }
}

// The nearest position that is not behind the arrivals intended for `since`.
Arrivals::Walk Arrivals::LastBefore(Nanos since) const {
  const auto found = std::find_if(marks_.rbegin(), marks_.rend(),
                                  [since](const Mark& mark) { return mark.at < since; });
  if (found != marks_.rend()) {
    return found->walk;
  }
  return marks_.empty() ? taken_ : marks_.front().walk;
}

// Others' arrivals that were passed over before they were due come again.
void Arrivals::Rewind(Nanos elapsed) {
  while (!CountUntil(elapsed)) {
  }
  if (taken_.taken > counted_.taken) {
    taken_ = counted_;
    while (!marks_.empty() && marks_.back().walk.taken > taken_.taken) {
      marks_.pop_back();
    }
  }
}

uint64_t Arrivals::DueBy(Nanos elapsed) {
  CountUntil(elapsed);
  due_told_ = std::max(due_told_, due_);
  return due_told_;
}

// False when there are more than one call should count.
bool Arrivals::CountUntil(Nanos elapsed) {
  for (int i = 0; i < kCountMax; ++i) {
    const ArrivalClock::Due* next = Peek(&counted_);
    if (next == nullptr || next->at > elapsed) {
      return true;
    }
    due_ += mine_(next->number, next->at) ? 1 : 0;
    Advance(&counted_);
  }
  return false;
}

}  // namespace squall
