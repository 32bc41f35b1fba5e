#include "daemon/agent/agent.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/engine/engine.h"
#include "daemon/plan/output_target.h"
#include "daemon/plan/stage_at.h"
#include "daemon/wire/plan_digest.h"

namespace squall {
namespace {

constexpr size_t kRunIdBytesMax = 128;
constexpr Nanos kStartPastMax = std::chrono::hours(24 * 30);
constexpr auto kHousekeepInterval = std::chrono::milliseconds(200);

PumpSample SampleOf(HeldRun held) { return {std::move(held.figures), held.stage}; }

bool IsOver(RunState state) {
  return state == RunState::kFinished || state == RunState::kFailed || state == RunState::kIdle;
}

}  // namespace

Agent::Agent(AgentConfig config, const Protocol* protocol, const Clock* clock)
    : config_(std::move(config)),
      protocol_(protocol),
      clock_(clock),
      housekeeper_([this] { Housekeep(); }) {}

Agent::~Agent() {
  std::shared_ptr<MetricPump> last;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    if (run_ != nullptr && run_->pump != nullptr) {
      run_->pump->End(SampleOf(LookLocked()));
      last = std::move(run_->pump);
    }
  }
  wake_.notify_all();
  housekeeper_.join();
  leaving_.clear();  // waits for them, while run_ is still there to be looked at
}

absl::StatusOr<std::string> Agent::Prepare(PrepareOrder order) {
  if (order.run_id.empty() || order.run_id.size() > kRunIdBytesMax) {
    return absl::InvalidArgumentError(fmt::format("run_id must be 1 to {} characters, got {}",
                                                  kRunIdBytesMax, order.run_id.size()));
  }
  if (order.settings.once && config_.trace == nullptr) {
    return absl::FailedPreconditionError(
        "a single pass must run in the same process as its terminal: use squall run --once");
  }
  auto run = std::make_unique<Run>();
  run->digest = PlanDigest(order.plan);
  if (!order.plan.outputs.traces.has_value()) {
    order.plan.outputs.traces = config_.traces;
  }
  auto plan = std::make_shared<Plan>(order.plan);
  SQUALL_RETURN_IF_ERROR(ApplyRunSettings(order.settings, plan.get()));
  run->plan = plan;
  run->epoch = order.epoch;
  run->order = std::move(order);
  SQUALL_ASSIGN_OR_RETURN(run->pump, MakePump(run->order));

  const std::lock_guard<std::mutex> lock(mutex_);
  if (draining_) {
    return absl::UnavailableError("agent is shutting down");
  }
  if (run_ != nullptr) {
    const RunState state = StateLocked();
    const bool same = run_->order.run_id == run->order.run_id;
    if (same) {
      SQUALL_RETURN_IF_ERROR(CheckEpoch(run->epoch));
    }
    if (!IsOver(state) && !(state == RunState::kPrepared && same)) {
      CountRefused(Refusal::kBusy);
      return absl::FailedPreconditionError(
          fmt::format("agent is held by {} with run '{}' ({}); stop that run first", OwnerLocked(),
                      run_->order.run_id, RunStateName(state)));
    }
    DropLocked();  // frees the old event loops before the new ones are made
  }
  SQUALL_ASSIGN_OR_RETURN(run->engine, MakeEngine(*run));
  run_ = std::move(run);
  unwatched_since_ = clock_->Now();
  Tell("run prepared", run_->order.run_id, run_->order.owner);
  return run_->digest;
}

// Those of the plan, and our own that it does not have: a place that both name hears of the run
// once, as the plan says.
std::vector<MetricOutput> Agent::OutputsOf(const Plan& plan) const {
  std::vector<MetricOutput> outputs = plan.outputs.metrics;
  for (const MetricOutput& own : config_.metrics) {
    const bool named = std::any_of(
        plan.outputs.metrics.begin(), plan.outputs.metrics.end(),
        [&own](const MetricOutput& other) { return other.kind == own.kind && other.to == own.to; });
    if (!named) {
      outputs.push_back(own);
    }
  }
  return outputs;
}

