// Writes what happens to one run into the store, so that its history outlives us and another
// coordinator can go on with it. Called on the run's thread alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/report/report.h"
#include "daemon/report/run_view.h"
#include "daemon/stats/run_summary.h"
#include "daemon/store/run_store.h"

namespace squall {

// A report's format, by its name in the store, and its text.
using ReportText = std::pair<std::string, std::string>;

// What a stored run needs to go on.
struct StoredRun {
  Plan plan;
  RunSettings settings;
  RunSummary summary;
  bool fixed_agents = false;
  Resumption resumption;  // its targets have addresses, but no channels yet
};

class RunJournal final {
 public:
  RunJournal(RunStore* store, RunRecord record, bool fixed_agents, const Clock* clock);

  // Goes on with a run that Load gave: what the agents had said stays.
  void Adopt(const std::vector<Resumption::Member>& members);
  // Makes the run in the store; the plan and the settings as they are sent.
  absl::Status Create(const Plan& plan, const RunSettings& settings);
  absl::Status SetSettings(const RunSettings& settings);  // with the seed that was chosen
  absl::Status Event(std::string_view text);
  // Before any agent hears of the change.
  absl::Status Roster(const RunRoster& roster, const RunSummary& summary);
  // Once a second: the summary, the newest points, and as many snapshots as a budget of bytes
  // allows, in turn; what is not among them is a few seconds older.
  absl::Status Tick(const RunProgress& progress, const RunSummary& summary);
  // The run is over.
  absl::Status Finish(const RunReport& report, const RunSummary& summary,
                      const std::vector<ReportText>& texts);
  // It came to no report; `texts` say what is known all the same.
  absl::Status Fail(const RunSummary& summary, const std::vector<ReportText>& texts);

  const RunRecord& record() const { return record_; }

  static absl::StatusOr<StoredRun> Load(const RunStore& store, const std::string& run_id);
  // Those of the run's own line.
  static absl::StatusOr<std::vector<SeriesPoint>> LoadPoints(const RunStore& store,
                                                             const std::string& run_id);

 private:
  void AddReports(const std::vector<ReportText>& texts, std::vector<RunWrite>* writes) const;
  void AddHeat(const std::vector<HeatColumn>& columns, std::vector<RunWrite>* writes);
  void AddPoints(SeriesSet* lines, std::vector<RunWrite>* writes) const;
  void AddSnapshots(const std::vector<const Snapshot*>& agents, std::vector<RunWrite>* writes);
  RunWrite SummaryDocument(const RunSummary& summary) const;

  RunStore* const store_;
  RunRecord record_;
  const bool fixed_agents_;
  const Clock* const clock_;
  std::map<std::string, AgentRecord> agents_;  // as stored, by agent_id
  std::string next_agent_;                     // whose snapshot is written first next time
  size_t heat_columns_ = 0;                    // as stored by us
  Nanos heat_step_{0};                         // length of the first of them
};

RunSummary SummaryOf(const RunReport& report);
std::vector<EventView> EventViews(const std::vector<EventRecord>& events);

// In every format that comes of a RunReport alone.
std::vector<ReportText> RenderReports(const RunReport& report);
// In one of them; NOT_FOUND names the nearest.
absl::StatusOr<std::string> RenderReport(const RunReport& report, const std::string& format);

}  // namespace squall
