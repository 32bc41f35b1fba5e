#include "daemon/programs/locust_console.h"

#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "daemon/base/machine_name.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/programs/terminal.h"

namespace squall {
namespace {

constexpr int kLocustTableEveryTicks = 2;  // Locust's console interval

}  // namespace

std::string LocustLogLine(WallTime at, std::string_view host, std::string_view level,
                          std::string_view logger, std::string_view text) {
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(millis / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("[{:%Y-%m-%d %H:%M:%S},{:03}] {}/{}/{}: {}\n", local, millis % 1000, host,
                     level, logger, text);
}

absl::StatusOr<std::unique_ptr<LocustConsole>> LocustConsole::Make(LocustConsoleOptions options,
                                                                   const Clock* clock) {
  std::unique_ptr<LocustConsole> console(new LocustConsole(std::move(options), clock));
  const LocustConsoleOptions& chosen = console->options_;
  if (!chosen.csv_prefix.empty()) {
    SQUALL_ASSIGN_OR_RETURN(console->csv_,
                            CsvReport::Create({chosen.csv_prefix, chosen.csv_full_history}));
  }
  SQUALL_ASSIGN_OR_RETURN(console->samples_, SampleFiles::Make(chosen.outputs));
  return console;
}

LocustConsole::LocustConsole(LocustConsoleOptions options, const Clock* clock)
    : options_(std::move(options)), clock_(clock), host_(MachineName()) {
  log_ = options_.log_file.empty() ? nullptr : std::fopen(options_.log_file.c_str(), "a");
}

LocustConsole::~LocustConsole() {
  if (log_ != nullptr) {
    std::fclose(log_);
  }
}

void LocustConsole::Log(std::string_view level, std::string_view logger, std::string_view text) {
  if (!options_.log) {
    return;
  }
  const std::string line = LocustLogLine(clock_->Wall(), host_, level, logger, text);
  if (log_ != nullptr) {
    std::fwrite(line.data(), 1, line.size(), log_);
    std::fflush(log_);
  } else {
    PrintErr(line);
  }
}

void LocustConsole::OnStarted(const Plan& plan, const Profile& /*profile*/) {
  samples_.OnStarted(plan);
  if (options_.run_time.has_value()) {
    Log("INFO", "locust.main",
        fmt::format("Run time limit set to {:g} seconds", ToSeconds(*options_.run_time)));
  }
  if (const auto* level = std::get_if<ConstantLoad>(&plan.load_profile.load);
      level != nullptr && level->users > 0) {
    Log("INFO", "locust.runners",
        fmt::format("Ramping to {} users at a rate of {:.2f} per second", level->users,
                    level->spawn_rate));
  }
}

void LocustConsole::OnTick(const RunProgress& progress) {
  if (csv_ != nullptr && !csv_broken_) {
    if (const absl::Status status = csv_->Write(*progress.merged, progress.agents); !status.ok()) {
      csv_broken_ = true;  // said once, and again at the end; the load goes on
      OnEvent(std::string(status.message()));
    }
  }
  samples_.OnTick(progress, [this](std::string_view text) { OnEvent(text); });
  const bool over = options_.run_time.has_value() && progress.merged->elapsed >= *options_.run_time;
  if (over && !limit_told_) {
    limit_told_ = true;
    Log("INFO", "locust.main", "--run-time limit reached, shutting down");
  }
  if (options_.tables && !over && ++ticks_ % kLocustTableEveryTicks == 0) {
    PrintErr(StatsTable(*progress.merged, progress.before.get(), options_.style));
  }
}

void LocustConsole::OnEvent(std::string_view text) {
  // The ends that Locust logs in words of its own.
  const bool expected = text.starts_with("stopping: ");
  Log(expected ? "INFO" : "WARNING", "locust.main", text);
}

absl::Status LocustConsole::Finish(const RunReport& report) {
  PrintErr(StatsTable(report.total, nullptr, options_.style));
  PrintErr(PercentileTable(report.total, options_.style));
  PrintErr(ErrorReport(report.total, options_.style));
  std::vector<const Snapshot*> agents;
  for (const Snapshot& agent : report.agents) {
    agents.push_back(&agent);
  }
  // What decides the exit code though no table shows it.
  for (const std::string& reason : report.verdict.reasons) {
    Log(report.verdict.verdict == Verdict::kPass ? "INFO" : "WARNING", "squall", reason);
  }
  for (const std::string& warning : report.verdict.warnings) {
    Log("WARNING", "squall", warning);
  }
  absl::Status written = samples_.Finish(report.total);
  if (csv_ != nullptr) {
    written.Update(csv_->Write(report.total, agents));
  }
  return written;
}

}  // namespace squall
