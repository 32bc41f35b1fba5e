// Fixed reports that the tests of this room print.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon/report/report.h"

namespace squall {

// 2026-11-23T08:57:39Z, when the sample runs began.
inline constexpr WallTime kSampleStart{std::chrono::seconds(1'795'424'259)};

// Records the same response time many times, as a closed model does.
struct SampleTimes {
  double millis;
  uint64_t count;
};
void AddRequests(EntryStats* stats, const std::vector<SampleTimes>& times);

// A closed model run of 20 s on two agents: 300 requests of three names, failures, checks,
// thresholds of which one fails, and a task error.
RunReport ClosedReport();

// An open model run of 30 s on one agent that ended INVALID: warm-up and cool-down, start delays,
// dropped iterations and a generator short of file descriptors.
RunReport OpenReport();

// Names and reasons that attack every format, in the places of a run that a target or a plan fills.
RunReport HostileReport();

// Nothing was sent.
RunReport EmptyReport();

}  // namespace squall
