#include "daemon/coordinator/run_coordinator.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/report/options.h"

namespace squall {
namespace {

constexpr Nanos kTick = std::chrono::seconds(1);
constexpr Nanos kTurnPatience = std::chrono::milliseconds(50);
// The more agents, the less often each reports, since a thousand snapshots a second are enough to
// read for one core; but once for every tick.
constexpr Nanos kSnapshotSpacing = std::chrono::milliseconds(1);
constexpr size_t kReportEventsMax = 1'000;  // in the report
constexpr size_t kHistoryMax = 900;         // seconds: the longest sliding window
// Where the profile names no spawn rate at the moment: after its end, or in the open model.
constexpr double kJoinRateDefault = 100;

}  // namespace

absl::StatusOr<std::unique_ptr<RunCoordinator>> RunCoordinator::MakeBare(Plan plan,
                                                                         RunSettings settings,
                                                                         CoordinatorOptions options,
                                                                         RunObserver* observer,
                                                                         const Clock* clock) {
  Plan applied = plan;
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(settings, &applied));
  if (applied.seed == 0) {
    // Chosen here, once, so that all agents draw from the same numbers; the report tells it.
    applied.seed = MixSeed(static_cast<uint64_t>(clock->Wall().time_since_epoch().count())) | 1;
    settings.seed = applied.seed;
  }
  SQUALL_ASSIGN_OR_RETURN(Profile profile, Profile::Make(applied.load_profile));
  std::unique_ptr<RunCoordinator> coordinator(
      new RunCoordinator(std::move(applied), std::move(settings), std::move(profile),
                         std::move(options), observer, clock));
  coordinator->sent_plan_ = std::move(plan);
  return coordinator;
}

absl::StatusOr<std::unique_ptr<RunCoordinator>> RunCoordinator::Make(
    Plan plan, RunSettings settings, std::vector<AgentTarget> agents, CoordinatorOptions options,
    RunObserver* observer, const Clock* clock) {
  if (agents.empty()) {
    return absl::InvalidArgumentError("agents must name at least one agent");
  }
  SQUALL_ASSIGN_OR_RETURN(
      std::unique_ptr<RunCoordinator> coordinator,
      MakeBare(std::move(plan), std::move(settings), std::move(options), observer, clock));
  coordinator->MakeRoster(Membership(agents.size(), coordinator->options_.epoch));
  for (AgentTarget& agent : agents) {
    coordinator->roster_->AddInitial(std::move(agent));
  }
  return coordinator;
}

absl::StatusOr<std::unique_ptr<RunCoordinator>> RunCoordinator::Resume(
    Plan plan, RunSettings settings, Resumption resumption, CoordinatorOptions options,
    RunObserver* observer, const Clock* clock) {
  SQUALL_ASSIGN_OR_RETURN(
      std::unique_ptr<RunCoordinator> coordinator,
      MakeBare(std::move(plan), std::move(settings), std::move(options), observer, clock));
  std::vector<Assignment> assignments;
  for (const Resumption::Member& member : resumption.members) {
    assignments.push_back(member.assignment);
  }
  coordinator->MakeRoster(Membership(std::move(assignments), NextTerm(resumption.epoch)));
  Roster* roster = coordinator->roster_.get();
  for (Resumption::Member& member : resumption.members) {
    roster->AddResumed(std::move(member.target), std::move(member.snapshot), member.fate);
  }
  roster->Apply(resumption.control);
  if (resumption.control.profile.has_value()) {
    SQUALL_ASSIGN_OR_RETURN(coordinator->profile_, Profile::Make(*resumption.control.profile));
  }
  // What was stored is the beginning of every window, so that nothing seems to have stood still.
  const auto stored = std::make_shared<const Snapshot>(MergeSnapshots(roster->Snapshots()));
  SQUALL_RETURN_IF_ERROR(coordinator->series_.Restore(std::move(resumption.series), *stored));
  SQUALL_RETURN_IF_ERROR(coordinator->heat_.Restore(std::move(resumption.heat)));
  if (stored->elapsed > Nanos(0)) {
    coordinator->merged_ = stored;
    coordinator->history_.push_back(stored);
  }
  coordinator->resumed_ = true;
  coordinator->started_at_ = resumption.started_at;
  coordinator->warnings_ = std::move(resumption.warnings);
  return coordinator;
}

