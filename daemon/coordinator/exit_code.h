// What the process says to its caller when a run is over. Documented in README and --help; scripts
// depend on the numbers.
#pragma once

#include "daemon/report/report.h"

namespace squall {

enum class ExitCode : int {
  kPassed = 0,
  kRequestsFailed = 1,  // Locust's rule; --exit-code-on-error changes this one
  kUsage = 2,
  kBadPlan = 3,
  kThresholdsFailed = 4,
  kAgentsLost = 5,  // or unreachable, or failed
  kInvalid = 6,     // the generator was the limit
  kInterrupted = 130,
};

// As a process returns it.
inline int Code(ExitCode code) { return static_cast<int>(code); }

// The first that applies, in this order: interrupted, agents lost, invalid, thresholds failed,
// requests failed (`on_error`), passed.
int ExitCodeOf(const RunReport& report, int on_error);

}  // namespace squall
