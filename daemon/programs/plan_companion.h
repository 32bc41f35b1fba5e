// What `squall run` does along with each run of a plan that its page has started: it shows the run
// here, and writes the files and prints the result at its end.
#pragma once

#include <memory>

#include <absl/status/statusor.h>

#include "daemon/gateway/run_companion.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/run_desk.h"

namespace squall {

class PlanCompanion final : public RunCompanion {
 public:
  // All but `outputs` outlive it. Creates the CSV files; INVALID_ARGUMENT when that fails.
  static absl::StatusOr<std::shared_ptr<PlanCompanion>> Make(const RunFlags* flags,
                                                             const Outputs& outputs,
                                                             const Environment* environment,
                                                             RunDesk* desk);

  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnCoordinator(RunCoordinator* coordinator) override;
  void OnReport(RunReport* report) override;
  void OnFailed(const absl::Status& status) override;
  void OnOver() override;

 private:
  PlanCompanion(const RunFlags* flags, Outputs outputs, const Environment* environment,
                RunDesk* desk, std::unique_ptr<RunConsole> console);

  const RunFlags* const flags_;
  const Outputs outputs_;
  const Environment* const environment_;
  RunDesk* const desk_;
  const std::unique_ptr<RunConsole> console_;
  bool concluded_ = false;  // what is said now is known already
};

}  // namespace squall
