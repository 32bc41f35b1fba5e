// Which part of the run an agent owns: residue classes of user numbers (closed model) or arrival
// numbers (open model). Pure; the coordinator makes assignments, agents and engines evaluate them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

// All numbers k with k mod modulus == residue.
struct ResidueClass {
  uint64_t residue = 0;
  uint64_t modulus = 1;
  auto operator<=>(const ResidueClass&) const = default;
};

struct Assignment {
  uint64_t epoch = 0;
  std::vector<ResidueClass> classes;  // disjoint; empty = this agent owns nothing

  bool Owns(uint64_t number) const;
  // How many of the numbers 0 … count-1 are owned.
  uint64_t Share(uint64_t count) const;
  bool operator==(const Assignment&) const = default;
};

// Agent `index` of `count`: index mod count.
Assignment MakeAssignment(uint64_t index, uint64_t count, uint64_t epoch);

// Which of the `shards` event loops of an agent runs number k. Independent of the assignment, so a
// user never moves when it changes; even for every arithmetic progression (golden-ratio sequence).
uint32_t ShardOf(uint64_t number, uint32_t shards);

// The agent at `lost` is gone: each of the m survivors takes its share of every class the lost one
// had, and keeps all of its own. `assignments` has one entry per agent; returns the new list, the
// lost one empty. FAILED_PRECONDITION when nobody survives.
absl::StatusOr<std::vector<Assignment>> RedistributeLost(const std::vector<Assignment>& assignments,
                                                         size_t lost, uint64_t epoch);

// A new agent (appended as the last entry) takes a sub-class from each present one so that all own
// about the same share.
std::vector<Assignment> AdmitNew(const std::vector<Assignment>& assignments, uint64_t epoch);

}  // namespace squall
