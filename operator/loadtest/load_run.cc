#include "operator/loadtest/load_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/checkpoint.h"
#include "daemon/coordinator/report_request.h"
#include "daemon/report/view_of.h"
#include "daemon/wire/plan_digest.h"

namespace squall {
namespace {

// A Secret holds a mebibyte; base64 takes a third more than what it carries.
constexpr size_t kCheckpointBytesMax = 700'000;
constexpr size_t kSeenEventsMax = 200;
constexpr size_t kEndpointsMax = 20;

std::vector<EndpointSeen> Endpoints(const Snapshot& merged) {
  std::vector<EndpointSeen> endpoints;
  for (const auto& [key, stats] : merged.entries) {
    if (key.phase == RunPhase::kMeasured) {
      endpoints.push_back({key.method, key.name, stats.requests, stats.failures, Nanos(0)});
    }
  }
  const size_t shown = std::min(endpoints.size(), kEndpointsMax);
  std::partial_sort(
      endpoints.begin(), endpoints.begin() + static_cast<std::ptrdiff_t>(shown), endpoints.end(),
      [](const EndpointSeen& a, const EndpointSeen& b) { return a.requests > b.requests; });
  endpoints.resize(shown);
  for (EndpointSeen& endpoint : endpoints) {
    endpoint.p95 = merged.entries.at({RunPhase::kMeasured, endpoint.name, endpoint.method})
                       .response.Percentile(0.95);
  }
  return endpoints;
}

void ReadFigures(const Snapshot& merged, RunSeen* seen) {
  const EntryStats total = merged.Total();
  seen->elapsed = merged.elapsed;
  seen->users = merged.UserCount();
  seen->target_users = merged.target_users;
  seen->requests = total.requests;
  seen->failures = total.failures;
  seen->p50 = total.response.Percentile(0.5);
  seen->p95 = total.response.Percentile(0.95);
  seen->p99 = total.response.Percentile(0.99);
  seen->max = total.response.max();
  seen->endpoints = Endpoints(merged);
}

Nanos SkewOf(const std::vector<const Snapshot*>& agents) {
  WallTime first = WallTime::max();
  WallTime last = WallTime::min();
  for (const Snapshot* agent : agents) {
    if (agent->started_at != WallTime{}) {
      first = std::min(first, agent->started_at);
      last = std::max(last, agent->started_at);
    }
  }
  return last > first ? last - first : Nanos(0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadRun>> LoadRun::Start(LoadRunOrder order, RunHooks hooks,
                                                        const Clock* clock) {
  std::unique_ptr<LoadRun> run(new LoadRun(std::move(order), std::move(hooks), clock));
  SQUALL_RETURN_IF_ERROR(run->Make());
  run->thread_ = std::thread([raw = run.get()] { raw->Work(); });
  return run;
}

LoadRun::LoadRun(LoadRunOrder order, RunHooks hooks, const Clock* clock)
    : order_(std::move(order)),
      hooks_(std::move(hooks)),
      clock_(clock),
      keeper_(*clock, order_.version) {}

LoadRun::~LoadRun() {
  if (thread_.joinable()) {
    coordinator_->Abandon();
    thread_.join();
  }
}

// What the run is about to do, for pages.
absl::Status LoadRun::Announce() {
  Plan applied = order_.plan;
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(order_.settings, &applied));
  SQUALL_ASSIGN_OR_RETURN(const Profile profile, Profile::Make(applied.load_profile));
  keeper_.Begin(applied, profile);
  keeper_.Update([&](RunView* view) {
    view->summary.run_id = order_.shown_id;
    view->summary.plan_name = order_.shown_name;
    view->summary.plan_digest = PlanDigest(order_.plan);
    view->summary.state = RunState::kPrepared;
  });
  if (order_.resumption.has_value()) {
    keeper_.Restore(*order_.resumption);
  }
  for (const AgentPlace& agent : order_.agents) {
    keeper_.AddAgent({.agent_id = agent.name, .name = agent.name});
  }
  return absl::OkStatus();
}

absl::Status LoadRun::Make() {
  SQUALL_RETURN_IF_ERROR(Announce());
  CoordinatorOptions options;
  options.run_id = order_.run_id;
  options.owner = order_.owner;
  options.version = order_.version;
  options.epoch = order_.epoch;
  options.loss_timeout = order_.loss_timeout;
  if (order_.resumption.has_value()) {
    for (Resumption::Member& member : order_.resumption->members) {
      if (member.fate == MemberFate::kPresent) {
        seen_.present.insert(member.target.name);
      }
      if (member.fate != MemberFate::kGone) {
        SQUALL_ASSIGN_OR_RETURN(member.target.channel,
                                MakeChannel(member.target.address, order_.security));
      }
    }
    SQUALL_ASSIGN_OR_RETURN(
        coordinator_, RunCoordinator::Resume(order_.plan, order_.settings,
                                             *std::move(order_.resumption), options, this, clock_));
    return absl::OkStatus();
  }
  std::vector<AgentTarget> targets;
  for (const AgentPlace& agent : order_.agents) {
    SQUALL_ASSIGN_OR_RETURN(auto channel, MakeChannel(agent.address, order_.security));
    targets.push_back({agent.name, std::move(channel), agent.address});
    seen_.present.insert(agent.name);
  }
  SQUALL_ASSIGN_OR_RETURN(
      coordinator_, RunCoordinator::Make(order_.plan, order_.settings, std::move(targets), options,
                                         this, clock_));
  return absl::OkStatus();
}

void LoadRun::Work() {
  Conclude(coordinator_->Run());
  hooks_.changed();
}

void LoadRun::Conclude(absl::StatusOr<RunReport> report) {
  RunView view = *keeper_.View();
  if (report.ok()) {
    report->agent_descriptions = view.summary.agents;
    RunView last = ViewOf(*report);
    last.summary.run_id = order_.shown_id;
    last.summary.plan_name = order_.shown_name;
    last.summary.plan_digest = view.summary.plan_digest;
    view = std::move(last);
  } else {
    view.summary.state = RunState::kFailed;
    view.summary.ended_at = clock_->Wall();
    view.summary.stop_reason = std::string(report.status().message());
    view.requests_per_second = 0;
    view.failures_per_second = 0;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen_.over = true;
    if (report.ok()) {
      ReadFigures(report->total, &seen_);
      seen_.started_at = report->started_at;
      seen_.thresholds = report->thresholds;
      seen_.warnings = report->warnings;
      seen_.state = RunState::kFinished;
      seen_.report = std::make_shared<const RunReport>(*std::move(report));
    } else {
      seen_.error = report.status();
      seen_.state = RunState::kFailed;
    }
  }
  keeper_.Finish(std::move(view));
}

RunSeen LoadRun::Seen() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return seen_;
}

std::vector<EventView> LoadRun::Events() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return events_;
}

absl::StatusOr<RunReport> LoadRun::Report() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (seen_.report != nullptr) {
      return *seen_.report;
    }
    if (seen_.over) {
      return absl::FailedPreconditionError(
          fmt::format("the run has no report: {}", std::string(seen_.error.message())));
    }
  }
  return ReportRequest(coordinator_.get()).Wait();
}

