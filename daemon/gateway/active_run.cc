#include "daemon/gateway/active_run.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"

namespace squall {
namespace {

constexpr Nanos kCurrentWindow = std::chrono::seconds(10);
constexpr auto kReportPatience = std::chrono::seconds(5);

}  // namespace

absl::StatusOr<std::unique_ptr<ActiveRun>> ActiveRun::Create(RunParts parts, RunOrder order) {
  Plan applied = order.plan;
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(order.settings, &applied));  // before anything is stored
  std::unique_ptr<ActiveRun> run(new ActiveRun(std::move(parts), std::move(order)));
  RunRecord record;
  record.run_id = run->order_.run_id;
  record.name = run->order_.plan.name.substr(0, kStoredNameBytesMax);
  record.created_at = run->parts_.clock->Wall();
  record.owner = run->parts_.owner.substr(0, kStoredNameBytesMax);
  run->journal_ = std::make_unique<RunJournal>(run->parts_.store, std::move(record),
                                               run->order_.fixed_agents, run->parts_.clock);
  SQUALL_RETURN_IF_ERROR(run->journal_->Create(run->order_.plan, run->order_.settings));
  run->now_.summary.run_id = run->order_.run_id;
  run->now_.summary.plan_name = run->order_.plan.name;
  run->now_.summary.state = RunState::kPrepared;
  run->Begin();
  return run;
}

absl::StatusOr<std::unique_ptr<ActiveRun>> ActiveRun::Resume(RunParts parts,
                                                             const std::string& run_id,
                                                             const AgentPool::Connect& connect) {
  SQUALL_ASSIGN_OR_RETURN(StoredRun stored, RunJournal::Load(*parts.store, run_id));
  SQUALL_ASSIGN_OR_RETURN(RunRecord record, parts.store->Get(run_id));
  for (Resumption::Member& member : stored.resumption.members) {
    if (member.fate == MemberFate::kGone) {
      continue;
    }
    SQUALL_ASSIGN_OR_RETURN(member.target.channel, connect(member.target.address));
  }
  RunOrder order;
  order.run_id = run_id;
  order.plan = std::move(stored.plan);
  order.settings = std::move(stored.settings);
  order.fixed_agents = stored.fixed_agents;
  record.owner = parts.owner.substr(0, kStoredNameBytesMax);
  std::unique_ptr<ActiveRun> run(new ActiveRun(std::move(parts), std::move(order)));
  run->journal_ = std::make_unique<RunJournal>(run->parts_.store, std::move(record),
                                               run->order_.fixed_agents, run->parts_.clock);
  run->journal_->Adopt(stored.resumption.members);
  run->now_.summary = std::move(stored.summary);
  run->now_.summary.run_id = run_id;
  run->now_.summary.plan_name = run->order_.plan.name;
  run->now_.summary.state = RunState::kRunning;
  run->resumption_ = std::move(stored.resumption);
  run->Begin();
  return run;
}

ActiveRun::ActiveRun(RunParts parts, RunOrder order)
    : parts_(std::move(parts)), order_(std::move(order)) {}

ActiveRun::~ActiveRun() {
  if (!thread_.joinable()) {
    return;  // refused before it began: the agents of its name are those of the run that has it
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
    if (running_) {
      coordinator_->Abandon();
    }
  }
  parts_.pool->Cancel(order_.run_id);
  thread_.join();
  parts_.pool->Release(order_.run_id);
}

void ActiveRun::Begin() {
  thread_ = std::thread([this] { Work(); });
}

void ActiveRun::Work() {
  const absl::Status ready = Prepare();
  if (ready.ok()) {
    for (const PoolAgent& agent : parts_.pool->List()) {
      Offer(agent);  // it came when there was nobody yet to take it
    }
  }
  // Nobody but this thread replaces the coordinator.
  const absl::StatusOr<RunReport> report =
      ready.ok() ? coordinator_->Run() : absl::StatusOr<RunReport>(ready);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
  }
  // A run that was abandoned stays in the store as it is, for whoever comes next.
  if (!abandoned_) {
    Conclude(report);
  }
  parts_.pool->Release(order_.run_id);
  over_ = true;
  over_.notify_all();
}

