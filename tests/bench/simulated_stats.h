// What a simulated agent has measured, second by second: growing histograms of many request names,
// as the entries of a squall.v1.Snapshot on the wire. Made once and shared by many agents, since
// a thousand agents that measure would need a thousand cores. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace squall {

class SimulatedStats final {
 public:
  struct Shape {
    uint32_t names = 50;
    uint32_t seconds = 30;
    // Finished requests of a name in a second; the rarest name has as many, the most frequent one
    // three times that.
    uint32_t samples_per_second = 50;
  };

  SimulatedStats(Shape shape, uint64_t seed);

  // Entries, failures and health of a snapshot after so many seconds, serialized; the last ones
  // stay.
  const std::string& After(uint64_t seconds) const;
  // Requests in them.
  uint64_t RequestsAfter(uint64_t seconds) const;

 private:
  size_t At(uint64_t seconds) const;

  std::vector<std::string> snapshots_;  // by seconds since the start
  std::vector<uint64_t> requests_;
};

}  // namespace squall
