#include "daemon/engine/arrival_pump.h"

#include <algorithm>
#include <utility>

namespace squall {
namespace {

// Others' arrivals are skipped this far ahead of time, no further, so that a shard that owns none
// does not walk the whole profile at once.
constexpr Nanos kLookAhead = std::chrono::seconds(1);
// Arrivals handed out before the users get a turn, when the pump is late.
constexpr int kBatch = 64;

}  // namespace

ArrivalPump::ArrivalPump(Parts parts, uint64_t seed, Arrivals::Mine mine,
                         std::function<void()> on_progress)
    : parts_(parts),
      mine_(std::move(mine)),
      on_progress_(std::move(on_progress)),
      arrivals_(&parts.program->profile, seed, mine_) {
  CountUsersMax(Nanos(0));
}

ArrivalPump::~ArrivalPump() { parts_.reactor->Forget(&waiter_); }

void ArrivalPump::Start() {
  run_ = Run();
  run_.Start();
}

void ArrivalPump::Wake() { parts_.reactor->Resume(&waiter_); }

void ArrivalPump::Rescale(double factor, Nanos elapsed) {
  arrivals_.Rescale(factor, elapsed);
  Wake();
}

void ArrivalPump::PrepareReassign() {
  arrivals_.PrepareReassign(parts_.clock->Elapsed(parts_.reactor->now()));
}

void ArrivalPump::Reassigned(Nanos since, const Arrivals::Mine& was_mine) {
  arrivals_.Reassigned(since, was_mine);
  recount_at_ = std::min(recount_at_, since);
  last_change_ = std::max(last_change_, since);
  Wake();
}

void ArrivalPump::Stop() {
  stopped_ = true;
  Wake();
}

void ArrivalPump::AddIdle(User* user) {
  parts_.users->AddIdle(user);
  if (arrivals_.Exhausted()) {
    on_progress_();
  }
}

bool ArrivalPump::Done() const {
  return arrivals_.Exhausted() && parts_.users->idle() == parts_.users->size();
}

Co<void> ArrivalPump::Run() {
  int batch = 0;
  while (!stopped_) {
    const TimePoint now = parts_.reactor->now();
    TimePoint until = Reactor::kNever;
    if (parts_.clock->paused()) {
      // Wake ends it.
    } else if (const ArrivalClock::Due* due = arrivals_.Next(); due != nullptr) {
      const bool mine = mine_(due->number, due->at);
      until = parts_.clock->InstantOf(due->at) - (mine ? Nanos(0) : kLookAhead);
      if (until <= now && batch < kBatch) {
        if (mine) {
          ++batch;
          Dispatch(*due, until);
        }
        arrivals_.Take();
        continue;
      }
    } else {
      on_progress_();
    }
    batch = 0;
    co_await parts_.reactor->Suspend(&waiter_, std::max(until, now));
  }
}

void ArrivalPump::Dispatch(const ArrivalClock::Due& due, TimePoint instant) {
  Population* users = parts_.users;
  const size_t class_index = parts_.program->mix.ClassOf(due.number);
  User* user = users->TakeIdle(class_index);
  if (user == nullptr && due.at >= recount_at_) {
    CountUsersMax(due.at);
  }
  if (user == nullptr && (users->size() < users_max_ || users->EvictIdle())) {
    user = users->Spawn(NextUser(due.at), class_index);
    if (User* idle = users->TakeIdle(class_index); idle != nullptr) {
      user = idle;  // the same one: it needed no on_start
    }
  }
  if (user == nullptr || user->ended()) {
    ++dropped_;
  } else {
    user->Dispatch(due.number, instant);
  }
}

// Users are numbered as those of the closed model: unique over shards and agents.
uint64_t ArrivalPump::NextUser(Nanos at) {
  while (!mine_(next_user_, at)) {
    ++next_user_;
  }
  return next_user_++;
}

// As of `at`. One at least: a loop whose share of the users is less than that would drop every
// arrival it has.
void ArrivalPump::CountUsersMax(Nanos at) {
  uint64_t count = 0;
  for (uint64_t k = 0; k < parts_.program->profile.UsersMax(); ++k) {
    count += mine_(k, at) ? 1 : 0;
  }
  users_max_ = std::max<uint64_t>(count, 1);
  recount_at_ = last_change_ > at ? last_change_ : Nanos::max();
}

}  // namespace squall
