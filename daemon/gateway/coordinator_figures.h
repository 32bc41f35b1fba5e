// From runs to what the metrics of a coordinator tell of them. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/report/run_view.h"
#include "daemon/stats/run_summary.h"
#include "daemon/telemetry/coordinator_collector.h"

namespace squall {

// Pure. `now` by the clock of this machine: the age of a snapshot is as right as the clocks are.
CoordinatedRun CoordinatedRunOf(const RunView& view, WallTime now);

// How many runs began, and how they ended.
class RunTally final {
 public:
  void CountStart();
  void CountEnd(const RunSummary& summary);
  // With these two counts alone.
  CoordinatorFigures Figures() const;

 private:
  mutable std::mutex mutex_;
  uint64_t started_ = 0;                      // guarded by mutex_
  std::map<std::string, uint64_t> finished_;  // by verdict; as well
};

}  // namespace squall
