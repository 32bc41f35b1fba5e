// How long to wait before the next attempt: doubling, with jitter so that a thousand clients do not
// come back at the same instant. One owner, one thread.
#pragma once

#include <cstdint>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"

namespace squall {

// client-go's numbers for watches, which API servers are sized for.
struct BackoffOptions {
  Nanos first = std::chrono::milliseconds(800);
  Nanos max = std::chrono::seconds(30);  // before jitter
  double factor = 2;
  double jitter = 1;                            // a wait of d becomes d … d·(1 + jitter)
  Nanos reset_after = std::chrono::minutes(2);  // so long without a failure starts from `first`
};

class Backoff final {
 public:
  explicit Backoff(uint64_t seed, BackoffOptions options = {});

  // Something failed at `now`: how long to wait.
  Nanos Next(TimePoint now);
  // What the longest wait is, jittered: for failures that only a person can mend.
  Nanos Longest();

 private:
  Nanos Jittered(Nanos wait);

  const BackoffOptions options_;
  Rng rng_;
  Nanos next_;  // before jitter
  TimePoint last_failure_ = TimePoint::min();
};

}  // namespace squall
