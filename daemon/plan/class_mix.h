// Which user class (or task) number k gets: smooth weighted round robin over the number, so every
// agent computes the same answer alone, and any run of consecutive numbers is close to the weights.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/plan/plan.h"

namespace squall {

// Immutable; safe from many threads.
class ClassMix final {
 public:
  // fixed_count classes take the first numbers, in order; the rest follow the weights. Classes with
  // weight 0 and no fixed_count never occur.
  explicit ClassMix(const std::vector<UserClass>& classes);

  // Index into the classes; SQUALL_CHECKs that some class can occur.
  size_t ClassOf(uint64_t number) const;

 private:
  std::vector<uint64_t> fixed_until_;  // cumulative counts of the fixed classes
  std::vector<size_t> fixed_classes_;
  std::vector<size_t> cycle_;  // one full period of the weighted sequence
};

}  // namespace squall
