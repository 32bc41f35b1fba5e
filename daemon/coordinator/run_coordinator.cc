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
constexpr Nanos kPatience = std::chrono::milliseconds(100);
constexpr Nanos kCurrentWindow = std::chrono::seconds(10);
constexpr size_t kHistoryMax = 900;  // seconds: the longest sliding window
// What survivors take over starts this fast, so that the total is back within seconds.
constexpr double kTakeoverRate = 1000;

bool IsOver(RunState state) { return state == RunState::kFinished || state == RunState::kFailed; }

}  // namespace

struct RunCoordinator::Member {
  Member(std::string name, const std::shared_ptr<grpc::Channel>& channel, AgentLinkOptions options)
      : link(std::move(name), channel, std::move(options)) {}
  AgentLink link;
  Assignment assignment;
  Nanos clock_offset{0};
  Snapshot snapshot;  // the newest one
  TimePoint heard_at{};
  bool held = false;  // asked to prepare, so it may hold our run
  bool lost = false;
  bool over = false;
};

absl::StatusOr<std::unique_ptr<RunCoordinator>> RunCoordinator::Make(
    Plan plan, RunSettings settings, std::vector<AgentTarget> agents, CoordinatorOptions options,
    RunObserver* observer, const Clock* clock) {
  if (agents.empty()) {
    return absl::InvalidArgumentError("agents must name at least one agent");
  }
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
  for (size_t i = 0; i < agents.size(); ++i) {
    AgentLinkOptions link;
    link.authorization = coordinator->options_.authorization;
    link.call_timeout = coordinator->options_.call_timeout;
    auto member = std::make_unique<Member>(agents[i].name, agents[i].channel, link);
    member->assignment = MakeAssignment(i, agents.size(), coordinator->epoch_);
    coordinator->members_.push_back(std::move(member));
  }
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
      clock_(clock),
      epoch_(options_.epoch) {}

RunCoordinator::~RunCoordinator() = default;

absl::StatusOr<RunReport> RunCoordinator::Run() {
  absl::Status ready = PrepareAll();
  if (ready.ok()) {
    ready = StartAll();
  }
  if (!ready.ok()) {
    GiveUp();
    return ready;
  }
  observer_->OnStarted(plan_, profile_);
  Follow();
  return MakeReport();
}

absl::Status RunCoordinator::PrepareAll() {
  std::string digest;
  for (const auto& member : members_) {
    SQUALL_ASSIGN_OR_RETURN(member->clock_offset, member->link.MeasureClockOffset(*clock_));
    member->held = true;
    SQUALL_ASSIGN_OR_RETURN(const std::string understood,
                            member->link.Prepare(options_.run_id, epoch_, options_.owner,
                                                 sent_plan_, member->assignment, settings_));
    if (digest.empty()) {
      digest = understood;
    } else if (understood != digest) {
      return absl::FailedPreconditionError(
          fmt::format("agent '{}' understood the plan differently from '{}': run the same version "
                      "of squalld everywhere",
                      member->link.name(), members_.front()->link.name()));
    }
  }
  return absl::OkStatus();
}

absl::Status RunCoordinator::StartAll() {
  const WallTime at = clock_->Wall() + options_.start_lead;
  for (const auto& owner : members_) {
    Member* member = owner.get();
    SQUALL_RETURN_IF_ERROR(member->link.Start(options_.run_id, epoch_, at + member->clock_offset));
    member->heard_at = clock_->Now();
    member->link.Watch(
        options_.run_id, options_.watch_interval, &inbox_,
        [this, member](Snapshot snapshot) { OnSnapshot(member, std::move(snapshot)); },
        [this, member](const absl::Status& status) { OnStreamEnd(member, status); });
  }
  started_at_ = at;
  next_tick_ = clock_->Now() + options_.start_lead + kTick;
  return absl::OkStatus();
}

// Without all of its agents a run does not begin. Those that are ready, or have even started, must
// not wait for us, nor refuse the next coordinator.
void RunCoordinator::GiveUp() {
  for (const auto& member : members_) {
    if (member->held) {
      // One that does not hear it drops a run that nobody watches by itself.
      member->link.Stop(options_.run_id, epoch_, "the run could not begin", /*immediate=*/true)
          .IgnoreError();
    }
  }
}

void RunCoordinator::Follow() {
  while (!AllOver()) {
    // What was said before this moment is heard before anybody is called silent: a call to an agent
    // that hangs may have kept us from listening.
    const TimePoint listening_since = clock_->Now();
    inbox_.RunSome(kPatience);
    FindLost(listening_since);
    if (clock_->Now() >= next_tick_) {
      next_tick_ += kTick;
      Tick();
      JudgeThresholds(/*may_abort=*/true);
    }
  }
  Tick();
}

bool RunCoordinator::AllOver() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->over || member->lost; });
}

