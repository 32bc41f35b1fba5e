#include "daemon/programs/script_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/programs/locust_console.h"
#include "daemon/programs/run_agents.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/script_engines.h"
#include "daemon/programs/sibling.h"
#include "daemon/programs/terminal.h"
#include "daemon/report/file.h"
#include "daemon/report/html_report.h"
#include "daemon/report/locust_json.h"
#include "daemon/script/script_conductor.h"
#include "daemon/script/script_files.h"

namespace squall {
namespace {

constexpr Nanos kLoadTimeout = std::chrono::seconds(90);  // an agent's process imports modules

int Code(ExitCode code) { return static_cast<int>(code); }

// Shows the run as `inner` does, and tells the coordinator's Python code of it.
class ScriptObserver final : public RunObserver {
 public:
  ScriptObserver(RunObserver* inner, ScriptConductor* conductor)
      : inner_(inner), conductor_(conductor) {}

  void OnStarted(const Plan& plan, const Profile& profile) override {
    inner_->OnStarted(plan, profile);
    const auto* level = std::get_if<ConstantLoad>(&plan.load_profile.load);
    conductor_->TellStarted(level == nullptr ? 0 : level->users);
  }
  void OnTick(const RunProgress& progress) override {
    inner_->OnTick(progress);
    std::vector<ScriptWorker> workers;
    for (const Snapshot* agent : progress.agents) {
      workers.push_back({agent->agent_id, RunStateName(agent->state), agent->UserCount()});
    }
    conductor_->TellProgress(*progress.merged, workers);
  }
  void OnEvent(std::string_view text) override { inner_->OnEvent(text); }
  void OnMessage(const std::string& agent, const ScriptMessage& message) override {
    conductor_->HearAgent(agent, message.kind, message.json);
  }

 private:
  RunObserver* const inner_;
  ScriptConductor* const conductor_;
};

// One run, from the process that knows the locustfile to the exit code.
class ScriptRun final {
 public:
  ScriptRun(ScriptLine line, const Environment& environment, StopSignals* signals)
      : line_(std::move(line)), environment_(environment), signals_(signals) {}

  int Run(const std::string& self);

 private:
  std::optional<int> Load();
  std::optional<int> StartConductor(ScriptRole role);
  bool WantsAgents() const;
  void ApplyDescription();
  void ApplyMaster();
  std::optional<Nanos> RunTime() const;
  absl::StatusOr<Plan> MakePlan() const;
  std::optional<int> MakeConsole();
  absl::StatusOr<RunReport> Coordinate(Plan plan, RunAgents* agents,
                                       const CoordinatorOptions& options);
  int Conclude(RunReport report);
  absl::Status WriteFiles(const RunReport& report, const Outputs& outputs);
  std::string HtmlName() const;

