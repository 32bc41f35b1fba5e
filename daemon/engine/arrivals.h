// The arrivals of the open model as one shard sees them: all of the run's, in order of time, of
// which it owns some. Tells which comes next, and how many of its own were due so far, those
// included that it is too late to have looked at. Pure; one owner, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/plan/profile.h"

namespace squall {

class Arrivals final {
 public:
  // `profile` outlives this. `mine` says whether the arrival with a number belongs to this shard.
  Arrivals(const Profile* profile, uint64_t seed, std::function<bool(uint64_t number)> mine);

  // The next arrival, whoever owns it, until Take; others' may be taken before they are due. Null
  // when none will come (see Exhausted), or none at the present rate.
  const ArrivalClock::Due* Next();
  void Take();
  // All iterations of the profile have been taken.
  bool Exhausted() const;

  // See ArrivalClock::Rescale.
  void Rescale(double factor, Nanos elapsed);
  // To be called at `elapsed`, just before `mine` answers otherwise.
  void PrepareReassign(Nanos elapsed);

  // How many of our arrivals were due by `elapsed`. Never less than before. Looks at no more than
  // 1 000 000 arrivals; the next call goes on from there.
  uint64_t DueBy(Nanos elapsed);

 private:
  // A position in the sequence.
  struct Walk {
    ArrivalClock clock;
    std::optional<ArrivalClock::Due> next;
    uint64_t taken = 0;
  };
  const ArrivalClock::Due* Peek(Walk* walk) const;
  static void Advance(Walk* walk);
  bool CountUntil(Nanos elapsed);
  void Rewind(Nanos elapsed);

  const Profile* const profile_;
  const std::function<bool(uint64_t)> mine_;
  Walk taken_;        // behind `counted_` when the shard is late, ahead of it over others' arrivals
  Walk counted_;      // up to the first arrival that was not due at the last look
  uint64_t due_ = 0;  // of ours, before `counted_`
};

}  // namespace squall
