// The arrivals of the open model as one shard sees them: all of the run's, in order of time, of
// which it owns some. Tells which comes next, and how many of its own were due so far, those
// included that it is too late to have looked at. Pure; one owner, one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "daemon/plan/profile.h"

namespace squall {

class Arrivals final {
 public:
  // Whether the arrival with a number, intended for a moment of the run, belongs to this shard.
  using Mine = std::function<bool(uint64_t number, Nanos at)>;

  // `profile` outlives this.
  Arrivals(const Profile* profile, uint64_t seed, Mine mine);

  // Leaves out what is due before `elapsed`, as not ours. Before anything else.
  void SkipTo(Nanos elapsed);

  // The next arrival, whoever owns it, until Take; others' may be taken before they are due. Null
  // when none will come (see Exhausted), or none at the present rate.
  const ArrivalClock::Due* Next();
  void Take();
  // All iterations of the profile have been taken.
  bool Exhausted() const;

  // See ArrivalClock::Rescale.
  void Rescale(double factor, Nanos elapsed);
  // To be called at `elapsed`, just before `mine` answers otherwise …
  void PrepareReassign(Nanos elapsed);
  // … and just after: it does so for arrivals intended for `since` or later. If that is in the
  // past, those that became ours without our knowledge are given now, the oldest first; about a
  // minute is remembered. Those that we had taken already and that belong to others now cannot be
  // undone.
  void Reassigned(Nanos since, const Mine& was_mine);

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
  void Remember();
  Walk LastBefore(Nanos since) const;

  // `taken_` as it was when it came to `at`.
  struct Mark {
    Nanos at;
    Walk walk;
  };

  const Profile* const profile_;
  const Mine mine_;
  Walk taken_;        // behind `counted_` when the shard is late, ahead of it over others' arrivals
  Walk counted_;      // up to the first arrival that was not due at the last look
  uint64_t due_ = 0;  // of ours, before `counted_`
  uint64_t due_told_ = 0;
  std::deque<Mark> marks_;                // behind `taken_`, in order
  std::deque<ArrivalClock::Due> missed_;  // ours, though `taken_` has passed them over
};

}  // namespace squall