absl::StatusOr<std::shared_ptr<MetricPump>> Agent::MakePump(const PrepareOrder& order) {
  MetricSource source = {order.run_id, order.plan.name,
                         order.agent_id.empty() ? config_.name : order.agent_id};
  if (const std::optional<TraceOutput>& traces = order.plan.outputs.traces; traces.has_value()) {
    source.service_name = traces->service_name;
  }
  std::vector<MetricPump::Part> parts;
  for (MetricOutput& output : OutputsOf(order.plan)) {
    if (output.kind == MetricOutput::Kind::kJsonLines || order.settings.once) {
      continue;  // a file is the coordinator's, of all agents together
    }
    if (!config_.make_metric_sink) {
      return absl::FailedPreconditionError("this agent takes no plan with outputs.metrics");
    }
    absl::StatusOr<std::unique_ptr<MetricSink>> sink = config_.make_metric_sink(output, source);
    if (!sink.ok()) {
      return absl::Status(sink.status().code(), fmt::format("output {}: {}", ShownOutput(output),
                                                            std::string(sink.status().message())));
    }
    parts.push_back({std::move(output), *std::move(sink)});
  }
  if (parts.empty()) {
    return nullptr;
  }
  MetricPump::Hooks hooks;
  hooks.sample = [this] { return SampleOf(Look()); };
  hooks.tell = [this, run_id = order.run_id](std::string_view what, const std::string& text) {
    Tell(what, run_id, text);
  };
  return std::make_shared<MetricPump>(order.run_id, std::move(parts), std::move(hooks),
                                      &output_counts_, clock_);
}

// Its outputs get what it has come to, though maybe only when another run is there already.
void Agent::DropLocked() {
  if (run_->pump != nullptr && run_->started) {
    run_->pump->End(SampleOf(LookLocked()));
    leaving_.push_back(std::move(run_->pump));
  }
  run_.reset();
}

absl::StatusOr<std::unique_ptr<LoadEngine>> Agent::MakeEngine(const Run& run) const {
  const PrepareOrder& order = run.order;
  const auto on_finished = [this, run_id = order.run_id,
                            weak = std::weak_ptr(run.pump)](const std::string& reason) {
    Tell("run finished", run_id, reason);
    if (const std::shared_ptr<MetricPump> pump = weak.lock()) {
      pump->Wake();
    }
  };
  if (run.plan->script.has_value()) {
    if (!config_.make_script_engine) {
      return absl::FailedPreconditionError(
          "this agent must be built with Python (SQUALL_WITH_PYTHON) to run a locustfile");
    }
    SQUALL_RETURN_IF_ERROR(WantsSpans(run).status());  // its process sends them
    return config_.make_script_engine(order, *run.plan, {config_.log, on_finished});
  }
  EngineOptions options;
  options.once = order.settings.once;
  options.shards = options.once ? 1 : std::max<uint32_t>(1, config_.shards);
  options.trace = options.once ? config_.trace : nullptr;
  options.seed = run.plan->seed;
  options.assignment = order.assignment;
  options.log = config_.log;
  options.on_finished = on_finished;
  SQUALL_ASSIGN_OR_RETURN(options.spans, MakeSpanExport(run));
  return Engine::Make(run.plan, protocol_, clock_, options);
}

absl::StatusOr<bool> Agent::WantsSpans(const Run& run) const {
  const std::optional<TraceOutput>& output = run.plan->outputs.traces;
  if (!output.has_value() || output->sample <= 0 || run.order.settings.once) {
    return false;
  }
  if (!config_.make_span_export) {
    return absl::FailedPreconditionError(
        "this agent must be built with OpenTelemetry (SQUALL_WITH_OTEL) for outputs.traces; run "
        "it without, or set outputs.traces.sample to 0");
  }
  return true;
}

// nullptr for a run without spans.
absl::StatusOr<std::shared_ptr<SpanExport>> Agent::MakeSpanExport(const Run& run) const {
  SQUALL_ASSIGN_OR_RETURN(const bool wanted, WantsSpans(run));
  if (!wanted) {
    return nullptr;
  }
  const std::optional<TraceOutput>& output = run.plan->outputs.traces;
  return config_.make_span_export(*output,
                                  {run.order.run_id, run.plan->name,
                                   run.order.agent_id.empty() ? config_.name : run.order.agent_id});
}