void RunCoordinator::OnSnapshot(Member* member, Snapshot snapshot) {
  if (member->lost || snapshot.run_id != options_.run_id ||
      snapshot.sequence <= member->snapshot.sequence) {
    return;  // repeated, late, or from an agent that others have replaced
  }
  const bool was_over = member->over;
  member->heard_at = clock_->Now();
  member->over = IsOver(snapshot.state);
  member->snapshot = std::move(snapshot);
  if (member->over && !was_over && LeftEarly(member->snapshot)) {
    Warn(fmt::format("agent '{}' left before the end: {}", member->link.name(),
                     member->snapshot.stop_reason));
    HandOver(member);
  }
}

// Whether an agent has ended while the plan still has load for it: its squalld shuts down, or
// somebody else has stopped it.
bool RunCoordinator::LeftEarly(const Snapshot& last) const {
  if (stop_requested_ || settings_.once || profile_.iterations().has_value()) {
    return false;
  }
  const std::optional<Nanos> duration = profile_.Duration();
  return !duration.has_value() || last.elapsed < *duration;
}

void RunCoordinator::OnStreamEnd(Member* member, const absl::Status& status) {
  if (!member->over && !member->lost) {
    Lose(member, status.ok() ? "its stream ended early" : std::string(status.message()));
  }
}

void RunCoordinator::FindLost(TimePoint listening_since) {
  for (const auto& member : members_) {
    if (!member->over && !member->lost &&
        listening_since - member->heard_at > options_.loss_timeout + options_.start_lead) {
      Lose(member.get(), fmt::format("silent for {}", FormatTimeSpan(options_.loss_timeout)));
    }
  }
}

// What the lost agent has counted stays; what it was doing then, nobody knows any more.
void RunCoordinator::Lose(Member* member, const std::string& why) {
  member->lost = true;
  Snapshot* last = &member->snapshot;
  last->state = RunState::kFailed;
  last->error = fmt::format("lost: {}", why);
  last->users.clear();
  last->target_users = 0;
  last->target_rate = 0;
  last->open_requests = 0;
  Warn(fmt::format("agent '{}' was lost: {}", member->link.name(), why));
  HandOver(member);
}

void RunCoordinator::Warn(std::string text) {
  warnings_.push_back(std::move(text));
  observer_->OnEvent(warnings_.back());
}

// The users of a member that is gone go to the others; nobody else's move.
void RunCoordinator::HandOver(Member* member) {
  std::vector<Assignment> assignments;
  std::vector<Member*> present;
  size_t lost_index = 0;
  for (const auto& other : members_) {
    if (other.get() == member) {
      lost_index = assignments.size();
    } else if (other->lost || other->over) {
      continue;
    }
    assignments.push_back(other->assignment);
    present.push_back(other.get());
  }
  ++epoch_;
  const absl::StatusOr<std::vector<Assignment>> after =
      RedistributeLost(assignments, lost_index, epoch_);
  if (!after.ok()) {
    return;  // nobody is left to take over
  }
  for (size_t i = 0; i < present.size(); ++i) {
    if (i == lost_index) {
      continue;
    }
    present[i]->assignment = (*after)[i];
    const absl::Status status =
        present[i]->link.Reassign(options_.run_id, epoch_, present[i]->assignment, kTakeoverRate);
    if (!status.ok()) {
      observer_->OnEvent(std::string(status.message()));
    }
  }
}

