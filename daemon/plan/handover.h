// How numbers change hands between agents while a run goes on: exactly, and without a message from
// one agent to another. Pure; the coordinator makes hand-overs, agents and engines evaluate them.
//
// The rule: number k of `moving` moves at E + r/rate, E being the run's elapsed time at which the
// hand-over begins and r how many of the numbers below k are in `moving`. Before that its old owner
// runs it, from then on its new one. Both know the moment, so at every instant the shares of all
// agents add up to the whole. A number whose owner differs though it is not in `moving` moves at E.
//
// Hand-overs follow one another. What an earlier one has not moved when a later one begins (its E,
// whatever the order in which the moments come) moves at that moment, on every agent alike.
//
// Arrivals of the open model do not move one by one: who owns number n at the time for which the
// arrival is intended, sends it. All of them change hands at E.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/assignment.h"

namespace squall {

struct Handover {
  // For `at`: when whoever runs the users hears of it. Agents that hear at different times are then
  // not exact.
  static constexpr Nanos kWhenHeard = Nanos::min();

  Assignment after;  // what the agent that is told will own
  std::vector<ResidueClass>
      moving;             // over all agents; disjoint; empty: whatever differs moves at E
  Nanos at = kWhenHeard;  // E; never negative otherwise
  double rate = 0;        // numbers of `moving` per second, over all agents; 0: all at E

  // When number k changes hands, if its owner differs.
  Nanos MovesAt(uint64_t number) const;
  // When all numbers below `count` have.
  Nanos EndsAt(uint64_t count) const;
  bool operator==(const Handover&) const = default;
};

// What one agent owns in the course of a run. One owner, one thread; a copy is a value.
class Ownership final {
 public:
  explicit Ownership(Assignment assignment) : base_(std::move(assignment)) {}

  // `handover.at` must not be kWhenHeard. The last eight are remembered; of older ones only the
  // outcome, for all times.
  void Add(Handover handover);

  // What will be owned when everything has moved.
  const Assignment& latest() const { return steps_.empty() ? base_ : steps_.back().handover.after; }
  // Whether numbers may still be on the move at `elapsed`, of those below `count`.
  bool Moving(Nanos elapsed, uint64_t count) const;

  // Whether user `number` is run here at `elapsed`.
  bool Owns(uint64_t number, Nanos elapsed) const;
  // The next moment after `elapsed` at which Owns gives another answer; nothing when it never does.
  std::optional<Nanos> NextMove(uint64_t number, Nanos elapsed) const;
  // How many of the users 0 … count-1 are run here at `elapsed`. Looks at each of them while they
  // move.
  uint64_t Share(uint64_t count, Nanos elapsed) const;

  // What decides about arrivals that are intended for `elapsed`.
  const Assignment& AssignmentAt(Nanos elapsed) const;

 private:
  struct Step {
    Handover handover;
    Nanos until = Nanos::max();  // a later step begins: everything has moved
    Nanos MovesAt(uint64_t number) const { return std::min(handover.MovesAt(number), until); }
  };

  Assignment base_;          // before all steps
  std::vector<Step> steps_;  // in order; a later one wins
};

}  // namespace squall
