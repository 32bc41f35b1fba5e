#include "daemon/programs/plan_companion.h"

#include <utility>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/programs/run_output.h"

namespace squall {

absl::StatusOr<std::shared_ptr<PlanCompanion>> PlanCompanion::Make(const RunFlags* flags,
                                                                   const Outputs& outputs,
                                                                   const Environment* environment,
                                                                   RunDesk* desk) {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<RunConsole> console,
                          RunConsole::Make(ConsoleOptionsOf(*flags, outputs, *environment)));
  return std::unique_ptr<PlanCompanion>(
      new PlanCompanion(flags, outputs, environment, desk, std::move(console)));
}

PlanCompanion::PlanCompanion(const RunFlags* flags, Outputs outputs, const Environment* environment,
                             RunDesk* desk, std::unique_ptr<RunConsole> console)
    : flags_(flags),
      outputs_(std::move(outputs)),
      environment_(environment),
      desk_(desk),
      console_(std::move(console)) {}

void PlanCompanion::OnStarted(const Plan& plan, const Profile& profile) {
  console_->OnStarted(plan, profile);
}

void PlanCompanion::OnTick(const RunProgress& progress) { console_->OnTick(progress); }

void PlanCompanion::OnEvent(std::string_view text) {
  if (!concluded_) {
    desk_->Begin();  // it waits for agents
    console_->OnEvent(text);
  }
}

void PlanCompanion::OnCoordinator(RunCoordinator* coordinator) {
  if (coordinator == nullptr) {
    desk_->Heed(nullptr);
    return;
  }
  desk_->Begin();
  desk_->Heed([coordinator](int count) {
    coordinator->Stop(count == 1 ? "interrupted" : "interrupted twice", count > 1);
  });
}

void PlanCompanion::OnReport(RunReport* report) {
  concluded_ = true;
  report->interrupted = desk_->interrupted();
  report->exit_code = ExitCodeOf(*report, flags_->exit_code_on_error);
  desk_->Conclude(ConcludeRun(*report, *flags_, outputs_, *environment_, console_.get()));
}

void PlanCompanion::OnFailed(const absl::Status& status) {
  concluded_ = true;
  const int code = SayStatus(status);
  desk_->Conclude(desk_->interrupted() ? static_cast<int>(ExitCode::kInterrupted) : code);
}

void PlanCompanion::OnOver() { desk_->Over(); }

}  // namespace squall
