// Who owns which part of the run, through losses and joins. A value without I/O: every change is a
// new epoch and says which numbers move; whoever moves nothing keeps all of its own
// (assignment.h). Members are known by their index and are never removed.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/plan/assignment.h"

namespace squall {

class Membership final {
 public:
  // `agents` equal shares, under `epoch`.
  Membership(size_t agents, uint64_t epoch);
  // As stored by a coordinator that is gone; `epoch` is above every one that it may have used.
  Membership(std::vector<Assignment> assignments, uint64_t epoch);

  // A member without a share; returns its index.
  size_t Add();
  // The member takes its share from the others; returns the numbers that move.
  std::vector<ResidueClass> Admit(size_t member);
  // The others take over the member's share; returns the numbers that move, none when the member
  // had no share or nobody else has one.
  std::vector<ResidueClass> Remove(size_t member);

  uint64_t epoch() const { return epoch_; }
  const Assignment& assignment(size_t member) const { return assignments_[member]; }
  size_t size() const { return assignments_.size(); }

 private:
  void Label();

  uint64_t epoch_;
  std::vector<Assignment> assignments_;
};

// The first epoch of a coordinator that takes over from one whose epochs reached `seen`: so far
// above that the old one, if it still lives, never catches up by its own changes.
uint64_t NextTerm(uint64_t seen);

}  // namespace squall
