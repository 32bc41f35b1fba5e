// The time lines of a run: of the whole, of each request name and of each agent. One owner, one
// thread.
//
// Bounded in memory, whatever the run does; with the default limits at most, in MB:
//   the run         90 002 points × 88 bytes (a run of two hours takes 0.6)               7.9
//   names              200 × 1 202 points × 88 bytes                                     21.1
//   their histograms   200 × 4 × 33 KiB (response and service, at the start of the last
//                      point and now; all powers of two from 1 µs to 1 h)                27.0
//   agents           240 000 points × 56 bytes (1 000 agents with 240 each)              13.4
// which is 69 MB; a run of ten names and three agents takes 2 MB in its first twenty minutes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "daemon/stats/agent_series.h"
#include "daemon/stats/series.h"
#include "daemon/stats/snapshot.h"

namespace squall {

struct SeriesLimits {
  size_t run_points_max = 90'000;  // a day in seconds, and an hour more
  size_t names_max = 200;  // the first ones; raise it when plans have more names worth a curve
  size_t name_points_max = 1'200;
  size_t agents_max = 1'000;
  size_t agent_points_max = 1'200;          // of one agent, …
  size_t agent_points_total_max = 240'000;  // … unless they are so many that each gets fewer
};

struct SeriesName {
  std::string name;
  std::string method;
  auto operator<=>(const SeriesName&) const = default;
};

using SeriesByName = std::map<SeriesName, std::vector<SeriesPoint>>;
using SeriesByAgent = std::map<std::string, std::vector<AgentPoint>, std::less<>>;  // by agent_id

// All lines as plain values: for the report, and as a store gives them back.
struct SeriesLines {
  std::vector<SeriesPoint> run;
  SeriesByName by_name;
  SeriesByAgent by_agent;
  uint64_t names_left_out = 0;   // names without a line, past names_max
  uint64_t agents_left_out = 0;  // agents without one, past agents_max
  bool operator==(const SeriesLines&) const = default;
};

// What a store has not seen of one line: the points from the index `first` on. Whatever it holds at
// first + (number of points) or beyond is no longer true. Borrowed until the set changes.
struct SeriesChange {
  enum class Line : uint8_t { kRun, kName, kAgent };
  Line line = Line::kRun;
  std::string name;    // kName: of the request; kAgent: agent_id
  std::string method;  // kName only
  size_t first = 0;
  std::span<const SeriesPoint> points;       // kRun, kName
  std::span<const AgentPoint> agent_points;  // kAgent
};

class SeriesSet final {
 public:
  explicit SeriesSet(SeriesLimits limits = {});

  // Call it about once a second. `agents` are the newest snapshots of all agents; those that have
  // no agent_id, and those of agents that are lost, may be among them.
  void Add(const Snapshot& merged, const std::vector<const Snapshot*>& agents);

  // For a coordinator that comes back: goes on from stored lines, in place of all that is here.
  // `merged` is the newest merged snapshot that was stored (or an empty one; see Series::Restore).
  // Counts have no gap: what was finished meanwhile is in the first new point of each line, which
  // is as long as the coordinator was away. INVALID_ARGUMENT when the points of a line do not
  // ascend; the set is then to be thrown away.
  absl::Status Restore(SeriesLines stored, const Snapshot& merged);

  const Series& run() const { return run_; }
  SeriesLines Lines() const;
  // Lines with points that are new or different since the last call.
  std::vector<SeriesChange> TakeChanges();

 private:
  struct NameLine {
    Series series;
    std::vector<const EntryStats*> entries;  // of the snapshot that is being added
  };

  void AddNames(const Snapshot& merged, Nanos begin);
  void AddAgents(const std::vector<const Snapshot*>& agents, Nanos begin);
  size_t AgentPointsMax() const;

  const SeriesLimits limits_;
  Series run_;
  std::map<SeriesName, NameLine> names_;
  std::map<std::string, AgentSeries, std::less<>> agents_;
  uint64_t names_left_out_ = 0;
  uint64_t agents_left_out_ = 0;
};

}  // namespace squall