  ScriptLine line_;
  const Environment& environment_;
  StopSignals* const signals_;
  const SystemClock clock_;
  RunFlags flags_;
  ScriptDescription told_;  // by the locustfile's process
  std::unique_ptr<ScriptConductor> conductor_;
  std::unique_ptr<RunAgents> agents_;  // uses the conductor's process: ends first
  std::unique_ptr<RunConsole> console_;
  std::unique_ptr<LocustConsole> locust_console_;
};

// Before anything is loaded; what configuration files say is known only later.
bool ScriptRun::WantsAgents() const {
  return !flags_.agents.empty() || flags_.expect_agents > 0 || HasFlag(line_, "--master") ||
         HasFlag(line_, "--processes");
}

std::optional<int> ScriptRun::StartConductor(ScriptRole role) {
  ScriptConductorOptions options;
  options.program = SiblingPath(flags_.self, "squall-python");
  options.role = role;
  options.arguments = line_.arguments;
  options.allow_targets = flags_.allow_targets;
  options.memory_bytes_max = flags_.script_memory_max;
  auto conductor = ScriptConductor::Start(std::move(options), &clock_);
  if (!conductor.ok()) {
    Say(std::string(conductor.status().message()));
    return Code(ExitCode::kUsage);
  }
  conductor_ = *std::move(conductor);
  signals_->Handle([this](int /*count*/) { conductor_->Abandon(); });
  const absl::StatusOr<std::optional<int>> ended = conductor_->WaitLoaded(&told_);
  signals_->Handle(nullptr);
  if (signals_->received()) {
    return Code(ExitCode::kInterrupted);
  }
  if (!ended.ok()) {
    Say(std::string(ended.status().message()));
    return Code(ExitCode::kAgentsLost);
  }
  return *ended;
}

std::optional<int> ScriptRun::Load() {
  const ScriptRole role = WantsAgents() ? ScriptRole::kCoordinator : ScriptRole::kLocal;
  if (const std::optional<int> code = StartConductor(role); code.has_value()) {
    return code;
  }
  if (told_.worker) {
    Say("'worker' must be given as --worker or LOCUST_MODE_WORKER=1, not in a configuration file");
    return Code(ExitCode::kUsage);
  }
  if (role == ScriptRole::kLocal && (told_.master || told_.processes != 0)) {
    conductor_ = nullptr;  // a file or the environment has asked for agents
    told_ = ScriptDescription();
    return StartConductor(ScriptRole::kCoordinator);
  }
  return std::nullopt;
}

void ScriptRun::ApplyDescription() {
  flags_.csv = told_.csv;
  flags_.csv_full_history = told_.csv_full_history;
  flags_.only_summary = told_.only_summary;
  flags_.exit_code_on_error = told_.exit_code_on_error;
  flags_.processes = told_.processes;
  if (told_.master && told_.processes == 0) {
    ApplyMaster();
  }
}

void ScriptRun::ApplyMaster() {
  flags_.expect_agents = std::max({flags_.expect_agents, told_.expect_workers, 1U});
  if (flags_.expect_agents_max_wait.empty() && told_.expect_workers_max_wait.has_value()) {
    flags_.expect_agents_max_wait =
        fmt::format("{}s", told_.expect_workers_max_wait->count() / 1'000'000'000);
  }
  // Locust's default is every address; ours is this machine, unless somebody has said otherwise.
  const bool host_given = HasFlag(line_, "--master-bind-host") ||
                          environment_.contains("LOCUST_MASTER_BIND_HOST") ||
                          told_.master_bind_host != "*";
  const std::string host = !host_given || told_.master_bind_host.empty() ? "127.0.0.1"
                           : told_.master_bind_host == "*"               ? "0.0.0.0"
                                                                         : told_.master_bind_host;
  if (told_.master_bind_port != 0 && (host_given || told_.master_bind_port != 5557)) {
    flags_.join_listen = fmt::format("{}:{}", host, told_.master_bind_port);
  }
}

// A shape ends the run itself, as in Locust.
std::optional<Nanos> ScriptRun::RunTime() const {
  return told_.has_shape && !told_.shape_uses_common_options ? std::nullopt : told_.run_time;
}

absl::StatusOr<Plan> ScriptRun::MakePlan() const {
  Plan plan;
  plan.name = told_.locustfiles.empty()
                  ? "locustfile"
                  : std::filesystem::path(told_.locustfiles.front()).filename().string();
  plan.service.base_url = told_.host;
  plan.stop_timeout = told_.stop_timeout.value_or(Nanos(0));
  LoadProfile& load = plan.load_profile;
  if (told_.has_shape) {
    load.load = ConstantLoad{.users = 0};  // the shape says how many, second by second
  } else {
    load.load = ConstantLoad{.users = std::max<uint64_t>(1, told_.users.value_or(1)),
                             .spawn_rate = told_.spawn_rate.value_or(1)};
  }
  load.run_time = RunTime();
  load.iterations = told_.iterations;
  if (conductor_->role() == ScriptRole::kLocal) {
    plan.script = Script{.locustfiles = told_.locustfiles};
    return plan;
  }
  std::vector<std::string> left_out;
  SQUALL_ASSIGN_OR_RETURN(plan.script, GatherScript(told_.locustfiles, {}, &left_out));
  plan.script->arguments = told_.agent_arguments;
  if (!left_out.empty()) {
    Say(fmt::format("too large to be sent to agents: {}", fmt::join(left_out, ", ")));
  }
  return plan;
}

std::optional<int> ScriptRun::MakeConsole() {
  const Terminal terminal = DescribeTerminal(stderr, NoColor(environment_));
  absl::Status status;
  if (line_.as_locust) {
    LocustConsoleOptions options;
    options.style = {terminal.interactive ? static_cast<int>(terminal.width) : 0, terminal.colour};
    options.tables = !told_.only_summary && !flags_.quiet;
    options.log = !told_.skip_log && told_.log_level != "ERROR" && told_.log_level != "CRITICAL";
    options.log_file = told_.log_file;
    options.csv_prefix = flags_.csv;
    options.csv_full_history = flags_.csv_full_history;
    options.run_time = RunTime();
    auto made = LocustConsole::Make(std::move(options), &clock_);
    status = made.status();
    locust_console_ = made.ok() ? *std::move(made) : nullptr;
  } else {
    RunConsoleOptions options;
    options.terminal = terminal;
    options.quiet = flags_.quiet;
    options.only_summary = flags_.only_summary;
    options.csv_prefix = flags_.csv;
    options.csv_full_history = flags_.csv_full_history;
    auto made = RunConsole::Make(std::move(options));
    status = made.status();
    console_ = made.ok() ? *std::move(made) : nullptr;
  }
  if (!status.ok()) {
    Say(std::string(status.message()));
    return Code(ExitCode::kUsage);
  }
  return std::nullopt;
}

absl::StatusOr<RunReport> ScriptRun::Coordinate(Plan plan, RunAgents* agents,
                                                const CoordinatorOptions& options) {
  RunSettings settings;
  settings.seed = flags_.seed;
  ScriptObserver observer(
      line_.as_locust ? static_cast<RunObserver*>(locust_console_.get()) : console_.get(),
      conductor_.get());
  SQUALL_ASSIGN_OR_RETURN(const std::unique_ptr<RunCoordinator> coordinator,
                          RunCoordinator::Make(std::move(plan), settings, agents->TakeTargets(),
                                               options, &observer, &clock_));
  ScriptWishes wishes;
  wishes.set_load = [&](uint64_t users, double rate) {
    coordinator->SetLoad({.users = users, .spawn_rate = rate});
  };
  wishes.stop = [&](const std::string& reason) { coordinator->Stop(reason, /*immediate=*/false); };
  wishes.tell_agents = [&](const std::string& agent, const std::string& kind,
                           const std::string& json) {
    coordinator->Tell(agent, {kind, json});
  };
  conductor_->Grant(std::move(wishes));
  signals_->Handle([&](int count) {
    conductor_->TellStopping();
    coordinator->Stop(count == 1 ? "interrupted" : "interrupted twice", count > 1);
  });
  agents->SendLateTo(options.run_id, coordinator.get());
  absl::StatusOr<RunReport> report = coordinator->Run();
  agents->SendLateTo(options.run_id, nullptr);
  signals_->Handle(nullptr);
  conductor_->Grant({});
  if (report.ok()) {
    conductor_->TellEnded(report->total);
  }
  return report;
}

// {u}, {r} and {t} in the name stand for users, spawn rate and run time.
std::string ScriptRun::HtmlName() const {
  std::string name = told_.html;
  const std::pair<std::string_view, std::string> holes[] = {
      {"{u}", fmt::format("{}", told_.users.value_or(1))},
      {"{r}", fmt::format("{:g}", told_.spawn_rate.value_or(1))},
      {"{t}", told_.run_time.has_value()
                  ? fmt::format("{}s", told_.run_time->count() / 1'000'000'000)
                  : "none"}};
  for (const auto& [hole, value] : holes) {
    for (size_t at = name.find(hole); at != std::string::npos; at = name.find(hole)) {
      name.replace(at, hole.size(), value);
    }
  }
  return name;
}

absl::Status ScriptRun::WriteFiles(const RunReport& report, const Outputs& outputs) {
  absl::Status written = WriteReports(report, flags_, outputs);
  if (!told_.html.empty()) {
    written.Update(WriteFileAtomically(HtmlName(), HtmlReport(report)));
  }
  if (!told_.json_file.empty()) {
    written.Update(WriteFileAtomically(told_.json_file + ".json", LocustJson(report)));
  }
  return written;
}

int ScriptRun::Conclude(RunReport report) {
  // In Locust an interrupt is one of the ways to end a run.
  report.interrupted = signals_->received() && !line_.as_locust;
  for (std::string& warning : conductor_->warnings()) {
    report.warnings.push_back(std::move(warning));
  }
  report.exit_code = conductor_->Finish(ExitCodeOf(report, flags_.exit_code_on_error));
  absl::Status written =
      line_.as_locust ? locust_console_->Finish(report) : console_->Finish(report);
  written.Update(WriteFiles(report, {}));
  if (!line_.as_locust) {
    PrintResult(report, flags_, DescribeTerminal(stdout, NoColor(environment_)));
  } else if (told_.json) {
    const std::string json = LocustJson(report);
    std::fwrite(json.data(), 1, json.size(), stdout);
    std::fflush(stdout);
  }
  if (!written.ok()) {
    Say(std::string(written.message()));
    return report.exit_code != 0 ? report.exit_code : Code(ExitCode::kUsage);
  }
  return report.exit_code;
}

int ScriptRun::Run(const std::string& self) {
  flags_.self = self;
  if (const std::optional<int> code = TakeOurFlags(&line_, &flags_); code.has_value()) {
    return *code;
  }
  if (const std::optional<int> code = Load(); code.has_value()) {
    return *code;
  }
  ApplyDescription();
  absl::StatusOr<Plan> plan = MakePlan();
  if (!plan.ok()) {
    return SayStatus(plan.status());
  }
  RaiseDescriptorLimit();
  if (const std::optional<int> code = MakeConsole(); code.has_value()) {
    return *code;
  }
  CoordinatorOptions options;
  options.run_id = NewRunId(clock_);
  options.owner =
      fmt::format("{} (process {})", line_.as_locust ? "locust" : "squall run", getpid());
  options.version = SQUALL_VERSION;
  options.call_timeout = kLoadTimeout;
  ScriptEngineMaker engines;
  if (conductor_->role() == ScriptRole::kLocal) {
    engines = JoinScriptEngine(conductor_->process(), &clock_);
  }
  const bool colour = DescribeTerminal(stdout, NoColor(environment_)).colour;
  if (const std::optional<int> code = RunAgents::Find(flags_, std::move(engines), &clock_, colour,
                                                      signals_, &options, &agents_);
      code.has_value()) {
    return *code;
  }
  absl::StatusOr<RunReport> report = Coordinate(*std::move(plan), agents_.get(), options);
  if (!report.ok()) {
    return SayStatus(report.status());
  }
  return Conclude(*std::move(report));
}

}  // namespace

int ScriptCommand(ScriptLine line, const std::string& self, const Environment& environment,
                  StopSignals* signals) {
  return ScriptRun(std::move(line), environment, signals).Run(self);
}

}  // namespace squall
