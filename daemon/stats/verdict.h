// PASS, FAIL or INVALID, and why. INVALID means that the generator was the bottleneck, so the
// figures say nothing about the target; it outranks the other two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/stats/snapshot.h"
#include "daemon/stats/threshold.h"

namespace squall {

enum class Verdict : uint8_t { kPass, kFail, kInvalid };

std::string_view VerdictName(Verdict verdict);  // "PASS", "FAIL", "INVALID"

// When a generator counts as the bottleneck. docs/statistics.md explains each.
struct ValidityLimits {
  Nanos loop_lag_p99_max = std::chrono::milliseconds(100);
  double run_delay_ratio_max = 0.25;  // of shard-thread wall time spent runnable but not running …
  // … and only if the event loops felt it. Load without pauses keeps every core busy, the target's
  // as well: waiting in turns of a few milliseconds is then no fault of the generator.
  Nanos run_delay_lag_p99_min = std::chrono::milliseconds(20);
  // … and for so long: what a run of a few milliseconds waited is noise of its start.
  double run_delay_elapsed_seconds_min = 1;
  double achieved_rate_ratio_min = 0.95;  // open model: started / (planned - dropped)
  // Open model: later than this, after taking off what dns, connect and tls took.
  Nanos start_delay_p90_max = std::chrono::milliseconds(100);
  uint64_t loop_lag_samples_min = 20;  // fewer say nothing
  uint64_t arrivals_min = 100;         // fewer say nothing about rate and start delay
};

struct VerdictReport {
  Verdict verdict = Verdict::kPass;
  std::vector<std::string> reasons;   // why not PASS, most important first
  std::vector<std::string> warnings;  // worth knowing, not deciding (e.g. shard CPU above 90 %)
  bool requests_failed = false;       // at least one failed request or task error
  bool operator==(const VerdictReport&) const = default;
};

// Why the run would be INVALID by what its agents have seen so far, most important first; empty:
// nothing speaks for it. The same as the first reasons of JudgeRun, and cheaper.
std::vector<std::string> InvalidReasons(const std::vector<const Snapshot*>& agents,
                                        const ValidityLimits& limits = {});

// `merged` decides failures; `agents` are looked at one by one for INVALID, each by its own
// figures, and of several the one to blame is named. FAIL: no request at all, an agent in state
// kFailed, a failed threshold, or a failed request or task error. A failed request does not count
// when `failures_allowed` (thresholds on failures then decide).
VerdictReport JudgeRun(const Snapshot& merged, const std::vector<const Snapshot*>& agents,
                       const std::vector<ThresholdResult>& thresholds, bool failures_allowed,
                       const ValidityLimits& limits = {});

}  // namespace squall