RunCoordinator::RunCoordinator(Plan plan, RunSettings settings, Profile profile,
                               CoordinatorOptions options, RunObserver* observer,
                               const Clock* clock)
    : plan_(std::move(plan)),
      settings_(std::move(settings)),
      profile_(std::move(profile)),
      options_(std::move(options)),
      observer_(observer),
      clock_(clock) {}

RunCoordinator::~RunCoordinator() = default;

void RunCoordinator::MakeRoster(Membership members) {
  RosterOptions roster;
  roster.run_id = options_.run_id;
  roster.owner = options_.owner;
  roster.link.call_timeout = options_.call_timeout;
  roster.link.command_timeout = options_.command_timeout;
  roster.link.on_message = [this](const std::string& agent, const ScriptMessage& message) {
    observer_->OnMessage(agent, message);
  };
  const Nanos spread = kSnapshotSpacing * static_cast<int64_t>(members.size());
  roster.watch_interval = std::max(options_.watch_interval, std::min(kTick, spread));
  roster.loss_timeout = options_.loss_timeout;
  roster_ = std::make_unique<Roster>(std::move(roster), &sent_plan_, &settings_, std::move(members),
                                     &inbox_, static_cast<Roster::Listener*>(this), clock_);
}

absl::StatusOr<RunReport> RunCoordinator::Run() {
  if (resumed_) {
    Begin();
  }
  while (fatal_.ok() && !roster_->wish().started) {
    Step();
    if (fatal_.ok() && roster_->AllReady()) {
      started_at_ = clock_->Wall() + options_.start_lead;
      Begin();
    }
  }
  while (fatal_.ok() && !roster_->AllOver()) {
    Step();
    if (clock_->Now() >= next_tick_) {
      next_tick_ += kTick;
      Tick();
      JudgeThresholds(/*may_abort=*/true);
    }
  }
  if (!fatal_.ok()) {
    if (!roster_->wish().started) {
      roster_->Disband();
    }
    return fatal_;
  }
  Tick();
  JudgeThresholds(/*may_abort=*/false);
  return MakeReport();
}

// The moment of the start is known. What is stored now is enough to come back to the run.
void RunCoordinator::Begin() {
  roster_->Start(started_at_);
  OnMembers();
  observer_->OnStarted(plan_, profile_);
  next_tick_ = clock_->Now() + std::max(Nanos(0), started_at_ - clock_->Wall()) + kTick;
  roster_->Advance(clock_->Now());  // at once: arrivals that are due wait for the agents to hear it
}

// What was said before this moment is heard before anybody is called silent.
void RunCoordinator::Step() {
  const TimePoint listening_since = clock_->Now();
  inbox_.RunSome(kTurnPatience);
  if (fatal_.ok()) {
    roster_->Advance(listening_since);
  }
}

void RunCoordinator::OnNote(std::string_view text) { Note(text); }

void RunCoordinator::OnWarning(std::string text) {
  warnings_.push_back(std::move(text));
  Note(warnings_.back());
}

void RunCoordinator::Note(std::string_view text) {
  events_.push_back({clock_->Wall(), std::string(text), ++events_noted_});
  if (events_.size() > kReportEventsMax) {
    events_.pop_front();
  }
  observer_->OnEvent(text);
}

void RunCoordinator::OnMembers() {
  if (!roster_->wish().started) {
    return;  // nothing yet to come back to
  }
  observer_->OnRoster(
      {started_at_, roster_->wish().epoch, roster_->Records(), roster_->control(), warnings_});
}

void RunCoordinator::OnFatal(absl::Status status) { fatal_.Update(std::move(status)); }

// Whether an agent has ended while the plan still has load for it: its squalld shuts down, or
// somebody else has stopped it.
bool RunCoordinator::LeftEarly(const Snapshot& last) {
  if (roster_->wish().stop != StopLevel::kNone || settings_.once ||
      profile_.iterations().has_value()) {
    return false;
  }
  const std::optional<Nanos> duration = profile_.Duration();
  return !duration.has_value() || last.elapsed < *duration;
}

