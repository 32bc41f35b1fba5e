// The process of a locustfile and the one run that it goes along with: from the command line that
// it understands to its exit code. It tells Python what happens, grants what Python asks of the
// run, shows the run, and writes its files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/gateway/run_companion.h"
#include "daemon/programs/locust_console.h"
#include "daemon/programs/run_command.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/run_desk.h"
#include "daemon/programs/script_line.h"
#include "daemon/script/script_conductor.h"

namespace squall {

struct ScriptSessionOptions {
  const ScriptLine* line = nullptr;  // without our flags; outlives the session, as all of these
  const RunFlags* flags = nullptr;   // ours
  const Environment* environment = nullptr;
  const Clock* clock = nullptr;
  RunDesk* desk = nullptr;  // knows of signals; hears how the run goes
  ScriptRole role = ScriptRole::kLocal;
  std::string chosen;  // in the form of the page, as JSON; "" = nothing
  bool otel = false;   // --otel; said again once the locustfile has been loaded
};

class ScriptSession final : public RunCompanion {
 public:
  explicit ScriptSession(ScriptSessionOptions options) : options_(std::move(options)) {}
  ~ScriptSession() override = default;

  // Starts the process and waits until it has loaded the locustfile. The exit code when it has
  // ended instead (--help, a mistake in the file) or could not be started, which is said.
  std::optional<int> Load();

  const ScriptDescription& told() const { return told_; }
  // Ours, with what the locustfile's command line says.
  const RunFlags& flags() const { return flags_; }
  std::shared_ptr<LaneProcess> process() { return conductor_->process(); }
  absl::StatusOr<Plan> MakePlan() const;
  // Creates the CSV files.
  absl::Status MakeConsole();

  // RunCompanion
  void OnStarted(const Plan& plan, const Profile& profile) override;
  void OnTick(const RunProgress& progress) override;
  void OnEvent(std::string_view text) override;
  void OnMessage(const std::string& agent, const ScriptMessage& message) override;
  void OnCoordinator(RunCoordinator* coordinator) override;
  void OnReport(RunReport* report) override;
  void OnFailed(const absl::Status& status) override;
  void OnOver() override { options_.desk->Over(); }

 private:
  void ApplyDescription();
  void ApplyMaster();
  std::string Collector() const;
  std::optional<Nanos> RunTime() const;
  RunObserver* console();
  absl::Status WriteFiles(const RunReport& report) const;
  std::string HtmlName() const;

  const ScriptSessionOptions options_;
  RunFlags flags_;
  ScriptDescription told_;
  std::unique_ptr<ScriptConductor> conductor_;
  std::unique_ptr<RunConsole> console_;  // or …
  std::unique_ptr<LocustConsole> locust_console_;
  bool concluded_ = false;  // what is said now is known already
};

}  // namespace squall
