#include "daemon/engine/user_director.h"

#include <algorithm>

#include "daemon/base/units.h"

namespace squall {
namespace {

// Users started before the others get a turn.
constexpr int kSpawnBatch = 256;
// A loop that was late catches up with so much of a rate, no more.
constexpr Nanos kCatchUpMax = std::chrono::milliseconds(20);

}  // namespace

void UserDirector::Direct(uint64_t wanted, Nanos elapsed) {
  wanted_ = wanted;
  room_ = kSpawnBatch;
  Adjust(elapsed);
  MakeMoves(elapsed);
  StartWaiting(elapsed);
}

void UserDirector::Adjust(Nanos elapsed) {
  const bool moving = parts_.ownership->Moving(elapsed, wanted_);
  for (; looked_at_ < wanted_ && room_ > 0; ++looked_at_) {
    if (!Here(looked_at_)) {
      continue;
    }
    if (Owns(looked_at_, elapsed)) {
      Spawn(looked_at_);
    }
    if (moving) {
      Expect(looked_at_, elapsed);
    }
  }
  if (looked_at_ > wanted_) {
    looked_at_ = wanted_;
    parts_.users->LeaveFrom(wanted_, FinishesTasks());
  }
}

// A number that the schedule has taken back meanwhile stays in the set until it is due: if it comes
// again before, it moves at the same moment.
void UserDirector::MakeMoves(Nanos elapsed) {
  while (!moves_.empty() && moves_.begin()->first <= elapsed && room_ > 0) {
    const uint64_t number = moves_.begin()->second;
    moves_.erase(moves_.begin());
    if (number >= looked_at_) {
      continue;
    }
    if (!Owns(number, elapsed)) {
      parts_.users->LeaveNumber(number, FinishesTasks());
    } else if (waiting_rate_ > 0) {
      waiting_.push_back(number);
    } else if (!parts_.users->Contains(number)) {
      Spawn(number);
    }
    Expect(number, elapsed);
  }
}

void UserDirector::StartWaiting(Nanos elapsed) {
  while (!waiting_.empty() && room_ > 0 && (waiting_rate_ <= 0 || waiting_next_ <= elapsed)) {
    const uint64_t number = waiting_.front();
    waiting_.pop_front();
    if (number >= looked_at_ || parts_.users->Contains(number) || !Owns(number, elapsed)) {
      continue;
    }
    Spawn(number);
    if (waiting_rate_ > 0) {
      waiting_next_ =
          std::max(waiting_next_, elapsed - kCatchUpMax) + FromSeconds(1 / waiting_rate_);
    }
  }
}

void UserDirector::Reassigned(const Ownership& before, const Handover& handover, Nanos elapsed) {
  waiting_rate_ = handover.moving.empty() ? handover.rate : 0;
  // What is due already stays due; what was to come may have changed.
  moves_.erase(moves_.upper_bound({elapsed, UINT64_MAX}), moves_.end());
  for (uint64_t number = 0; number < looked_at_; ++number) {
    if (!Here(number)) {
      continue;
    }
    if (before.Owns(number, elapsed) != Owns(number, elapsed)) {
      moves_.emplace(elapsed, number);
    }
    Expect(number, elapsed);
  }
}

void UserDirector::Clear() {
  moves_.clear();
  waiting_.clear();
}

std::optional<Nanos> UserDirector::Next(Nanos elapsed) const {
  if (looked_at_ < wanted_) {
    return elapsed;
  }
  std::optional<Nanos> next;
  if (!moves_.empty()) {
    next = moves_.begin()->first;
  }
  if (!waiting_.empty()) {
    const Nanos start = waiting_rate_ > 0 ? waiting_next_ : elapsed;
    next = std::min(next.value_or(start), start);
  }
  return next.has_value() ? std::optional(std::max(*next, elapsed)) : std::nullopt;
}

bool UserDirector::Here(uint64_t number) const {
  return ShardOf(number, parts_.shards) == parts_.shard;
}

bool UserDirector::Owns(uint64_t number, Nanos elapsed) const {
  return parts_.ownership->Owns(number, elapsed);
}

// Notes when the number comes or goes next.
void UserDirector::Expect(uint64_t number, Nanos elapsed) {
  if (const auto next = parts_.ownership->NextMove(number, elapsed); next.has_value()) {
    moves_.emplace(*next, number);
  }
}

void UserDirector::Spawn(uint64_t number) {
  --room_;
  parts_.users->Spawn(number, parts_.program->mix.ClassOf(number));
}

}  // namespace squall