absl::Status Agent::CheckHeld(const std::string& run_id) {
  if (run_ != nullptr && run_->order.run_id == run_id) {
    return absl::OkStatus();
  }
  CountRefused(Refusal::kUnknownRun);
  return absl::NotFoundError(
      fmt::format("run '{}' is not on this agent{}", run_id.substr(0, 100),
                  run_ == nullptr ? "" : fmt::format("; it holds '{}'", run_->order.run_id)));
}

absl::Status Agent::CheckEpoch(uint64_t epoch) {
  if (epoch >= run_->epoch) {
    return absl::OkStatus();
  }
  CountRefused(Refusal::kStaleEpoch);
  return absl::FailedPreconditionError(
      fmt::format("epoch must be at least {}, got {}: another coordinator has taken over this run",
                  run_->epoch, epoch));
}

absl::Status Agent::Check(const std::string& run_id, uint64_t epoch) {
  SQUALL_RETURN_IF_ERROR(CheckHeld(run_id));
  SQUALL_RETURN_IF_ERROR(CheckEpoch(epoch));
  run_->epoch = epoch;
  return absl::OkStatus();
}

absl::StatusOr<WallTime> Agent::Start(const std::string& run_id, uint64_t epoch, WallTime at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (run_->started) {
    return run_->started_at;  // a repeated Start changes nothing
  }
  if (run_->stopping) {
    return absl::FailedPreconditionError(fmt::format(
        "a run that was stopped cannot be started, it is {}", RunStateName(StateLocked())));
  }
  const WallTime now = clock_->Wall();
  if (now - at > kStartPastMax) {
    return absl::InvalidArgumentError("the start must be at most 30 days in the past");
  }
  run_->started_at = at;
  run_->started_steady = clock_->Now() + (at - now);
  run_->started = true;
  run_->engine->Start(run_->started_steady);
  if (run_->pump != nullptr) {
    run_->pump->Start();
  }
  Tell("run started", run_id, "");
  return run_->started_at;
}

absl::Status Agent::Reassign(const std::string& run_id, uint64_t epoch, Handover handover) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (run_->last_handover == handover) {
    return absl::OkStatus();  // as a second one it would complete the first at once
  }
  run_->last_handover = handover;
  run_->order.assignment = handover.after;
  if (handover.at == Handover::kWhenHeard) {
    handover.at = ElapsedLocked();
  }
  run_->engine->Reassign(handover);
  return absl::OkStatus();
}

absl::StatusOr<AgentStatus> Agent::Attach(const std::string& run_id, uint64_t epoch,
                                          const std::string& owner) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(CheckHeld(run_id));
  SQUALL_RETURN_IF_ERROR(CheckEpoch(epoch));
  if (epoch == run_->epoch && owner != run_->order.owner) {
    CountRefused(Refusal::kStaleEpoch);
    return absl::FailedPreconditionError(
        fmt::format("epoch must be above {} to attach, got {}: {} has the command of this run",
                    run_->epoch, epoch, OwnerLocked()));
  }
  run_->epoch = epoch;
  run_->order.owner = owner;
  if (unwatched_since_.has_value()) {
    unwatched_since_ = clock_->Now();  // it is about to watch
  }
  Tell("run attached", run_id, owner);
  return StatusLocked();
}

// The run's own time; it stands still while the run is paused.
Nanos Agent::ElapsedLocked() const {
  if (!run_->started) {
    return Nanos(0);
  }
  const TimePoint now = run_->paused_since.value_or(clock_->Now());
  return std::max(Nanos(0), now - run_->started_steady - run_->paused_total);
}

