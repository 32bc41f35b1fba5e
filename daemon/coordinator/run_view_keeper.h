// The newest RunView of one run: made by the thread that drives the run, read by any other. A tick
// copies no snapshot, and a view that nobody asks for is never put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/profile.h"
#include "daemon/report/run_view.h"

namespace squall {

class RunViewKeeper final {
 public:
  // Versions begin at the civil time in milliseconds: whoever takes over the run later begins
  // higher than this one has ever been.
  RunViewKeeper(const Clock& clock, std::string squall_version);
  RunViewKeeper(const RunViewKeeper&) = delete;
  RunViewKeeper& operator=(const RunViewKeeper&) = delete;

  // From the thread that drives the run, or before there is one.

  // What is to be done: `plan` with the run's settings applied, and the profile that it follows.
  void Begin(const Plan& plan, const Profile& profile);
  // Goes on where another coordinator has left off, so that nothing shown gets less.
  void Restore(const Resumption& resumption);
  // The summary as this tick makes it: for a store that is to know it before anybody else.
  RunSummary SummaryAt(const RunProgress& progress) const;
  void OnTick(const RunProgress& progress);
  void OnRoster(const RunRoster& roster);
  // The run is over, and this is what is left of it.
  void Finish(RunView view);

  // Any thread.

  void AddAgent(const AgentDescription& agent);  // one that has not been heard yet
  // Any other change.
  void Update(const std::function<void(RunView*)>& change);
  std::shared_ptr<const RunView> View() const;
  RunSummary Summary() const;
  uint64_t Version() const;
  // The points from `known - 1` on; all when there are fewer than `known`.
  PointsPage Points(size_t known) const;

 private:
  // How many requests an agent had finished at a moment of the run.
  struct Mark {
    Nanos elapsed{0};
    uint64_t requests = 0;
  };

  void Follow(const Profile& profile);
  void CatchUp(const std::vector<SeriesPoint>& points);  // with mutex_ held
  std::vector<AgentView> AgentsAt(const std::vector<const Snapshot*>& agents);
  void ShowControl(const RunControl& control);
  double AgentRate(const Snapshot& agent, uint64_t requests);

  // Of the run's thread.
  std::map<std::string, std::deque<Mark>, std::less<>> marks_;  // by agent_id, about ten seconds
  std::set<std::string, std::less<>> lost_;                     // by agent_id
  Plan head_;                  // of the plan only what ReportOptions reads
  bool load_is_told_ = false;  // the profile asks for nobody: a locustfile's shape does

  mutable std::mutex mutex_;
  RunView draft_;                                     // guarded by mutex_, as what follows
  mutable std::shared_ptr<const RunView> published_;  // a copy of draft_; nullptr: not made yet
  std::vector<SeriesPoint> points_;
};

}  // namespace squall
