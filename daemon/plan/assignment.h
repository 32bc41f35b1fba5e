// Which part of the run an agent owns: residue classes of user numbers (closed model) or arrival
// numbers (open model). Pure; the coordinator makes assignments, agents and engines evaluate them.
//
// At every moment the classes of all agents cut the natural numbers into disjoint parts, so the
// shares add up to the whole without a message.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

// All numbers k with k mod modulus == residue.
struct ResidueClass {
  uint64_t residue = 0;
  uint64_t modulus = 1;
  auto operator<=>(const ResidueClass&) const = default;
};

// For classes that are disjoint: whether a number is in one of them, and how many of the numbers
// 0 … count-1 are.
bool Contains(const std::vector<ResidueClass>& classes, uint64_t number);
uint64_t CountBelow(const std::vector<ResidueClass>& classes, uint64_t count);

struct Assignment {
  uint64_t epoch = 0;
  std::vector<ResidueClass> classes;  // disjoint, sorted; empty = this agent owns nothing

  bool Owns(uint64_t number) const;
  // How many of the numbers 0 … count-1 are owned.
  uint64_t Share(uint64_t count) const;
  // The owned part of all numbers, 0 to 1.
  double Fraction() const;
  bool operator==(const Assignment&) const = default;
};

// Agent `index` of `count`: index mod count. `index` must be below `count`.
Assignment MakeAssignment(uint64_t index, uint64_t count, uint64_t epoch);

// Which of the `shards` event loops of an agent runs number k. Independent of the assignment, so a
// user never moves when it changes. A golden-ratio sequence: of the multiples k of m (or any other
// residue class of m up to about twenty), every loop gets nearly the same number, because no small
// multiple of the golden ratio comes close to a whole number.
uint32_t ShardOf(uint64_t number, uint32_t shards);

// The agent at `lost` is gone: the survivors (agents that own anything) share its classes and keep
// all of their own. Class r mod n goes to m survivors as r + n·j mod n·m, to 32 of them in a larger
// fleet. A class that is a small part of a fair share already (below 1/32 of it) goes whole to the
// one with the least, and siblings that meet again in one agent merge: after hundreds of losses and
// joins, the largest share is within 1.1 times the smallest and the lists have tens of classes.
// `assignments` has one entry per agent; returns the new list, the lost one empty.
// FAILED_PRECONDITION when nobody survives. `lost` must be an index into the list.
absl::StatusOr<std::vector<Assignment>> RedistributeLost(const std::vector<Assignment>& assignments,
                                                         size_t lost, uint64_t epoch);

// A new agent (appended as the last entry) takes a sub-class from each present one that owns more
// than the new fair share (from the 32 to 64 largest in a large fleet). Its own share ends within
// 1/32 of the fair one, and nobody is left more than 1/32 below it. All numbers that are not taken
// stay where they are. Entries of lost agents stay empty.
std::vector<Assignment> AdmitNew(const std::vector<Assignment>& assignments, uint64_t epoch);

}  // namespace squall