// From the order to a coordinator that can run.
absl::Status ActiveRun::Prepare() {
  CoordinatorOptions options;
  options.run_id = order_.run_id;
  options.owner = parts_.owner;
  options.version = parts_.version;
  options.loss_timeout = parts_.loss_timeout;
  absl::StatusOr<std::unique_ptr<RunCoordinator>> made = absl::InternalError("not made");
  if (resumption_.has_value()) {
    for (const Resumption::Member& member : resumption_->members) {
      if (member.fate != MemberFate::kGone) {
        parts_.pool->Reserve(member.target.address, order_.run_id);
      }
    }
    made = RunCoordinator::Resume(order_.plan, order_.settings, *std::move(resumption_), options,
                                  this, parts_.clock);
  } else {
    const auto on_wait = [this](size_t present) {
      OnEvent(fmt::format("waiting for agents: {} of {} are here", present, order_.agents_min));
    };
    SQUALL_ASSIGN_OR_RETURN(const std::vector<PoolAgent> agents,
                            parts_.pool->Claim(order_.run_id, order_.agents, order_.agents_min,
                                               order_.agents_wait, on_wait));
    std::vector<AgentTarget> targets;
    for (const PoolAgent& agent : agents) {
      targets.push_back(agent.Target());
      const std::lock_guard<std::mutex> lock(mutex_);
      now_.summary.agents.push_back(agent.agent);
    }
    made = RunCoordinator::Make(order_.plan, order_.settings, std::move(targets), options, this,
                                parts_.clock);
  }
  if (!made.ok()) {
    return made.status();
  }
  Check(journal_->SetSettings((*made)->settings()));
  const std::lock_guard<std::mutex> lock(mutex_);
  coordinator_ = *std::move(made);
  if (abandoned_ || !stop_reason_.empty()) {
    return absl::CancelledError(stop_reason_);
  }
  running_ = true;
  return absl::OkStatus();
}

void ActiveRun::Conclude(const absl::StatusOr<RunReport>& report) {
  RunSummary summary;
  if (report.ok()) {
    summary = SummaryOf(*report);
  } else {
    summary = Now().summary;
    summary.state = RunState::kFailed;
    summary.ended_at = parts_.clock->Wall();
    summary.stop_reason = std::string(report.status().message());
    OnEvent(summary.stop_reason);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    summary.agents = now_.summary.agents;
    summary.plan_digest = now_.summary.plan_digest;
  }
  if (report.ok()) {
    RunReport judged = *report;
    judged.exit_code = ExitCodeOf(judged, parts_.exit_code_on_error);
    Check(journal_->Finish(judged, summary));
    OnEvent(fmt::format("finished: {}", summary.stop_reason));
  } else {
    Check(journal_->Fail(summary));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  now_.summary = std::move(summary);
  ++now_.version;
}

RunNow ActiveRun::Now() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

absl::Status ActiveRun::WithCoordinator(const std::function<void(RunCoordinator*)>& work) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!running_) {
    return absl::FailedPreconditionError(fmt::format(
        "run '{}' must be running, it is {}", order_.run_id, RunStateName(now_.summary.state)));
  }
  work(coordinator_.get());
  return absl::OkStatus();
}

absl::Status ActiveRun::SetLoad(const LoadRequest& load) {
  return WithCoordinator([&](RunCoordinator* coordinator) { coordinator->SetLoad(load); });
}

absl::Status ActiveRun::SetPaused(bool paused) {
  return WithCoordinator(
      [&](RunCoordinator* coordinator) { paused ? coordinator->Pause() : coordinator->Resume(); });
}