absl::Status Agent::SetLoad(const std::string& run_id, uint64_t epoch, LoadChange change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (!run_->started || IsOver(StateLocked())) {
    return absl::FailedPreconditionError(
        fmt::format("load can be changed while a run is going on, this one is {}",
                    RunStateName(StateLocked())));
  }
  const bool open = std::holds_alternative<Arrival>(run_->plan->load_profile.load);
  if (open && change.users.has_value()) {
    return absl::InvalidArgumentError(
        "users must not be set in an arrival-rate run; set arrival_factor instead");
  }
  if (!open && change.rate_factor.has_value()) {
    return absl::InvalidArgumentError(
        "arrival_factor must not be set in a run with a number of users; set users instead");
  }
  if (change.profile != nullptr && (open || change.profile->IsOpen())) {
    return absl::InvalidArgumentError(
        "load_profile must not be replaced while a run goes on if one of the two has arrival "
        "rates: no arrival may be lost or come twice; set arrival_factor instead");
  }
  change.since = ElapsedLocked();
  if (change.profile != nullptr) {
    run_->profile = change.profile;
  }
  run_->engine->Change(change);
  return absl::OkStatus();
}

absl::Status Agent::Pause(const std::string& run_id, uint64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (StateLocked() != RunState::kRunning && StateLocked() != RunState::kPaused) {
    return absl::FailedPreconditionError(
        fmt::format("only a running run can be paused, it is {}", RunStateName(StateLocked())));
  }
  if (!run_->paused_since.has_value()) {
    run_->paused_since = clock_->Now();
    run_->engine->Pause();
  }
  return absl::OkStatus();
}

absl::Status Agent::Resume(const std::string& run_id, uint64_t epoch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (run_->paused_since.has_value()) {
    run_->paused_total += clock_->Now() - *run_->paused_since;
    run_->paused_since.reset();
    run_->engine->Resume();
  }
  return absl::OkStatus();
}

absl::Status Agent::Stop(const std::string& run_id, uint64_t epoch, const std::string& reason,
                         bool immediate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  if (!IsOver(StateLocked())) {
    StopLocked(reason.empty() ? "stopped" : reason, immediate);
  }
  return absl::OkStatus();
}

absl::Status Agent::Tell(const std::string& run_id, uint64_t epoch, const EngineNote& note) {
  const std::lock_guard<std::mutex> lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Check(run_id, epoch));
  run_->engine->Tell(note);
  return absl::OkStatus();
}

std::vector<EngineNote> Agent::TakeNotes(const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return run_ != nullptr && run_->order.run_id == run_id ? run_->engine->TakeNotes()
                                                         : std::vector<EngineNote>{};
}

std::string Agent::OwnerLocked() const {
  return run_->order.owner.empty() ? "another coordinator" : run_->order.owner;
}

// The first reason stays; a second stop can only make it immediate.
void Agent::StopLocked(const std::string& reason, bool immediate) {
  if (!run_->stopping) {
    run_->stopping = true;
    run_->stop_reason = reason;
    Tell("run stopping", run_->order.run_id, reason);
  }
  run_->engine->Stop(run_->stop_reason, immediate);
}

RunState Agent::StateLocked() const {
  if (run_ == nullptr) {
    return RunState::kIdle;
  }
  if (run_->engine->finished()) {
    return run_->engine->failure().empty() ? RunState::kFinished : RunState::kFailed;
  }
  if (run_->stopping) {
    return RunState::kStopping;
  }
  if (!run_->started) {
    return RunState::kPrepared;
  }
  return run_->paused_since.has_value() ? RunState::kPaused : RunState::kRunning;
}

void Agent::LabelLocked(Snapshot* snapshot) const {
  snapshot->run_id = run_->order.run_id;
  snapshot->agent_id = run_->order.agent_id.empty() ? config_.name : run_->order.agent_id;
  snapshot->epoch = run_->epoch;
  snapshot->at = clock_->Wall();
  snapshot->error = run_->engine->failure();
  snapshot->started_at = run_->started ? run_->started_at : WallTime{};
  if (snapshot->stop_reason.empty()) {
    snapshot->stop_reason = run_->stop_reason;
  }
  if (run_->pump != nullptr) {
    const std::vector<std::string> warnings = run_->pump->Warnings();
    snapshot->warnings.insert(snapshot->warnings.end(), warnings.begin(), warnings.end());
  }
}

AgentStatus Agent::Status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return StatusLocked();
}

