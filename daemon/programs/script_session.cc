#include "daemon/programs/script_session.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/base/file.h"
#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/sibling.h"
#include "daemon/programs/terminal.h"
#include "daemon/report/html_report.h"
#include "daemon/report/locust_json.h"
#include "daemon/script/script_files.h"

namespace squall {
namespace {}  // namespace

std::optional<int> ScriptSession::Load() {
  flags_ = *options_.flags;
  ScriptConductorOptions options;
  options.program = SiblingPath(flags_.self, "squall-python");
  options.role = options_.role;
  options.arguments = options_.line->arguments;
  options.chosen = options_.chosen;
  options.allow_targets = flags_.allow_targets;
  options.collector = Collector();
  options.memory_bytes_max = flags_.script_memory_max;
  auto conductor = ScriptConductor::Start(std::move(options), options_.clock);
  if (!conductor.ok()) {
    Say(std::string(conductor.status().message()));
    return Code(ExitCode::kUsage);
  }
  conductor_ = *std::move(conductor);
  options_.desk->Heed([this](int /*count*/) { conductor_->Abandon(); });
  const absl::StatusOr<std::optional<int>> ended = conductor_->WaitLoaded(&told_);
  options_.desk->Heed(nullptr);
  if (options_.desk->interrupted()) {
    return Code(ExitCode::kInterrupted);
  }
  if (!ended.ok()) {
    Say(std::string(ended.status().message()));
    return Code(ExitCode::kAgentsLost);
  }
  if (!ended->has_value()) {
    ApplyDescription();
  }
  return *ended;
}

void ScriptSession::ApplyDescription() {
  flags_.csv = told_.csv;
  flags_.csv_full_history = told_.csv_full_history;
  flags_.only_summary = told_.only_summary;
  flags_.exit_code_on_error = told_.exit_code_on_error;
  flags_.processes = told_.processes;
  flags_.headless = told_.headless;
  if (told_.master && told_.processes == 0) {
    ApplyMaster();
  }
}

void ScriptSession::ApplyMaster() {
  flags_.expect_agents = std::max({flags_.expect_agents, told_.expect_workers, 1U});
  if (flags_.expect_agents_max_wait.empty() && told_.expect_workers_max_wait.has_value()) {
    flags_.expect_agents_max_wait =
        fmt::format("{}s", told_.expect_workers_max_wait->count() / 1'000'000'000);
  }
  // Locust's default is every address; ours is this machine, unless somebody has said otherwise.
  const bool host_given = HasFlag(*options_.line, "--master-bind-host") ||
                          options_.environment->contains("LOCUST_MASTER_BIND_HOST") ||
                          told_.master_bind_host != "*";
  const std::string host = !host_given || told_.master_bind_host.empty() ? "127.0.0.1"
                           : told_.master_bind_host == "*"               ? "0.0.0.0"
                                                                         : told_.master_bind_host;
  if (told_.master_bind_port != 0 && (host_given || told_.master_bind_port != 5557)) {
    flags_.join_listen = fmt::format("{}:{}", host, told_.master_bind_port);
  }
}

// Of the spans of its process, as MakePlan will name it; "" for none. What is wrong is said there.
std::string ScriptSession::Collector() const {
  Outputs outputs;
  OtelFlags otel = flags_.otel.flags;
  otel.traces = options_.otel;
  return ApplyOtel(otel, flags_.otel.environment, &outputs).ok() && outputs.traces.has_value()
             ? outputs.traces->endpoint
             : "";
}

// A shape ends the run itself, as in Locust.
std::optional<Nanos> ScriptSession::RunTime() const {
  return told_.has_shape && !told_.shape_uses_common_options ? std::nullopt : told_.run_time;
}

absl::StatusOr<Plan> ScriptSession::MakePlan() const {
  Plan plan;
  plan.name = told_.locustfiles.empty()
                  ? "locustfile"
                  : std::filesystem::path(told_.locustfiles.front()).filename().string();
  plan.service.base_url = told_.host;
  plan.stop_timeout = told_.stop_timeout.value_or(Nanos(0));
  SQUALL_RETURN_IF_ERROR(AddOuts(flags_.outs, &plan.outputs));
  OtelFlags otel = flags_.otel.flags;
  otel.traces = told_.otel;
  SQUALL_RETURN_IF_ERROR(ApplyOtel(otel, flags_.otel.environment, &plan.outputs));
  LoadProfile& load = plan.load_profile;
  if (told_.has_shape) {
    load.load = ConstantLoad{.users = 0};  // the shape says how many, second by second
  } else {
    load.load = ConstantLoad{.users = std::max<uint64_t>(1, told_.users.value_or(1)),
                             .spawn_rate = told_.spawn_rate.value_or(1)};
  }
  load.run_time = RunTime();
  load.iterations = told_.iterations;
  if (options_.role == ScriptRole::kLocal) {
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

absl::Status ScriptSession::MakeConsole() {
  Outputs outputs;
  SQUALL_RETURN_IF_ERROR(AddOuts(flags_.outs, &outputs));
  const Terminal terminal = DescribeTerminal(stderr, NoColor(*options_.environment));
  if (options_.line->as_locust) {
    LocustConsoleOptions options;
    options.style = {terminal.interactive ? static_cast<int>(terminal.width) : 0, terminal.colour};
    options.tables = !told_.only_summary && !flags_.quiet;
    options.log = !told_.skip_log && told_.log_level != "ERROR" && told_.log_level != "CRITICAL";
    options.log_file = told_.log_file;
    options.csv_prefix = flags_.csv;
    options.csv_full_history = flags_.csv_full_history;
    options.run_time = RunTime();
    options.outputs = std::move(outputs.metrics);
    SQUALL_ASSIGN_OR_RETURN(locust_console_,
                            LocustConsole::Make(std::move(options), options_.clock));
    return absl::OkStatus();
  }
  RunConsoleOptions options;
  options.terminal = terminal;
  options.quiet = flags_.quiet;
  options.only_summary = flags_.only_summary;
  options.csv_prefix = flags_.csv;
  options.csv_full_history = flags_.csv_full_history;
  options.outputs = std::move(outputs.metrics);
  SQUALL_ASSIGN_OR_RETURN(console_, RunConsole::Make(std::move(options)));
  return absl::OkStatus();
}

RunObserver* ScriptSession::console() {
  return console_ != nullptr ? static_cast<RunObserver*>(console_.get()) : locust_console_.get();
}

void ScriptSession::OnStarted(const Plan& plan, const Profile& profile) {
  console()->OnStarted(plan, profile);
  const auto* level = std::get_if<ConstantLoad>(&plan.load_profile.load);
  conductor_->TellStarted(level == nullptr ? 0 : level->users);
}

void ScriptSession::OnTick(const RunProgress& progress) {
  console()->OnTick(progress);
  std::vector<ScriptWorker> workers;
  for (const Snapshot* agent : progress.agents) {
    workers.push_back({agent->agent_id, RunStateName(agent->state), agent->UserCount()});
  }
  conductor_->TellProgress(*progress.merged, workers);
}

void ScriptSession::OnEvent(std::string_view text) {
  if (!concluded_) {
    options_.desk->Begin();  // it waits for agents
    console()->OnEvent(text);
  }
}

void ScriptSession::OnMessage(const std::string& agent, const ScriptMessage& message) {
  conductor_->HearAgent(agent, message.kind, message.json);
}

void ScriptSession::OnCoordinator(RunCoordinator* coordinator) {
  if (coordinator == nullptr) {
    options_.desk->Heed(nullptr);
    conductor_->Grant({});
    return;
  }
  options_.desk->Begin();
  ScriptWishes wishes;
  wishes.set_load = [coordinator](uint64_t users, double rate) {
    // Locustfiles have users: there is nothing to refuse.
    coordinator->SetLoad({.users = users, .spawn_rate = rate}).IgnoreError();
  };
  wishes.stop = [coordinator](const std::string& reason) {
    coordinator->Stop(reason, /*immediate=*/false);
  };
  wishes.tell_agents = [coordinator](const std::string& agent, const std::string& kind,
                                     const std::string& json) {
    coordinator->Tell(agent, {kind, json});
  };
  conductor_->Grant(std::move(wishes));
  options_.desk->Heed([this, coordinator](int count) {
    conductor_->TellStopping();
    coordinator->Stop(count == 1 ? "interrupted" : "interrupted twice", count > 1);
  });
}

void ScriptSession::OnReport(RunReport* report) {
  concluded_ = true;
  conductor_->TellEnded(report->total);
  // In Locust an interrupt is one of the ways to end a run.
  report->interrupted = options_.desk->interrupted() && !options_.line->as_locust;
  for (std::string& warning : conductor_->warnings()) {
    report->warnings.push_back(std::move(warning));
  }
  report->exit_code = conductor_->Finish(ExitCodeOf(*report, flags_.exit_code_on_error));
  absl::Status written =
      locust_console_ != nullptr ? locust_console_->Finish(*report) : console_->Finish(*report);
  written.Update(WriteFiles(*report));
  if (!options_.line->as_locust) {
    PrintResult(*report, flags_, DescribeTerminal(stdout, NoColor(*options_.environment)));
  } else if (told_.json) {
    const std::string json = LocustJson(*report);
    std::fwrite(json.data(), 1, json.size(), stdout);
    std::fflush(stdout);
  }
  if (!written.ok()) {
    Say(std::string(written.message()));
  }
  options_.desk->Conclude(written.ok() || report->exit_code != 0 ? report->exit_code
                                                                 : Code(ExitCode::kUsage));
}

void ScriptSession::OnFailed(const absl::Status& status) {
  concluded_ = true;
  const int code = SayStatus(status);
  options_.desk->Conclude(options_.desk->interrupted() ? Code(ExitCode::kInterrupted) : code);
}

absl::Status ScriptSession::WriteFiles(const RunReport& report) const {
  absl::Status written = WriteReports(report, flags_, {});
  if (!told_.html.empty()) {
    written.Update(WriteFileAtomically(HtmlName(), HtmlReport(report)));
  }
  if (!told_.json_file.empty()) {
    written.Update(WriteFileAtomically(told_.json_file + ".json", LocustJson(report)));
  }
  return written;
}

// {u}, {r} and {t} in the name stand for users, spawn rate and run time.
std::string ScriptSession::HtmlName() const {
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

}  // namespace squall
