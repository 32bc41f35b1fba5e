// Seeded random numbers. Two kinds: Rng, a stream for one owner, and MixSeed, a hash that gives
// user or arrival number k the same draw on every agent without a message.
#pragma once

#include <cstdint>

namespace squall {

// splitmix64's finaliser (Steele, Lea, Flood 2014): a bijection that scatters nearby inputs.
uint64_t MixSeed(uint64_t value);

// xoshiro256++ (Blackman, Vigna 2019). One owner, one thread. Never use it for secrets.
class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high], both included; low when high < low.
  int64_t Between(int64_t low, int64_t high);
  // Uniform in [0, 1).
  double Unit();

 private:
  uint64_t state_[4];
};

}  // namespace squall
