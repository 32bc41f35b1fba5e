// Closed model: starts the users of one shard and sends them away, so that those run which the
// schedule asks for and the agent owns. In the run's own time, which its caller knows; a pause is
// nothing to it. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/engine/population.h"
#include "daemon/engine/program.h"
#include "daemon/plan/handover.h"

namespace squall {

class UserDirector final {
 public:
  // What it works with; all outlive it.
  struct Parts {
    const Program* program;
    Population* users;
    const Ownership* ownership;
    uint32_t shard;   // which of the agent's event loops this one is …
    uint32_t shards;  // … of how many
  };
  explicit UserDirector(Parts parts) : parts_(parts) {}

  // The users with the numbers below `wanted` run, as far as they are ours at `elapsed`, and no
  // others. Starts at most 256: the loop has other users.
  void Direct(uint64_t wanted, Nanos elapsed);
  // The ownership was `before` until now, and `handover` has been added to it. Without `moving`,
  // users that are new here start at the hand-over's rate, counted for this shard. Those that
  // waited for such a rate of an earlier one start at once, or go on at the new one.
  void Reassigned(const Ownership& before, const Handover& handover, Nanos elapsed);
  // Nobody else comes.
  void Clear();

  // When to Direct next, though the schedule wants the same; `elapsed`: at once.
  std::optional<Nanos> Next(Nanos elapsed) const;
  // Nobody is to come or to go before the schedule changes.
  bool Settled() const { return looked_at_ == wanted_ && moves_.empty() && waiting_.empty(); }

 private:
  bool Here(uint64_t number) const;
  bool Owns(uint64_t number, Nanos elapsed) const;
  void Adjust(Nanos elapsed);
  void MakeMoves(Nanos elapsed);
  void StartWaiting(Nanos elapsed);
  void Expect(uint64_t number, Nanos elapsed);
  void Spawn(uint64_t number);
  bool FinishesTasks() const { return parts_.program->plan->stop_timeout > Nanos(0); }

  const Parts parts_;
  uint64_t wanted_ = 0;
  // Numbers below this have been looked at, and started if they were ours then.
  uint64_t looked_at_ = 0;
  int room_ = 0;  // for users that may still start in this turn
  // When numbers of this shard that were looked at come or go. What it says is asked again when it
  // is due.
  std::set<std::pair<Nanos, uint64_t>> moves_;
  std::deque<uint64_t> waiting_;  // numbers that came without `moving`
  double waiting_rate_ = 0;       // per second; 0: no reason to wait
  Nanos waiting_next_{0};
};

}  // namespace squall