double RunCoordinator::JoinRate(Nanos elapsed) {
  const RunControl& control = roster_->control();
  if (control.load.has_value() && control.load->users.has_value()) {
    return control.load->spawn_rate;
  }
  const std::optional<LoadTarget> target = profile_.Target(elapsed);
  return target.has_value() && target->spawn_rate > 0 ? target->spawn_rate : kJoinRateDefault;
}

void RunCoordinator::Tick() {
  std::vector<const Snapshot*> agents = roster_->Snapshots();
  if (agents.empty()) {
    return;
  }
  merged_ = std::make_shared<const Snapshot>(MergeSnapshots(agents));
  series_.Add(*merged_, agents);
  heat_.Add(series_.run().end(), series_.run().response());
  second_counter_.Add(*merged_);
  RunProgress progress;
  progress.merged = merged_;
  progress.before = WindowStart(kCurrentWindow);
  progress.series = &series_.run();
  progress.heat = &heat_;
  progress.lines = &series_;
  progress.profile = &profile_;
  progress.invalid_so_far = InvalidReasons(agents);
  progress.agents = std::move(agents);
  progress.thresholds = &thresholds_;
  progress.warnings = &warnings_;
  observer_->OnTick(progress);
  history_.push_back(merged_);
  Nanos longest = kCurrentWindow;
  for (const Threshold& threshold : plan_.thresholds) {
    longest = std::max(longest, threshold.over);
  }
  const size_t keep = std::min<size_t>(kHistoryMax, static_cast<size_t>(longest / kTick) + 2);
  while (history_.size() > keep) {
    history_.pop_front();
  }
}

std::shared_ptr<const Snapshot> RunCoordinator::WindowStart(Nanos over) const {
  std::shared_ptr<const Snapshot> best;
  for (const std::shared_ptr<const Snapshot>& old : history_) {
    if (merged_->elapsed - old->elapsed >= over - kTick / 2) {
      best = old;
    }
  }
  return best;
}

void RunCoordinator::JudgeThresholds(bool may_abort) {
  thresholds_.clear();
  for (const Threshold& threshold : plan_.thresholds) {
    const auto start = threshold.over > Nanos(0) ? WindowStart(threshold.over) : nullptr;
    thresholds_.push_back(JudgeThreshold(threshold, *merged_, start.get()));
    const ThresholdResult& result = thresholds_.back();
    const bool abort = may_abort && threshold.abort_on_fail && !result.passed &&
                       result.observed.has_value() && roster_->wish().stop == StopLevel::kNone &&
                       merged_->elapsed >= threshold.abort_delay;
    if (abort) {
      Stop(fmt::format("threshold '{}' failed ({})", threshold.text, FormatObserved(result)),
           /*immediate=*/false);
    }
  }
}

void RunCoordinator::Stop(std::string reason, bool immediate) {
  inbox_.Post([this, reason = std::move(reason), immediate] {
    if (roster_->wish().stop == StopLevel::kNone) {
      Note(fmt::format("stopping: {}", reason));
    }
    roster_->SetStop(immediate ? StopLevel::kImmediate : StopLevel::kGraceful, reason);
    OnMembers();
  });
}

absl::Status RunCoordinator::SetProfile(const LoadProfile& load) {
  SQUALL_ASSIGN_OR_RETURN(Profile profile, Profile::Make(load));
  if (profile.IsOpen() || IsOpen()) {
    return absl::InvalidArgumentError(
        "arrival rates cannot be replaced while a run goes on; change the arrival factor instead");
  }
  inbox_.Post([this, load, profile = std::move(profile)]() mutable {
    profile_ = std::move(profile);
    Note(fmt::format("the load is now {}", DescribeLoad(load)));
    roster_->SetProfile(load);
    OnMembers();
  });
  return absl::OkStatus();
}

// As agents say it.
absl::Status RunCoordinator::CheckLoad(const LoadRequest& request) const {
  if (request.users.has_value() && IsOpen()) {
    return absl::InvalidArgumentError(
        "users must not be set in an arrival-rate run; set arrival_factor instead");
  }
  if (request.arrival_factor.has_value() && !IsOpen()) {
    return absl::InvalidArgumentError(
        "arrival_factor must not be set in a run with a number of users; set users instead");
  }
  return absl::OkStatus();
}

