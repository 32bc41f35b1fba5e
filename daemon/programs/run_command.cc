#include "daemon/programs/run_command.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/coordinator/run_coordinator.h"
#include "daemon/engine/thread_usage.h"
#include "daemon/programs/metrics_door.h"
#include "daemon/programs/run_agents.h"
#include "daemon/programs/run_console.h"
#include "daemon/programs/run_output.h"
#include "daemon/programs/terminal.h"
#include "daemon/programs/watched_run.h"
#include "daemon/programs/web_run.h"

namespace squall {
namespace {

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

}  // namespace

absl::StatusOr<RunSettings> SettingsOf(const RunFlags& flags) {
  RunSettings settings;
  settings.host = flags.host;
  settings.users = flags.users;
  settings.spawn_rate = flags.spawn_rate;
  settings.arrival_rate = flags.arrival_rate;
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
  absl::Status status = AddOuts(flags.outs, &plan.outputs);
  if (status.ok()) {
    status = ApplyOtel(flags.otel.flags, flags.otel.environment, &plan.outputs);
  }
  if (!status.ok()) {
    Say(std::string(status.message()));
    return Code(ExitCode::kUsage);
  }
  return flags.headless || flags.once
             ? RunPlan(std::move(plan), flags, environment, signals)
             : RunPlanWithPage(std::move(plan), flags, environment, signals);
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
  CoordinatorOptions options;
  options.run_id = NewRunId(clock);
  std::unique_ptr<RunAgents> agents;
  WatchedRun watched(options.run_id, &clock);
  const auto metrics = MetricsDoor::OpenForRun(flags, watched.Source(), &clock);
  if (!metrics.ok()) {
    Say(std::string(metrics.status().message()));
    return Code(ExitCode::kUsage);
  }
  if (const std::optional<int> code =
          RunAgents::Find(flags, nullptr, &clock, out.colour, signals, &options, &agents);
      code.has_value()) {
    return *code;
  }
  watched.Show(agents.get());
  options.owner = fmt::format("squall run (process {})", getpid());
  options.version = SQUALL_VERSION;

  const auto console = RunConsole::Make(ConsoleOptionsOf(flags, plan.outputs, environment));
  if (!console.ok()) {
    Say(std::string(console.status().message()));
    return Code(ExitCode::kUsage);
  }
  RunObserver* const observer =
      *metrics == nullptr ? console->get() : watched.Before(console->get());
  const Outputs outputs = plan.outputs;
  const auto coordinator = RunCoordinator::Make(std::move(plan), *settings, agents->TakeTargets(),
                                                options, observer, &clock);
  if (!coordinator.ok()) {
    return SayStatus(coordinator.status());
  }
  signals->Handle([&](int count) {
    (*coordinator)->Stop(count == 1 ? "interrupted" : "interrupted twice", count > 1);
  });
  agents->SendLateTo(options.run_id, coordinator->get());
  absl::StatusOr<RunReport> report = (*coordinator)->Run();
  agents->SendLateTo(options.run_id, nullptr);
  signals->Handle(nullptr);
  if (!report.ok()) {
    return SayStatus(report.status());
  }
  report->interrupted = signals->received();
  report->exit_code = ExitCodeOf(*report, flags.exit_code_on_error);
  return ConcludeRun(*report, flags, outputs, environment, console->get());
}

}  // namespace squall
