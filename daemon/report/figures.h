// The figures that all formats show, computed in one place, so that no two formats disagree.
// Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct ReportPercentile {
  std::string_view name;  // "99.9"
  double quantile;        // 0.999
};

// Locust's list, which its tables and CSV headers fix.
inline constexpr std::array<ReportPercentile, 11> kReportPercentiles = {{{"50", 0.50},
                                                                         {"66", 0.66},
                                                                         {"75", 0.75},
                                                                         {"80", 0.80},
                                                                         {"90", 0.90},
                                                                         {"95", 0.95},
                                                                         {"98", 0.98},
                                                                         {"99", 0.99},
                                                                         {"99.9", 0.999},
                                                                         {"99.99", 0.9999},
                                                                         {"100", 1.0}}};

// Both are 0 when nothing is there to divide by.
double PerSecond(uint64_t count, Nanos time);
double Ratio(uint64_t part, uint64_t whole);
// later - earlier, or 0 where a counter went back (an agent's figures were lost).
uint64_t Grown(uint64_t earlier, uint64_t later);

// An entry of the results: its key and figures, which live in the snapshot.
struct EntryRow {
  const EntryKey* key;
  const EntryStats* stats;
};
// The entries of one phase, sorted by (name, method).
std::vector<EntryRow> EntryRows(const Snapshot& snapshot, RunPhase phase = RunPhase::kMeasured);

// The entry of that key, or one without a request when there is none (or no snapshot). Borrowed.
const EntryStats& FindEntry(const Snapshot* snapshot, const EntryKey& key);

// Failures, the most frequent first; ties by method, name and reason.
struct FailureRow {
  const FailureKey* key;
  const FailureStats* stats;
};
std::vector<FailureRow> FailureRows(const Snapshot& snapshot);

// "1200 sampled, 1166 sent, 34 dropped"; "" when no request got a span.
std::string TracesText(const TraceFigures& traces);

// Where each task error happened, by its text: "a-1, a-2", or "local" of an agent without a name.
std::map<std::string, std::string> ErrorAgents(const std::vector<const Snapshot*>& agents);

// Milliseconds for tables, at most 6 wide up to 1000 s: whole numbers from 10 ms on, as in Locust,
// else with two decimals, so that a fast target is not shown as 0. "0" only if it is 0.
std::string TableMillis(Nanos time);
// Milliseconds for files, exact to `decimals` (3 = µs, 6 = ns) and without trailing zeros.
std::string FileMillis(Nanos time, int decimals);

// "0.84%", "100%": a ratio in the fewest digits that tell it from 0 and 1.
std::string FormatPercent(double ratio);

}  // namespace squall
