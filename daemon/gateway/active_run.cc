#include "daemon/gateway/active_run.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/coordinator/exit_code.h"
#include "daemon/coordinator/report_request.h"
#include "daemon/plan/stage_at.h"
#include "daemon/report/options.h"
#include "daemon/report/view_json.h"
#include "daemon/report/view_of.h"

namespace squall {
namespace {

// Those that a run which is taken over may be in. It is not over as long as it has no report.
RunState Resumed(RunState stored) {
  return stored == RunState::kPaused || stored == RunState::kStopping ? stored : RunState::kRunning;
}

std::string InWords(const LoadRequest& load) {
  if (load.clear) {
    return "back to the planned load";
  }
  if (load.arrival_factor.has_value()) {
    return fmt::format("the planned arrivals times {:g}", *load.arrival_factor);
  }
  return fmt::format("{} users wanted, at {:g}/s", load.users.value_or(0), load.spawn_rate);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ActiveRun>> ActiveRun::Create(RunParts parts, RunOrder order) {
  std::unique_ptr<ActiveRun> run(new ActiveRun(std::move(parts), std::move(order)));
  SQUALL_RETURN_IF_ERROR(run->Announce());  // before anything is stored
  RunRecord record;
  record.run_id = run->order_.run_id;
  record.name = run->order_.plan.name.substr(0, kStoredNameBytesMax);
  record.created_at = run->parts_.clock->Wall();
  record.owner = run->parts_.owner.substr(0, kStoredNameBytesMax);
  run->journal_ = std::make_unique<RunJournal>(run->parts_.store, std::move(record),
                                               run->order_.fixed_agents, run->parts_.clock);
  SQUALL_RETURN_IF_ERROR(run->journal_->Create(run->order_.plan, run->order_.settings));
  run->thread_ = std::thread([raw = run.get()] { raw->Work(); });
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
  SQUALL_RETURN_IF_ERROR(run->Announce());
  run->journal_ = std::make_unique<RunJournal>(run->parts_.store, std::move(record),
                                               run->order_.fixed_agents, run->parts_.clock);
  run->journal_->Adopt(stored.resumption.members);
  run->keeper_.Update([&](RunView* view) {
    const RunState state = Resumed(stored.summary.state);
    view->summary = std::move(stored.summary);
    view->summary.run_id = run_id;
    view->summary.plan_name = run->order_.plan.name;
    view->summary.state = state;
  });
  run->keeper_.Restore(stored.resumption);
  run->resumption_ = std::move(stored.resumption);
  run->thread_ = std::thread([raw = run.get()] { raw->Work(); });
  return run;
}

ActiveRun::ActiveRun(RunParts parts, RunOrder order)
    : parts_(std::move(parts)), order_(std::move(order)), keeper_(*parts_.clock, parts_.version) {}

// What the run is about to do, for those who look at it from now on.
absl::Status ActiveRun::Announce() {
  Plan applied = order_.plan;
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(order_.settings, &applied));
  SQUALL_ASSIGN_OR_RETURN(const Profile profile, Profile::Make(applied.load_profile));
  load_ = applied.load_profile;
  keeper_.Begin(applied, profile);
  keeper_.Update([&](RunView* view) {
    view->summary.run_id = order_.run_id;
    view->summary.plan_name = applied.name;
    view->summary.state = RunState::kPrepared;
  });
  return absl::OkStatus();
}

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

void ActiveRun::Work() {
  for (const std::string& note : order_.notes) {
    OnEvent(note);
  }
  const absl::Status ready = Prepare();
  if (ready.ok()) {
    for (const PoolAgent& agent : parts_.pool->List()) {
      Offer(agent);  // it came when there was nobody yet to take it
    }
  }
  absl::StatusOr<RunReport> report = ready.ok() ? Run() : absl::StatusOr<RunReport>(ready);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
  }
  // A run that was abandoned stays in the store as it is, for whoever comes next.
  const bool concluded = !abandoned_;
  if (concluded) {
    Conclude(std::move(report));
  }
  parts_.pool->Release(order_.run_id);
  over_ = true;
  over_.notify_all();
  if (concluded && order_.companion != nullptr) {
    order_.companion->OnOver();
  }
}

absl::StatusOr<RunReport> ActiveRun::Run() {
  RunCompanion* const companion = order_.companion.get();
  RunCoordinator* const coordinator = coordinator_.get();  // only this thread replaces it
  if (companion != nullptr) {
    companion->OnCoordinator(coordinator);
  }
  absl::StatusOr<RunReport> report = coordinator->Run();
  if (companion != nullptr) {
    companion->OnCoordinator(nullptr);
  }
  return report;
}

// From the order to a coordinator that can run.
absl::Status ActiveRun::Prepare() {
  CoordinatorOptions options;
  options.run_id = order_.run_id;
  options.owner = parts_.owner;
  options.version = parts_.version;
  options.watch_interval = parts_.watch_interval;
  options.start_lead = parts_.start_lead;
  options.loss_timeout = parts_.loss_timeout;
  options.call_timeout = parts_.call_timeout;
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
      keeper_.AddAgent(agent.agent);
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

void ActiveRun::Conclude(absl::StatusOr<RunReport> report) {
  if (report.ok()) {
    Finish(*std::move(report));
  } else {
    Fail(report.status());
  }
}

void ActiveRun::Finish(RunReport report) {
  report.exit_code = ExitCodeOf(report, parts_.exit_code_on_error);
  report.agent_descriptions = Summary().agents;
  if (order_.companion != nullptr) {
    order_.companion->OnReport(&report);
  }
  RunSummary summary = SummaryOf(report);
  {
    const RunSummary before = Summary();
    summary.agents = before.agents;
    summary.plan_digest = before.plan_digest;
  }
  OnEvent(fmt::format("finished: {}", summary.stop_reason));
  RunView view = ViewOf(report);
  view.summary = summary;
  std::vector<ReportText> texts = RenderReports(report);
  texts.emplace_back("view", RenderView(view));
  const absl::Status written = journal_->Finish(report, summary, texts);
  Close(std::move(view), std::move(texts), written);
}

void ActiveRun::Fail(const absl::Status& why) {
  if (order_.companion != nullptr) {
    order_.companion->OnFailed(why);
  }
  RunSummary summary = Summary();
  summary.state = RunState::kFailed;
  summary.ended_at = parts_.clock->Wall();
  summary.stop_reason = std::string(why.message());
  OnEvent(summary.stop_reason);
  RunView view = *View();
  view.version = 0;
  view.summary = std::move(summary);
  view.requests_per_second = 0;
  view.failures_per_second = 0;
  std::vector<ReportText> texts = {{"view", RenderView(view)}};
  const absl::Status written = journal_->Fail(view.summary, texts);
  Close(std::move(view), std::move(texts), written);
}

// Told after it was stored, so that whoever hears of the end finds the report.
void ActiveRun::Close(RunView view, std::vector<ReportText> texts, const absl::Status& written) {
  Check(written);
  if (!written.ok()) {
    stored_ = false;
    unstored_ = std::move(texts);
  }
  if (parts_.on_over) {
    parts_.on_over(view.summary);
  }
  keeper_.Finish(std::move(view));
}

absl::Status ActiveRun::WithCoordinator(const std::function<void(RunCoordinator*)>& work) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!running_) {
    return absl::FailedPreconditionError(fmt::format("run '{}' must be running, it is {}",
                                                     order_.run_id, RunStateName(Summary().state)));
  }
  work(coordinator_.get());
  return absl::OkStatus();
}