absl::Status RunCoordinator::SetLoad(LoadRequest request) {
  SQUALL_RETURN_IF_ERROR(CheckLoad(request));
  inbox_.Post([this, request] {
    roster_->SetLoad(request);
    OnMembers();
  });
  return absl::OkStatus();
}

// No profile that takes its place changes the model of a run.
bool RunCoordinator::IsOpen() const {
  return std::holds_alternative<Arrival>(plan_.load_profile.load);
}

void RunCoordinator::SetThresholds(std::vector<Threshold> thresholds) {
  inbox_.Post([this, thresholds = std::move(thresholds)]() mutable {
    plan_.thresholds = std::move(thresholds);
  });
}

void RunCoordinator::Tell(std::string agent, ScriptMessage message) {
  inbox_.Post([this, agent = std::move(agent), message = std::move(message)] {
    roster_->Tell(agent, message);
  });
}

void RunCoordinator::Remark(std::string text) {
  inbox_.Post([this, text = std::move(text)] { Note(text); });
}

void RunCoordinator::Pause() {
  inbox_.Post([this] {
    Note("paused");
    roster_->SetPaused(true);
    OnMembers();
  });
}

void RunCoordinator::Resume() {
  inbox_.Post([this] {
    Note("goes on after the pause");
    roster_->SetPaused(false);
    OnMembers();
  });
}

void RunCoordinator::Join(AgentTarget agent) {
  inbox_.Post([this, agent = std::move(agent)] {
    // A plan with a number of task runs has shared them out at its start.
    const bool over = roster_->wish().stop != StopLevel::kNone;
    if (!over && !settings_.once && !profile_.iterations().has_value()) {
      roster_->Join(agent);
    }
  });
}

void RunCoordinator::Leave(std::string agent) {
  inbox_.Post([this, agent = std::move(agent)] {
    if (profile_.iterations().has_value() || settings_.once || !roster_->Leave(agent)) {
      OnNote(
          fmt::format("agent '{}' must stay: it is the last one, takes no part, or the plan "
                      "counts iterations",
                      agent));
    }
  });
}

void RunCoordinator::Report(std::function<void(RunReport)> done) {
  inbox_.Post([this, done = std::move(done)] { done(MakeReport()); });
}

void RunCoordinator::Abandon() {
  inbox_.Post([this] { OnFatal(absl::CancelledError("the run is left to another coordinator")); });
}

RunReport RunCoordinator::MakeReport() {
  RunReport report;
  report.run_id = options_.run_id;
  report.plan_name = plan_.name;
  report.host = plan_.service.base_url;
  report.version = options_.version;
  report.options = ReportOptions(plan_, profile_);
  report.started_at = started_at_;
  report.ended_at = clock_->Wall();
  const std::vector<const Snapshot*> agents = roster_->Snapshots();
  for (const Snapshot* agent : agents) {
    report.agents.push_back(*agent);
  }
  report.agents_lost = roster_->lost();
  for (const MemberRecord& member : roster_->Records()) {
    if (WasLost(member)) {
      report.lost_agents.insert(member.name);
    }
  }
  report.planned = PlannedPoints(profile_);
  if (const auto* stages = std::get_if<std::vector<Stage>>(&profile_.load().load)) {
    report.stages = *stages;
  }
  report.overridden = ByHand(roster_->control());
  report.tasks = TaskShares(plan_, profile_.PeakUsers());
  report.events.assign(events_.begin(), events_.end());
  report.heat = heat_.columns();
  report.total = *merged_;
  SeriesLines lines = series_.Lines();
  report.series = std::move(lines.run);
  report.series_by_name = std::move(lines.by_name);
  report.series_by_agent = std::move(lines.by_agent);
  report.series_names_left_out = lines.names_left_out;
  report.series_agents_left_out = lines.agents_left_out;
  report.second_counts = second_counter_.counts();
  report.thresholds = thresholds_;
  // With thresholds on failures the user has said how many are fine.
  const bool failures_allowed =
      std::any_of(plan_.thresholds.begin(), plan_.thresholds.end(),
                  [](const Threshold& item) { return item.metric == ThresholdMetric::kFailures; });
  report.verdict = JudgeRun(*merged_, agents, thresholds_, failures_allowed);
  report.warnings = warnings_;
  report.seed = plan_.seed;
  return report;
}

}  // namespace squall