AgentStatus Agent::StatusLocked() const {
  AgentStatus status;
  status.state = StateLocked();
  status.agent_id = config_.name;
  if (run_ != nullptr) {
    status.run_id = run_->order.run_id;
    status.agent_id = run_->order.agent_id.empty() ? config_.name : run_->order.agent_id;
    status.owner = run_->order.owner;
    status.epoch = run_->epoch;
    status.plan_digest = run_->digest;
    status.error = run_->engine->failure();
    status.users = run_->engine->TakeSnapshot().UserCount();
    status.assignment = run_->order.assignment;
    if (run_->started) {
      status.started_at = run_->started_at;
    }
  }
  status.now = clock_->Wall();  // last: the caller takes it for the time of the answer
  return status;
}

absl::StatusOr<Snapshot> Agent::TakeSnapshot(const std::string& run_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (run_ == nullptr || !run_id.empty()) {
    SQUALL_RETURN_IF_ERROR(CheckHeld(run_id));
  }
  // The state first: a snapshot that says "finished" must hold the last request.
  const RunState state = StateLocked();
  Snapshot snapshot = run_->engine->TakeSnapshot();
  snapshot.state = state;
  snapshot.sequence = ++run_->sequence;
  LabelLocked(&snapshot);
  return snapshot;
}

HeldRun Agent::Look() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return LookLocked();
}

HeldRun Agent::LookLocked() const {
  HeldRun held;
  if (run_ == nullptr) {
    return held;
  }
  const RunState state = StateLocked();
  held.figures = run_->engine->TakeSnapshot();
  held.figures.state = state;
  held.figures.sequence = run_->sequence;
  LabelLocked(&held.figures);
  held.test = run_->plan->name;
  if (state == RunState::kRunning || state == RunState::kPaused) {
    held.stage =
        StageAt(run_->profile == nullptr ? run_->plan->load_profile : run_->profile->load(),
                ElapsedLocked());
  }
  return held;
}

void Agent::OnWatchBegan() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++watchers_;
  unwatched_since_.reset();
}

void Agent::OnWatchEnded() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (--watchers_ == 0) {
    unwatched_since_ = clock_->Now();
  }
}

void Agent::Drain(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  draining_ = true;
  if (run_ != nullptr && !IsOver(StateLocked())) {
    StopLocked(reason, /*immediate=*/false);
  }
}

bool Agent::draining() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return draining_;
}

bool Agent::Idle() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return IsOver(StateLocked());
}

// Watches over the control-loss policy: an agent that nobody watches any more either carries on by
// itself or stops, as its run was told. A run that was prepared and never started is dropped in any
// case: a coordinator that died in between must not hold the agent for ever.
void Agent::Housekeep() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!closing_) {
    wake_.wait_for(lock, kHousekeepInterval);
    if (!leaving_.empty()) {
      std::vector<std::shared_ptr<MetricPump>> gone;
      gone.swap(leaving_);
      lock.unlock();
      gone.clear();  // waits for their last reports
      lock.lock();
      continue;
    }
    if (run_ == nullptr || !unwatched_since_.has_value() || run_->stopping ||
        IsOver(StateLocked())) {
      continue;
    }
    const RunSettings& settings = run_->order.settings;
    const bool may_stop =
        !run_->started || settings.control_loss_policy == ControlLossPolicy::kStop;
    if (may_stop && clock_->Now() - *unwatched_since_ >= settings.control_loss_timeout) {
      StopLocked("control lost", /*immediate=*/false);
    }
  }
}

void Agent::CountRefused(Refusal why) { ++refused_.at(static_cast<size_t>(why)); }

RefusedCounts Agent::refused() const {
  const auto count = [this](Refusal why) { return refused_.at(static_cast<size_t>(why)).load(); };
  return {count(Refusal::kStaleEpoch), count(Refusal::kUnknownRun), count(Refusal::kBusy),
          count(Refusal::kUnauthenticated)};
}

void Agent::Tell(std::string_view what, const std::string& run_id,
                 const std::string& detail) const {
  if (config_.on_event) {
    config_.on_event({what, run_id, detail});
  }
}

}  // namespace squall
