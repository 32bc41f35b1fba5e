// Which user class (or task) number k gets: smooth weighted round robin over the number, so every
// agent computes the same answer alone, and any run of consecutive numbers is close to the weights.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/plan/plan.h"

namespace squall {

// Immutable; safe from many threads.
class ClassMix final {
 public:
  // fixed_count classes take the first numbers, in order; the rest follow the weights. A class
  // never occurs when its fixed_count is 0, or when it has none and its weight is not above 0.
  // SQUALL_CHECKs that some class can occur.
  //
  // Weights may be fractions: they become whole shares of a period of at most 10 000 numbers,
  // exactly when such a period exists (10, 7.5, 2.5 → 4 : 3 : 1), else to the nearest 1/10 000, and
  // at least one share for each.
  explicit ClassMix(const std::vector<UserClass>& classes);

  // Index into the classes.
  size_t ClassOf(uint64_t number) const;

  // How many users the classes allow: the sum of the fixed counts when no class is weighted, else
  // nothing. Whoever asks for more gets the fixed classes again, in proportion to their counts.
  std::optional<uint64_t> UsersMax() const;

 private:
  std::vector<uint64_t> fixed_until_;  // cumulative counts of the fixed classes
  std::vector<size_t> fixed_classes_;
  std::vector<size_t> cycle_;  // one full period of the weighted sequence
  bool weighted_ = false;
};

}  // namespace squall
