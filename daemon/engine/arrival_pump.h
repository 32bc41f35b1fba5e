// Open model: gives every arrival of one shard to a user when it is due, or drops and counts it
// when all users are busy. A user that is needed is made, up to the shard's share of users_max.
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "daemon/engine/arrivals.h"
#include "daemon/engine/population.h"
#include "daemon/engine/program.h"
#include "daemon/engine/run_clock.h"
#include "daemon/net/co.h"
#include "daemon/net/reactor.h"

namespace squall {

class ArrivalPump final {
 public:
  // What it works with; all outlive it.
  struct Parts {
    Reactor* reactor;
    const Program* program;
    const RunClock* clock;
    Population* users;
  };
  // `mine` says which numbers, of arrivals and of users, belong to this shard at a moment of the
  // run. `on_progress` is called when Done may have become true.
  ArrivalPump(Parts parts, uint64_t seed, Arrivals::Mine mine, std::function<void()> on_progress);
  ~ArrivalPump();
  ArrivalPump(const ArrivalPump&) = delete;
  ArrivalPump& operator=(const ArrivalPump&) = delete;

  // See Arrivals::SkipTo; before Start.
  void SkipTo(Nanos elapsed) { arrivals_.SkipTo(elapsed); }
  // The run's clock has been started.
  void Start();
  // After a pause.
  void Wake();
  // From `elapsed` on, the planned rate times `factor`.
  void Rescale(double factor, Nanos elapsed);
  // Around a change of what `mine` answers for arrivals intended for `since` or later; see
  // Arrivals. The users stay, arrivals go to others.
  void PrepareReassign();
  void Reassigned(Nanos since, const Arrivals::Mine& was_mine);
  void Stop();

  // The user has nothing to do.
  void AddIdle(User* user);
  // A user ended before it came to its arrival.
  void CountDropped() { ++dropped_; }

  // The plan's number of iterations is used up, and their tasks have ended.
  bool Done() const;
  uint64_t dropped() const { return dropped_; }
  // See Arrivals::DueBy.
  uint64_t DueBy(Nanos elapsed) { return arrivals_.DueBy(elapsed); }

 private:
  Co<void> Run();
  void Dispatch(const ArrivalClock::Due& due, TimePoint instant);
  uint64_t NextUser(Nanos at);
  void CountUsersMax(Nanos at);

  const Parts parts_;
  const Arrivals::Mine mine_;
  const std::function<void()> on_progress_;
  Arrivals arrivals_;
  uint64_t users_max_ = 0;
  Nanos recount_at_ = Nanos::max();  // users_max_ holds until then
  Nanos last_change_{0};             // of `mine`
  uint64_t next_user_ = 0;
  uint64_t dropped_ = 0;
  bool stopped_ = false;
  Waiter waiter_;
  Co<void> run_;
};

}  // namespace squall
