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
  // `profile` outlives this. `mine` says whether the arrival with a number belongs to this shard;
  // what it answers may change at a Reassigned().
  Arrivals(const Profile* profile, uint64_t seed, std::function<bool(uint64_t number)> mine);

  // The next arrival, whoever owns it, until Take. Null when none will come (see Exhausted) or none
  // at the present rate.
  const ArrivalClock::Due* Next();
  void Take();
  // All iterations of the profile have been taken.
  bool Exhausted() const;
  bool Mine(uint64_t number) const { return mine_(number); }

  // See ArrivalClock::Rescale.
  void Rescale(double factor, Nanos elapsed);
  void Reassigned() { ahead_.reset(); }

  // How many of our arrivals were due by `elapsed`. Never less than before. Looks at no more than
  // 1 000 000 arrivals that were not taken; the next call goes on from there.
  uint64_t DueBy(Nanos elapsed);

 private:
  // A position in the sequence.
  struct Walk {
    ArrivalClock clock;
    std::optional<ArrivalClock::Due> next;
    uint64_t taken = 0;  // of all
    uint64_t mine = 0;   // of those, ours
  };
  const ArrivalClock::Due* Peek(Walk* walk) const;
  void Advance(Walk* walk) const;

  const Profile* const profile_;
  const std::function<bool(uint64_t)> mine_;
  Walk walk_;
  std::optional<Walk> ahead_;  // how far DueBy has counted, unless walk_ has come further
  uint64_t due_ = 0;
};

}  // namespace squall
