// The list that Locust's --json prints, for programs that read that. Prefer JsonReport elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/report/report.h"

namespace squall {

// One object for each measured entry: no total, no errors. Times are rounded into Locust's buckets.
std::string LocustJson(const RunReport& report);

// Locust's rounding of a response time, in milliseconds: to 1, 10, 100 or 1000 ms by size, halves
// to the even neighbour.
int64_t LocustBucket(double millis);

// Collects RunReport::second_counts while a run goes on: call Add about once a second. Bounded: the
// oldest seconds stay, and past `cells_max` (entries × seconds) new ones are left out. One thread.
class SecondCounter final {
 public:
  explicit SecondCounter(size_t cells_max = 1'000'000) : cells_max_(cells_max) {}
  void Add(const Snapshot& merged);
  const SecondCounts& counts() const { return counts_; }

 private:
  struct Seen {
    uint64_t requests = 0;
    uint64_t failures = 0;
  };
  size_t cells_max_;
  size_t cells_ = 0;
  std::map<EntryKey, Seen> seen_;
  SecondCounts counts_;
};

}  // namespace squall
