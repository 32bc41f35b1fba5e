#include "daemon/programs/script_command.h"

#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/proxy_environment.h"
#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/programs/metrics_door.h"
#include "daemon/programs/run_agents.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/script_engines.h"
#include "daemon/programs/script_session.h"
#include "daemon/programs/terminal.h"
#include "daemon/programs/watched_run.h"
#include "daemon/programs/web_script.h"

namespace squall {
namespace {

constexpr Nanos kLoadTimeout = std::chrono::seconds(90);  // an agent's process imports modules

// From the command line to the locustfile that it names.
class ScriptProgram final {
 public:
  ScriptProgram(ScriptLine line, const Environment& environment, StopSignals* signals)
      : line_(std::move(line)), environment_(environment), signals_(signals), desk_(&clock_) {}

  int Run(const std::string& self);

 private:
  std::optional<int> Load();
  std::optional<int> Start(ScriptRole role);
  bool WantsAgents() const;
  int RunHeadless();

  ScriptLine line_;
  const Environment& environment_;
  StopSignals* const signals_;
  const SystemClock clock_;
  RunDesk desk_;
  RunFlags flags_;
  ScriptSessionOptions options_;
  std::shared_ptr<ScriptSession> session_;
};

// Before anything is loaded; what configuration files say is known only later.
bool ScriptProgram::WantsAgents() const {
  return !flags_.agents.empty() || flags_.expect_agents > 0 || HasFlag(line_, "--master") ||
         HasFlag(line_, "--processes");
}

std::optional<int> ScriptProgram::Start(ScriptRole role) {
  options_.role = role;
  session_ = std::make_shared<ScriptSession>(options_);
  return session_->Load();
}

std::optional<int> ScriptProgram::Load() {
  // As our parser sees it; the locustfile's knows what configuration files say.
  options_.otel = HasFlag(line_, "--otel") || environment_.contains("LOCUST_ENABLE_OPENTELEMETRY");
  const ScriptRole role = WantsAgents() ? ScriptRole::kCoordinator : ScriptRole::kLocal;
  if (const std::optional<int> code = Start(role); code.has_value()) {
    return code;
  }
  const ScriptDescription& told = session_->told();
  if (told.worker) {
    Say("'worker' must be given as --worker or LOCUST_MODE_WORKER=1, not in a configuration file");
    return Code(ExitCode::kUsage);
  }
  if (role == ScriptRole::kLocal && (told.master || told.processes != 0)) {
    session_ = nullptr;  // a file or the environment has asked for agents
    return Start(ScriptRole::kCoordinator);
  }
  if (role == ScriptRole::kLocal && told.otel && !options_.otel && NamesProxy(environment_)) {
    options_.otel = true;
    session_ = nullptr;  // its process is to call the collector without a proxy
    return Start(role);
  }
  return std::nullopt;
}

int ScriptProgram::RunHeadless() {
  absl::StatusOr<Plan> plan = session_->MakePlan();
  if (!plan.ok()) {
    return SayStatus(plan.status());
  }
  if (const absl::Status status = session_->MakeConsole(); !status.ok()) {
    Say(std::string(status.message()));
    return Code(ExitCode::kUsage);
  }
  CoordinatorOptions options;
  options.run_id = NewRunId(clock_);
  options.owner =
      fmt::format("{} (process {})", line_.as_locust ? "locust" : "squall run", getpid());
  options.version = SQUALL_VERSION;
  options.call_timeout = kLoadTimeout;
  std::unique_ptr<RunAgents> agents;
  WatchedRun watched(options.run_id, &clock_);
  const auto metrics = MetricsDoor::OpenForRun(session_->flags(), watched.Source(), &clock_);
  if (!metrics.ok()) {
    Say(std::string(metrics.status().message()));
    return Code(ExitCode::kUsage);
  }
  ScriptEngineMaker engines;
  if (options_.role == ScriptRole::kLocal) {
    engines = JoinScriptEngine([this] { return session_->process(); }, &clock_);
  }
  const bool colour = DescribeTerminal(stdout, NoColor(environment_)).colour;
  if (const std::optional<int> code = RunAgents::Find(session_->flags(), std::move(engines),
                                                      &clock_, colour, signals_, &options, &agents);
      code.has_value()) {
    return *code;
  }
  watched.Show(agents.get());
  RunObserver* const observer =
      *metrics == nullptr ? session_.get() : watched.Before(session_.get());
  RunSettings settings;
  settings.seed = flags_.seed;
  const auto coordinator = RunCoordinator::Make(*std::move(plan), settings, agents->TakeTargets(),
                                                options, observer, &clock_);
  if (!coordinator.ok()) {
    return SayStatus(coordinator.status());
  }
  signals_->Handle([this](int count) { desk_.Interrupt(count); });
  session_->OnCoordinator(coordinator->get());
  agents->SendLateTo(options.run_id, coordinator->get());
  absl::StatusOr<RunReport> report = (*coordinator)->Run();
  agents->SendLateTo(options.run_id, nullptr);
  session_->OnCoordinator(nullptr);
  signals_->Handle(nullptr);
  if (report.ok()) {
    session_->OnReport(&*report);
  } else {
    session_->OnFailed(report.status());
  }
  return desk_.exit_code().value_or(0);
}

int ScriptProgram::Run(const std::string& self) {
  flags_.self = self;
  if (const std::optional<int> code = TakeOurFlags(&line_, &flags_); code.has_value()) {
    return *code;
  }
  if (const std::optional<int> code = ReadOtelOrSay(environment_, &flags_.otel); code.has_value()) {
    return *code;
  }
  options_.line = &line_;
  options_.flags = &flags_;
  options_.environment = &environment_;
  options_.clock = &clock_;
  options_.desk = &desk_;
  signals_->Handle([this](int count) { desk_.Interrupt(count); });
  const std::optional<int> code = Load();
  signals_->Handle(nullptr);
  if (code.has_value()) {
    return *code;
  }
  RaiseDescriptorLimit();
  if (session_->flags().headless) {
    return RunHeadless();
  }
  return RunScriptWithPage(std::move(session_), options_, signals_);
}

}  // namespace

int ScriptCommand(ScriptLine line, const std::string& self, const Environment& environment,
                  StopSignals* signals) {
  return ScriptProgram(std::move(line), environment, signals).Run(self);
}

}  // namespace squall
