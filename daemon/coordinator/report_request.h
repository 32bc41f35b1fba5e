// What the report of a run that goes on would be now: asked for and then waited for, so that
// whoever guards the coordinator by a lock need not hold it meanwhile.
#pragma once

#include <memory>

#include <absl/status/statusor.h>

#include "daemon/coordinator/run_coordinator.h"

namespace squall {

class ReportRequest final {
 public:
  explicit ReportRequest(RunCoordinator* coordinator);

  // Not on the thread that is in Run(). UNAVAILABLE when that has just ended, or is busy for
  // seconds.
  absl::StatusOr<RunReport> Wait() const;

 private:
  struct Slot;
  const std::shared_ptr<Slot> slot_;  // the answer may come when nobody waits any more
};

}  // namespace squall
