#include "daemon/programs/run_command.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/agent_service.h"
#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/net/target_allow_list.h"
#include "daemon/net/token_guard.h"
#include "daemon/programs/once_trace.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/terminal.h"
#include "daemon/protocol/http/http_protocol.h"
#include "daemon/report/file.h"
#include "daemon/report/json_report.h"
#include "daemon/report/junit.h"
#include "daemon/report/markdown.h"
#include "daemon/report/summary.h"
#include "daemon/rpc/channel.h"
#include "daemon/rpc/pem_file.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {
namespace {

constexpr Nanos kLocalInterval = std::chrono::milliseconds(200);

int Code(ExitCode code) { return static_cast<int>(code); }

void Say(std::string_view text) { fmt::print(stderr, "squall: {}\n", text); }

int SayStatus(const absl::Status& status) {
  Say(std::string(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Code(ExitCode::kBadPlan);
    case absl::StatusCode::kResourceExhausted:
      return Code(ExitCode::kInvalid);
    default:
      return Code(ExitCode::kAgentsLost);
  }
}

absl::Status ReadSpan(const std::string& text, std::string_view flag, std::optional<Nanos>* span) {
  if (text.empty()) {
    return absl::OkStatus();
  }
  const absl::StatusOr<Nanos> parsed = ParseTimeSpan(text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}", flag, std::string(parsed.status().message())));
  }
  *span = *parsed;
  return absl::OkStatus();
}

// The agent inside this process, when no other is named. Its parts die in the right order.
struct LocalAgent {
  explicit LocalAgent(TargetAllowList allowed) : protocol({std::move(allowed)}) {}
  const HttpProtocol protocol;
  std::unique_ptr<OnceTrace> trace;
  std::unique_ptr<Agent> agent;
  std::unique_ptr<RpcServer> server;
};

absl::StatusOr<std::unique_ptr<LocalAgent>> MakeLocalAgent(const RunFlags& flags,
                                                           TargetAllowList allowed,
                                                           const Clock* clock, bool colour) {
  auto local = std::make_unique<LocalAgent>(std::move(allowed));
  AgentConfig config;
  config.shards =
      flags.shards > 0 ? flags.shards : std::max(1U, std::thread::hardware_concurrency());
  if (flags.once) {
    local->trace = std::make_unique<OnceTrace>(colour);
    config.trace = local->trace.get();
  }
  config.log = [](std::string_view text) { fmt::print(stderr, "log: {}\n", text); };
  local->agent = std::make_unique<Agent>(config, &local->protocol, clock);
  std::vector<RpcService> services;
  services.push_back(MakeAgentService(local->agent.get(), {SQUALL_VERSION, nullptr}));
  SQUALL_ASSIGN_OR_RETURN(local->server, RpcServer::Make({}, std::move(services)));
  return local;
}

absl::StatusOr<ChannelSecurity> AgentSecurity(const RunFlags& flags) {
  ChannelSecurity security;
  SQUALL_ASSIGN_OR_RETURN(security.ca_pem, ReadPemFile("--agent-ca", flags.agent_ca));
  SQUALL_ASSIGN_OR_RETURN(security.cert_pem, ReadPemFile("--agent-cert", flags.agent_cert));
  SQUALL_ASSIGN_OR_RETURN(security.key_pem, ReadPemFile("--agent-key", flags.agent_key));
  if (!flags.agent_token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(security.token, TokenGuard::FromFile(flags.agent_token_file));
  }
  return security;
}

absl::StatusOr<std::vector<AgentTarget>> RemoteAgents(const RunFlags& flags) {
  SQUALL_ASSIGN_OR_RETURN(const ChannelSecurity security, AgentSecurity(flags));
  std::vector<AgentTarget> targets;
  for (const std::string& address : flags.agents) {
    const auto same = [&](const AgentTarget& target) { return target.name == address; };
    if (std::any_of(targets.begin(), targets.end(), same)) {
      return absl::InvalidArgumentError(fmt::format("--agents must name '{}' once", address));
    }
    SQUALL_ASSIGN_OR_RETURN(auto channel, MakeChannel(address, security));
    targets.push_back({address, std::move(channel)});
  }
  return targets;
}

absl::Status WriteReports(const RunReport& report, const RunFlags& flags, const Outputs& outputs) {
  const std::string json = flags.json.empty() ? outputs.json_file : flags.json;
  const std::string junit = flags.junit.empty() ? outputs.junit_file : flags.junit;
  const std::string markdown = flags.markdown.empty() ? outputs.markdown_file : flags.markdown;
  if (!json.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(json, JsonReport(report)));
  }
  if (!junit.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(junit, JunitReport(report)));
  }
  if (!markdown.empty()) {
    SQUALL_RETURN_IF_ERROR(WriteFileAtomically(markdown, MarkdownReport(report)));
  }
  return absl::OkStatus();
}

