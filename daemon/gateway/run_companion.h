// Somebody who goes along with one run: the console of `squall run`, the process of a locustfile.
// Shared with whoever wants to ask it afterwards. Called on the run's thread alone, in this order:
// events of the wait for agents; OnCoordinator; what a RunObserver hears; OnCoordinator(nullptr);
// OnReport or OnFailed; OnOver. A run that is left to another coordinator ends without the last
// three.
#pragma once

#include <absl/status/status.h>

#include "daemon/coordinator/run_coordinator.h"
#include "daemon/report/report.h"

namespace squall {

class RunCompanion : public RunObserver {
 public:
  void OnStarted(const Plan& /*plan*/, const Profile& /*profile*/) override {}
  void OnTick(const RunProgress& /*progress*/) override {}
  void OnEvent(std::string_view /*text*/) override {}

  // The run is about to begin; any thread may use the coordinator until this is called again with
  // nullptr, right after Run().
  virtual void OnCoordinator(RunCoordinator* /*coordinator*/) {}
  // Before the report is stored and shown. Its exit code is the one proposed; who changes what that
  // stands on sets it again.
  virtual void OnReport(RunReport* /*report*/) {}
  // It came to no report.
  virtual void OnFailed(const absl::Status& /*status*/) {}
  // It is stored and over. Must not call its RunManager from here.
  virtual void OnOver() {}
};

}  // namespace squall