absl::Status ActiveRun::Stop(const std::string& reason, bool immediate) {
  if (over_) {
    return absl::FailedPreconditionError(fmt::format("run '{}' is over", order_.run_id));
  }
  const std::string why = reason.empty() ? "stopped" : reason;
  const absl::Status told =
      WithCoordinator([&](RunCoordinator* coordinator) { coordinator->Stop(why, immediate); });
  if (!told.ok()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_reason_ = why;
    parts_.pool->Cancel(order_.run_id);
  }
  return absl::OkStatus();
}

void ActiveRun::Offer(const PoolAgent& agent) {
  if (order_.fixed_agents || !order_.agents.empty()) {
    return;
  }
  WithCoordinator([&](RunCoordinator* coordinator) {
    if (parts_.pool->Take(agent.address, order_.run_id)) {
      now_.summary.agents.push_back(agent.agent);
      coordinator->Join(agent.Target());
    }
  }).IgnoreError();
}

absl::StatusOr<RunReport> ActiveRun::Report() {
  struct Slot {
    std::mutex mutex;
    std::condition_variable filled;
    std::optional<RunReport> report;
  };
  const auto slot = std::make_shared<Slot>();
  SQUALL_RETURN_IF_ERROR(WithCoordinator([&](RunCoordinator* coordinator) {
    coordinator->Report([slot](RunReport report) {
      const std::lock_guard<std::mutex> lock(slot->mutex);
      slot->report = std::move(report);
      slot->filled.notify_all();
    });
  }));
  std::unique_lock<std::mutex> lock(slot->mutex);
  if (!slot->filled.wait_for(lock, kReportPatience, [&] { return slot->report.has_value(); })) {
    return absl::UnavailableError("the run is ending; ask again");
  }
  return *std::move(slot->report);
}

void ActiveRun::OnStarted(const Plan& /*plan*/, const Profile& /*profile*/) {
  const std::lock_guard<std::mutex> lock(mutex_);
  now_.summary.state = RunState::kRunning;
  ++now_.version;
}

// Stored first, told then: what anybody has been told is still known after a crash.
void ActiveRun::OnTick(const RunProgress& progress) {
  RunNow next = Now();
  RunSummary* summary = &next.summary;
  const Snapshot& merged = *progress.merged;
  const bool over = merged.state == RunState::kFinished || merged.state == RunState::kFailed;
  summary->state = over ? RunState::kStopping : merged.state;  // over only with its report
  summary->started_at = merged.started_at;
  summary->stop_reason = merged.stop_reason;
  summary->users = merged.UserCount();
  const EntryStats total = merged.Total();
  summary->requests = total.requests;
  summary->failures = total.failures;
  summary->thresholds = *progress.thresholds;
  summary->warnings = *progress.warnings;
  next.merged = std::make_shared<const Snapshot>(merged);
  next.requests_per_second = progress.series->CurrentRequestRate(kCurrentWindow);
  next.failures_per_second = progress.series->CurrentFailureRate(kCurrentWindow);
  Check(journal_->Tick(progress, *summary));
  const std::lock_guard<std::mutex> lock(mutex_);
  next.version = now_.version + 1;
  summary->agents = now_.summary.agents;  // others may have come meanwhile
  now_ = std::move(next);
}

void ActiveRun::OnEvent(std::string_view text) {
  if (parts_.log) {
    parts_.log(order_.run_id, text);
  }
  Check(journal_->Event(text));
  const std::lock_guard<std::mutex> lock(mutex_);
  ++now_.version;
}

void ActiveRun::OnRoster(const RunRoster& roster) {
  RunSummary summary = Now().summary;
  summary.warnings = roster.warnings;  // not a tick later: there may be none
  Check(journal_->Roster(roster, summary));
}

// A store that fails does not end the run: its figures are still worth having. Said once.
void ActiveRun::Check(const absl::Status& written) {
  if (!written.ok() && !store_broken_ && parts_.log) {
    store_broken_ = true;
    parts_.log(order_.run_id,
               fmt::format("the run's history is incomplete: {}", std::string(written.message())));
  }
}

}  // namespace squall