void PrintResult(const RunReport& report, const RunFlags& flags, const Terminal& terminal) {
  std::string text;
  if (flags.output == "json") {
    text = JsonReport(report);
  } else {
    TableStyle style;
    style.columns = terminal.interactive ? static_cast<int>(terminal.width) : 0;
    style.colour = terminal.colour;
    text = "\n" + FinalReport(report, style);
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool NoColor(const Environment& environment) {
  const auto term = environment.find("TERM");
  return environment.contains("NO_COLOR") || (term != environment.end() && term->second == "dumb");
}

std::string NewRunId(const Clock& clock) {
  const auto wall = static_cast<uint64_t>(clock.Wall().time_since_epoch().count());
  return fmt::format("run-{:x}-{:04x}", wall / 1'000'000'000, MixSeed(wall) & 0xffff);
}

// Where the run goes: an agent in this process, or those that --agents names. The exit code when
// there is none, after saying why.
std::optional<int> FindAgents(const RunFlags& flags, const Clock* clock, bool colour,
                              std::unique_ptr<LocalAgent>* local, std::vector<AgentTarget>* targets,
                              CoordinatorOptions* options) {
  if (flags.agents.empty()) {
    absl::StatusOr<TargetAllowList> allowed = ParseTargetAllowList(flags.allow_targets);
    if (!allowed.ok()) {
      Say(fmt::format("--allow-target {}", std::string(allowed.status().message())));
      return Code(ExitCode::kUsage);
    }
    absl::StatusOr<std::unique_ptr<LocalAgent>> made =
        MakeLocalAgent(flags, *std::move(allowed), clock, colour);
    if (!made.ok()) {
      return SayStatus(made.status());
    }
    *local = *std::move(made);
    targets->push_back({"local", (*local)->server->InProcessChannel()});
    options->watch_interval = kLocalInterval;
    options->start_lead = Nanos(0);
    options->loss_timeout = std::chrono::hours(24);  // it cannot be lost without us
    return std::nullopt;
  }
  absl::StatusOr<std::vector<AgentTarget>> remote = RemoteAgents(flags);
  if (!remote.ok()) {  // a flag that cannot be, or names no readable file: nobody was called yet
    Say(std::string(remote.status().message()));
    return Code(ExitCode::kUsage);
  }
  *targets = *std::move(remote);
  return std::nullopt;
}

}  // namespace

absl::StatusOr<RunSettings> SettingsOf(const RunFlags& flags) {
  RunSettings settings;
  settings.host = flags.host;
  settings.users = flags.users;
  settings.spawn_rate = flags.spawn_rate;
  settings.iterations = flags.iterations;
  settings.seed = flags.seed;
  settings.tags = flags.tags;
  settings.exclude_tags = flags.exclude_tags;
  settings.once = flags.once;
  SQUALL_RETURN_IF_ERROR(ReadSpan(flags.run_time, "--run-time", &settings.run_time));
  SQUALL_RETURN_IF_ERROR(ReadSpan(flags.stop_timeout, "--stop-timeout", &settings.stop_timeout));
  return settings;
}

std::optional<int> LoadPlanOrSay(const PlanArguments& arguments, const Environment& environment,
                                 Plan* plan) {
  std::vector<std::string> warnings;
  absl::StatusOr<Plan> loaded = LoadPlan(arguments, environment, &warnings);
  for (const std::string& warning : warnings) {
    fmt::print(stderr, "warning: {}\n", warning);
  }
  if (!loaded.ok()) {
    fmt::print(stderr, "{}\n", std::string(loaded.status().message()));
    return Code(ExitCode::kBadPlan);
  }
  *plan = *std::move(loaded);
  return std::nullopt;
}

int RunCommand(const RunFlags& flags, const Environment& environment, StopSignals* signals) {
  Plan plan;
  if (const std::optional<int> code = LoadPlanOrSay(flags.plan, environment, &plan);
      code.has_value()) {
    return *code;
  }
  return RunPlan(std::move(plan), flags, environment, signals);
}

int RunPlan(Plan plan, const RunFlags& flags, const Environment& environment,
            StopSignals* signals) {
  const SystemClock clock;
  const absl::StatusOr<RunSettings> settings = SettingsOf(flags);
  if (!settings.ok()) {
    Say(std::string(settings.status().message()));
    return Code(ExitCode::kUsage);
  }
  RaiseDescriptorLimit();
  const Terminal out = DescribeTerminal(stdout, NoColor(environment));
  std::unique_ptr<LocalAgent> local;
  std::vector<AgentTarget> targets;
  CoordinatorOptions options;
  if (const std::optional<int> code =
          FindAgents(flags, &clock, out.colour, &local, &targets, &options);
      code.has_value()) {
    return *code;
  }
  options.run_id = NewRunId(clock);
  options.owner = fmt::format("squall run (process {})", getpid());
  options.version = SQUALL_VERSION;

  RunConsoleOptions console_options;
  console_options.terminal = DescribeTerminal(stderr, NoColor(environment));
  console_options.quiet = flags.quiet || flags.once;
  console_options.only_summary = flags.only_summary;
  console_options.csv_prefix = flags.csv.empty() ? plan.outputs.csv_prefix : flags.csv;
  console_options.csv_full_history = flags.csv_full_history;
  const auto console = RunConsole::Make(std::move(console_options));
  if (!console.ok()) {
    Say(std::string(console.status().message()));
    return Code(ExitCode::kUsage);
  }
  const Outputs outputs = plan.outputs;
  const auto coordinator = RunCoordinator::Make(std::move(plan), *settings, std::move(targets),
                                                options, console->get(), &clock);
  if (!coordinator.ok()) {
    return SayStatus(coordinator.status());
  }
  signals->Handle([&](int count) {
    (*coordinator)->Stop(count == 1 ? "interrupted" : "interrupted twice", count > 1);
  });
  absl::StatusOr<RunReport> report = (*coordinator)->Run();
  signals->Handle(nullptr);
  if (!report.ok()) {
    return SayStatus(report.status());
  }
  report->interrupted = signals->received();
  report->exit_code = ExitCodeOf(*report, flags.exit_code_on_error);
  absl::Status written = (*console)->Finish(*report);
  written.Update(WriteReports(*report, flags, outputs));
  if (!flags.once || flags.output == "json") {
    PrintResult(*report, flags, out);
  }
  if (!written.ok()) {
    Say(std::string(written.message()));
    return report->exit_code != 0 ? report->exit_code : Code(ExitCode::kUsage);
  }
  return report->exit_code;
}

}  // namespace squall