void RunCoordinator::Tick() {
  std::vector<const Snapshot*> agents;
  for (const auto& member : members_) {
    if (member->snapshot.sequence > 0) {
      agents.push_back(&member->snapshot);
    }
  }
  if (agents.empty()) {
    return;
  }
  merged_ = MergeSnapshots(agents);
  series_.Add(merged_);
  second_counter_.Add(merged_);
  RunProgress progress;
  progress.merged = &merged_;
  progress.before = WindowStart(kCurrentWindow);
  progress.series = &series_;
  progress.profile = &profile_;
  progress.agents = std::move(agents);
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

const Snapshot* RunCoordinator::WindowStart(Nanos over) const {
  const Snapshot* best = nullptr;
  for (const Snapshot& old : history_) {
    if (merged_.elapsed - old.elapsed >= over - kTick / 2) {
      best = &old;
    }
  }
  return best;
}

void RunCoordinator::JudgeThresholds(bool may_abort) {
  thresholds_.clear();
  for (const Threshold& threshold : plan_.thresholds) {
    const Snapshot* start = threshold.over > Nanos(0) ? WindowStart(threshold.over) : nullptr;
    thresholds_.push_back(JudgeThreshold(threshold, merged_, start));
    const ThresholdResult& result = thresholds_.back();
    const bool abort = may_abort && threshold.abort_on_fail && !result.passed &&
                       result.observed.has_value() && !stop_requested_ &&
                       merged_.elapsed >= threshold.abort_delay;
    if (abort) {
      Stop(fmt::format("threshold '{}' failed ({})", threshold.text, FormatObserved(result)),
           /*immediate=*/false);
    }
  }
}

template <typename Command>
void RunCoordinator::ToAll(std::string_view what, const Command& command) {
  for (const auto& member : members_) {
    if (member->lost || member->over) {
      continue;
    }
    if (const absl::Status status = command(&member->link); !status.ok()) {
      observer_->OnEvent(fmt::format("{}: {}", what, std::string(status.message())));
    }
  }
}

void RunCoordinator::Stop(std::string reason, bool immediate) {
  inbox_.Post([this, reason = std::move(reason), immediate] {
    if (!stop_requested_) {
      stop_requested_ = true;
      stop_reason_ = reason;
      observer_->OnEvent(fmt::format("stopping: {}", reason));
    }
    ToAll("stop", [&](AgentLink* link) {
      return link->Stop(options_.run_id, epoch_, stop_reason_, immediate);
    });
  });
}

void RunCoordinator::SetLoad(LoadRequest request) {
  inbox_.Post([this, request] {
    ToAll("set load",
          [&](AgentLink* link) { return link->SetLoad(options_.run_id, epoch_, request); });
  });
}

void RunCoordinator::Pause() {
  inbox_.Post([this] {
    ToAll("pause", [&](AgentLink* link) { return link->Pause(options_.run_id, epoch_); });
  });
}

void RunCoordinator::Resume() {
  inbox_.Post([this] {
    ToAll("resume", [&](AgentLink* link) { return link->Resume(options_.run_id, epoch_); });
  });
}

RunReport RunCoordinator::MakeReport() {
  JudgeThresholds(/*may_abort=*/false);
  RunReport report;
  report.run_id = options_.run_id;
  report.plan_name = plan_.name;
  report.host = plan_.service.base_url;
  report.version = options_.version;
  report.options = ReportOptions(plan_, profile_);
  report.started_at = started_at_;
  report.ended_at = clock_->Wall();
  std::vector<const Snapshot*> agents;
  for (const auto& member : members_) {
    if (member->snapshot.sequence > 0) {
      report.agents.push_back(member->snapshot);
      agents.push_back(&member->snapshot);
    }
    report.agents_lost += member->lost ? 1 : 0;
  }
  report.total = merged_;
  report.series = series_.points();
  report.second_counts = second_counter_.counts();
  report.thresholds = thresholds_;
  // With thresholds on failures the user has said how many are fine.
  const bool failures_allowed =
      std::any_of(plan_.thresholds.begin(), plan_.thresholds.end(),
                  [](const Threshold& item) { return item.metric == ThresholdMetric::kFailures; });
  report.verdict = JudgeRun(merged_, agents, thresholds_, failures_allowed);
  report.warnings = warnings_;
  report.seed = plan_.seed;
  return report;
}

}  // namespace squall
