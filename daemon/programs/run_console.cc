#include "daemon/programs/run_console.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/report/live.h"
#include "daemon/report/options.h"
#include "daemon/report/table.h"
#include "daemon/report/text.h"
#include "daemon/report/view_of.h"

namespace squall {
namespace {

constexpr int kLineEveryTicks = 2;  // Locust's console interval
constexpr int kTableEveryTicks = 10;

}  // namespace

absl::StatusOr<std::unique_ptr<RunConsole>> RunConsole::Make(RunConsoleOptions options) {
  std::unique_ptr<CsvReport> csv;
  if (!options.csv_prefix.empty()) {
    SQUALL_ASSIGN_OR_RETURN(csv, CsvReport::Create({options.csv_prefix, options.csv_full_history}));
  }
  SQUALL_ASSIGN_OR_RETURN(SampleFiles samples, SampleFiles::Make(options.outputs));
  return std::unique_ptr<RunConsole>(
      new RunConsole(std::move(options), std::move(csv), std::move(samples)));
}

RunConsole::RunConsole(RunConsoleOptions options, std::unique_ptr<CsvReport> csv,
                       SampleFiles samples)
    : options_(std::move(options)), csv_(std::move(csv)), samples_(std::move(samples)) {}

void RunConsole::OnStarted(const Plan& plan, const Profile& profile) {
  plan_name_ = plan.name;
  samples_.OnStarted(plan);
  host_ = WithoutCredentials(plan.service.base_url);
  if (!options_.quiet) {
    const std::optional<Nanos> duration = profile.Duration();
    PrintErr(fmt::format("{}: {}{}{}, {}\n", plan_name_, DescribeLoad(plan.load_profile),
                         host_.empty() ? "" : " against ",
                         host_,  // a locustfile's classes may have one each
                         duration.has_value()               ? "for " + FormatTimeSpan(*duration)
                         : profile.iterations().has_value() ? "until they are done"
                                                            : "until stopped (Ctrl-C)"));
  }
}

void RunConsole::OnTick(const RunProgress& progress) {
  ++ticks_;
  if (csv_ != nullptr && !csv_broken_) {
    if (const absl::Status status = csv_->Write(*progress.merged, progress.agents); !status.ok()) {
      csv_broken_ = true;  // said once, and again at the end; the load goes on
      OnEvent(std::string(status.message()));
    }
  }
  samples_.OnTick(progress, [this](std::string_view text) { OnEvent(text); });
  if (options_.quiet) {
    return;
  }
  LiveState state;
  state.now = progress.merged.get();
  state.before = progress.before.get();
  state.points = &progress.series->points();
  state.plan_name = plan_name_;
  state.host = host_;
  state.run_time = progress.profile->Duration();
  state.warm_up = progress.profile->warm_up();
  if (options_.terminal.interactive) {
    state.agents = AgentViewsOf(progress.agents);
    state.thresholds = progress.thresholds;
    state.invalid_so_far = progress.invalid_so_far;
    const std::string frame = LiveFrame(
        state, {options_.terminal.width, options_.terminal.height, options_.terminal.colour});
    PrintErr(LiveRedraw(frame, drawn_lines_));
    drawn_lines_ = static_cast<size_t>(std::count(frame.begin(), frame.end(), '\n'));
    return;
  }
  if (ticks_ % kLineEveryTicks == 0) {
    const std::string line = LiveLine(state);
    PrintErr(line.ends_with('\n') ? line : line + "\n");
  }
  if (!options_.only_summary && ticks_ % kTableEveryTicks == 0) {
    PrintErr(StatsTable(*progress.merged, progress.before.get(), TableStyle{}) + "\n");
  }
}

void RunConsole::OnEvent(std::string_view text) {
  PrintErr(fmt::format("squall: {}\n", text));
  drawn_lines_ = 0;  // the next frame goes below what was said
}

absl::Status RunConsole::Finish(const RunReport& report) {
  absl::Status written = samples_.Finish(report.total);
  if (csv_ == nullptr) {
    return written;
  }
  std::vector<const Snapshot*> agents;
  for (const Snapshot& agent : report.agents) {
    agents.push_back(&agent);
  }
  written.Update(csv_->Write(report.total, agents));
  return written;
}

}  // namespace squall