bool LoadRun::IsOpen() const { return coordinator_->IsOpen(); }

absl::Status LoadRun::CheckLoad(const LoadRequest& load) const {
  return coordinator_->CheckLoad(load);
}

absl::Status LoadRun::SetLoad(const LoadRequest& load) { return coordinator_->SetLoad(load); }

absl::Status LoadRun::SetProfile(const LoadProfile& load) { return coordinator_->SetProfile(load); }

void LoadRun::SetThresholds(std::vector<Threshold> thresholds) {
  coordinator_->SetThresholds(std::move(thresholds));
}

void LoadRun::SetPaused(bool paused) { paused ? coordinator_->Pause() : coordinator_->Resume(); }

void LoadRun::Stop(const std::string& reason, bool immediate) {
  coordinator_->Stop(reason, immediate);
}

absl::Status LoadRun::Join(const AgentPlace& agent) {
  SQUALL_ASSIGN_OR_RETURN(auto channel, MakeChannel(agent.address, order_.security));
  coordinator_->Join({agent.name, std::move(channel), agent.address});
  return absl::OkStatus();
}

void LoadRun::Leave(const std::string& agent) { coordinator_->Leave(agent); }

void LoadRun::OnStarted(const Plan& plan, const Profile& profile) {
  keeper_.Begin(plan, profile);
  keeper_.Update([](RunView* view) {
    RunState* state = &view->summary.state;  // of one that is taken over it is known
    *state = *state == RunState::kPrepared ? RunState::kRunning : *state;
  });
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen_.started = true;
    seen_.state = RunState::kRunning;
  }
  hooks_.changed();
}

void LoadRun::OnTick(const RunProgress& progress) {
  if (unstored_.has_value()) {
    Store();
  }
  keeper_.OnTick(progress);
  const Snapshot& merged = *progress.merged;
  const std::lock_guard<std::mutex> lock(mutex_);
  ReadFigures(merged, &seen_);
  seen_.started = true;
  const bool over = merged.state == RunState::kFinished || merged.state == RunState::kFailed;
  seen_.state = over ? RunState::kStopping : merged.state;
  if (merged.started_at != WallTime{}) {
    seen_.started_at = merged.started_at;
  }
  seen_.start_skew = std::max(seen_.start_skew, SkewOf(progress.agents));
  seen_.requests_per_second = progress.series->CurrentRequestRate(kCurrentWindow);
  seen_.thresholds = *progress.thresholds;
  seen_.warnings = *progress.warnings;
}

void LoadRun::OnEvent(std::string_view text) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (seen_.events.size() < kSeenEventsMax) {
      seen_.events.emplace_back(text);
      events_.push_back({clock_->Wall(), std::string(text), static_cast<int64_t>(events_.size())});
    }
  }
  keeper_.Update([](RunView* /*view*/) {});  // somebody may want to see it
  hooks_.changed();
}

void LoadRun::OnRoster(const RunRoster& roster) {
  keeper_.OnRoster(roster);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    seen_.present.clear();
    seen_.lost.clear();
    seen_.left.clear();
    for (const MemberRecord& member : roster.members) {
      const bool left =
          member.fate == MemberFate::kGone && member.last.has_value() && member.last->error.empty();
      auto* names = member.fate == MemberFate::kPresent ? &seen_.present
                    : left                              ? &seen_.left
                                                        : &seen_.lost;
      names->insert(member.name);
    }
  }
  unstored_ = roster;
  Store();
  hooks_.changed();
}

// An API server that is away must not hold up the run: what it did not take is offered again with
// the next tick.
void LoadRun::Store() {
  const auto bytes = EncodeCheckpoint(coordinator_->sent_plan(), coordinator_->settings(),
                                      *unstored_, kCheckpointBytesMax);
  const absl::Status stored = bytes.ok() ? hooks_.store(*bytes) : bytes.status();
  if (stored.ok() || !bytes.ok()) {
    unstored_.reset();
  }
  if (!bytes.ok()) {
    OnEvent(std::string(bytes.status().message()));
  }
}

}  // namespace squall