absl::Status ActiveRun::SetLoad(const LoadRequest& load) {
  absl::Status set;
  SQUALL_RETURN_IF_ERROR(WithCoordinator([&](RunCoordinator* coordinator) {
    set = coordinator->CheckLoad(load);
    if (set.ok()) {
      // Not by the coordinator itself: a locustfile's shape asks every second.
      coordinator->Remark(InWords(load));
      set = coordinator->SetLoad(load);
    }
  }));
  return set;
}

absl::Status ActiveRun::SetStages(const std::vector<Stage>& stages) {
  if (const std::shared_ptr<const Snapshot> now = View()->total; now != nullptr) {
    SQUALL_RETURN_IF_ERROR(CheckStagesAhead(stages, now->elapsed));
  }
  LoadProfile load = load_;
  load.load = stages;
  load.run_time.reset();  // the stages say how long
  absl::Status set;
  SQUALL_RETURN_IF_ERROR(WithCoordinator([&](RunCoordinator* coordinator) {
    set = coordinator->SetProfile(load);
    if (set.ok() && View()->overridden) {
      set = coordinator->SetLoad({.clear = true});
    }
  }));
  return set;
}

absl::Status ActiveRun::SetPaused(bool paused) {
  return WithCoordinator(
      [&](RunCoordinator* coordinator) { paused ? coordinator->Pause() : coordinator->Resume(); });
}

absl::Status ActiveRun::Stop(const std::string& reason, bool immediate) {
  const RunState state = Summary().state;  // known a moment before over_
  if (over_ || state == RunState::kFinished || state == RunState::kFailed) {
    return absl::FailedPreconditionError(fmt::format("run '{}' is over", order_.run_id));
  }
  const std::string why = reason.empty() ? "stopped" : reason;
  // Told or left for Prepare under one lock: between two of them the run could begin unstopped.
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_) {
    coordinator_->Stop(why, immediate);
  } else {
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
      keeper_.AddAgent(agent.agent);
      coordinator->Join(agent.Target());
    }
  }).IgnoreError();
}

absl::StatusOr<RunReport> ActiveRun::Report() {
  std::optional<ReportRequest> asked;
  SQUALL_RETURN_IF_ERROR(
      WithCoordinator([&](RunCoordinator* coordinator) { asked.emplace(coordinator); }));
  return asked->Wait();
}

absl::StatusOr<std::string> ActiveRun::UnstoredReport(const std::string& format) const {
  for (const auto& [name, text] : unstored_) {
    if (name == format) {
      return text;
    }
  }
  return absl::NotFoundError(fmt::format("run '{}' has no report '{}'", order_.run_id, format));
}

std::string ActiveRun::RenderView(const RunView& view) const {
  const absl::StatusOr<std::vector<EventRecord>> events = parts_.store->Events(order_.run_id);
  return ViewJson(view, Points(0).points,
                  events.ok() ? EventViews(*events) : std::vector<EventView>());
}

void ActiveRun::OnStarted(const Plan& plan, const Profile& profile) {
  keeper_.Begin(plan, profile);
  bool begins = false;
  keeper_.Update([&](RunView* view) {
    RunState* state = &view->summary.state;  // of one that is taken over it is known
    begins = *state == RunState::kPrepared;
    *state = begins ? RunState::kRunning : *state;
  });
  if (begins) {
    Check(journal_->Event(fmt::format("started: {}", DescribeLoad(plan.load_profile))));
  }
  if (order_.companion != nullptr) {
    order_.companion->OnStarted(plan, profile);
  }
}

// Stored first, told then: what anybody has been told is still known after a crash.
void ActiveRun::OnTick(const RunProgress& progress) {
  Check(journal_->Tick(progress, keeper_.SummaryAt(progress)));
  keeper_.OnTick(progress);
  if (order_.companion != nullptr) {
    order_.companion->OnTick(progress);
  }
}

void ActiveRun::OnEvent(std::string_view text) {
  if (parts_.log) {
    parts_.log(order_.run_id, text);
  }
  Check(journal_->Event(text));
  keeper_.Update([](RunView* /*view*/) {});  // somebody may want to see it
  if (order_.companion != nullptr) {
    order_.companion->OnEvent(text);
  }
}

void ActiveRun::OnRoster(const RunRoster& roster) {
  RunSummary summary = Summary();
  summary.warnings = roster.warnings;  // not a tick later: there may be none
  Check(journal_->Roster(roster, summary));
  keeper_.OnRoster(roster);
  if (order_.companion != nullptr) {
    order_.companion->OnRoster(roster);
  }
}

void ActiveRun::OnMessage(const std::string& agent, const ScriptMessage& message) {
  if (order_.companion != nullptr) {
    order_.companion->OnMessage(agent, message);
  }
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
