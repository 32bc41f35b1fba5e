#include "daemon/engine/shard.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/engine/time_slice.h"

namespace squall {
namespace {

constexpr Nanos kHeartbeat = std::chrono::milliseconds(20);
constexpr Nanos kLogInterval = std::chrono::seconds(1);
// A start that was heard no later than this is made up for; later, the agent joins a run that goes
// on, and what was due before is not its business.
constexpr Nanos kLateStart = std::chrono::seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<Shard>> Shard::Make(std::shared_ptr<const Program> program,
                                                   const Protocol* protocol, Resolver* resolver,
                                                   const Clock* clock, ShardOptions options) {
  std::unique_ptr<Reactor> reactor;
  if (options.reactor == nullptr) {
    SQUALL_ASSIGN_OR_RETURN(reactor, Reactor::Make(clock));
  }
  const std::shared_ptr<const Plan> plan = program->plan;
  std::unique_ptr<Shard> shard(
      new Shard(std::move(program), std::move(options), std::move(reactor)));
  SQUALL_ASSIGN_OR_RETURN(shard->client_, protocol->MakeShardClient(plan, shard->reactor_, resolver,
                                                                    &shard->recorder_));
  Shard* raw = shard.get();
  raw->users_ = std::make_unique<Population>(static_cast<UserHost*>(raw), raw->client_.get(),
                                             raw->options_.seed);
  raw->director_ = std::make_unique<UserDirector>(
      UserDirector::Parts{raw->program_.get(), raw->users_.get(), &raw->ownership_,
                          raw->options_.index, raw->options_.count});
  if (raw->own_reactor_ == nullptr) {
    raw->usage_ = std::make_unique<ThreadUsageReader>();
    return shard;
  }
  try {
    raw->thread_ = std::thread([raw] {
      AskForShortTimeSlices();
      raw->usage_ = std::make_unique<ThreadUsageReader>();
      raw->reactor_->Run();
    });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(fmt::format("event loop thread: {}", error.what()));
  }
  return shard;
}

Shard::Shard(std::shared_ptr<const Program> program, ShardOptions options,
             std::unique_ptr<Reactor> own_reactor)
    : program_(std::move(program)),
      options_(std::move(options)),
      own_reactor_(std::move(own_reactor)),
      reactor_(own_reactor_ != nullptr ? own_reactor_.get() : options_.reactor),
      recorder_(options_.recorder),
      ownership_(options_.assignment),
      schedule_(&program_->profile) {
  reactor_->set_on_lag([this](Nanos lag) { loop_lag_.Record(lag); });
}

Shard::~Shard() {
  Join();
  if (own_reactor_ == nullptr) {  // the loop outlives us, with our old timers
    reactor_->Abandon(&conductor_waiter_);
    reactor_->Abandon(&heartbeat_waiter_);
  }
}

void Shard::Join() {
  if (!thread_.joinable()) {
    return;
  }
  reactor_->Post([this] {
    if (clock_.started() && !finished_) {
      shut_down_ = true;
      BeginStop("shut down", /*immediate=*/true);
    } else {
      reactor_->Stop();
    }
  });
  thread_.join();
}

void Shard::Start(TimePoint at) {
  reactor_->Post([this, at] { OnStart(at); });
}

void Shard::Reassign(Handover handover) {
  reactor_->Post([this, handover = std::move(handover)] { OnReassign(handover); });
}

void Shard::Change(const LoadChange& change) {
  reactor_->Post([this, change] {
    schedule_.Apply(change);
    if (pump_ != nullptr && (change.rate_factor.has_value() || change.clear)) {
      pump_->Rescale(change.rate_factor.value_or(1.0), change.since);
    }
    reactor_->Resume(&conductor_waiter_);
  });
}

void Shard::Pause() {
  reactor_->Post([this] { clock_.Pause(reactor_->now()); });
}

void Shard::Resume() {
  reactor_->Post([this] {
    clock_.Resume(reactor_->now());
    users_->Nudge();
    if (pump_ != nullptr) {
      pump_->Wake();
    }
    reactor_->Resume(&conductor_waiter_);
  });
}

void Shard::Stop(std::string reason, bool immediate) {
  reactor_->Post([this, reason = std::move(reason), immediate] {
    if (finished_) {
      return;
    }
    BeginStop(reason, immediate);
    if (!clock_.started()) {
      OnStart(reactor_->now());  // to an end at once
    }
  });
}

void Shard::SetSharedFromOther(std::string name, Value value) {
  reactor_->Post(
      [this, name = std::move(name), value = std::move(value)] { shared_.Set(name, value); });
}

void Shard::Fill(Snapshot* snapshot, std::function<void()> done) {
  reactor_->Post([this, snapshot, done = std::move(done)] {
    FillNow(snapshot);
    done();
  });
}

void Shard::OnStart(TimePoint at) {
  if (clock_.started()) {
    return;
  }
  clock_.Start(at);
  active_since_ = std::max(at, reactor_->now());
  usage_at_start_ = usage_->Read();
  peak_users_ = std::max<uint64_t>(1, program_->profile.PeakUsers());
  if (open_model() && !options_.once) {
    pump_ = std::make_unique<ArrivalPump>(
        ArrivalPump::Parts{reactor_, program_.get(), &clock_, users_.get()}, options_.seed,
        [this](uint64_t number, Nanos at) {
          return ShardOf(number, options_.count) == options_.index &&
                 ownership_.AssignmentAt(at).Owns(number);
        },
        [this] { reactor_->Resume(&conductor_waiter_); });
    if (active_since_ - at > kLateStart) {
      pump_->SkipTo(clock_.Elapsed(active_since_));
    }
    if (!stopping_) {
      pump_->Start();
    }
  } else {
    ComputeBudget();
  }
  heartbeat_ = Heartbeat();
  heartbeat_.Start();
  conductor_ = Conduct();
  conductor_.Start();
}

void Shard::OnReassign(Handover handover) {
  if (handover.at == Handover::kWhenHeard) {
    handover.at = Elapsed();
  }
  const Ownership before = ownership_;
  if (pump_ != nullptr) {
    pump_->PrepareReassign();
  }
  ownership_.Add(handover);
  if (pump_ != nullptr) {
    pump_->Reassigned(handover.at, [this, &before](uint64_t number, Nanos at) {
      return ShardOf(number, options_.count) == options_.index &&
             before.AssignmentAt(at).Owns(number);
    });
  } else if (!open_model()) {
    director_->Reassigned(before, handover, Elapsed());
  }
  if (const TimePoint now = reactor_->now();
      !stopping_ && clock_.started() && now >= clock_.started_at()) {
    Direct(now);  // what is due has happened when the next snapshot is taken
  }
  reactor_->Resume(&conductor_waiter_);
}

// 0 before the start.
Nanos Shard::Elapsed() const {
  return clock_.started() ? clock_.Elapsed(reactor_->now()) : Nanos(0);
}

// Iteration i belongs to user i mod peak: the shares of all shards of all agents add up exactly.
void Shard::ComputeBudget() {
  const std::optional<uint64_t> total = program_->profile.iterations();
  if (!total.has_value() || open_model()) {
    return;
  }
  const uint64_t rest = *total % peak_users_;
  budget_ = CountMine(peak_users_) * (*total / peak_users_) + CountMine(rest);
}

Co<void> Shard::Conduct() {
  while (!stopping_ && reactor_->now() < clock_.started_at()) {
    co_await reactor_->Suspend(&conductor_waiter_, clock_.started_at());
  }
  if (options_.once && !stopping_) {
    for (size_t i = 0; i < program_->classes.size(); ++i) {
      users_->Spawn(i, i);
    }
  }
  while (true) {
    users_->Reap();
    const TimePoint now = reactor_->now();
    if (!stopping_) {
      Direct(now);
    }
    if (stopping_ && users_->empty()) {
      break;
    }
    if (now >= hurry_at_) {
      hurry_at_ = Reactor::kNever;
      users_->HurryLeaving();
    }
    if (now >= abort_at_) {
      abort_at_ = Reactor::kNever;
      users_->AbortLeaving();
    }
    if (users_->HasEnded()) {
      continue;
    }
    const TimePoint next = stopping_ ? std::min(hurry_at_, abort_at_) : NextWakeUp(now);
    co_await reactor_->Suspend(&conductor_waiter_, next);
  }
  Finish();
}

void Shard::Finish() {
  SetDeserted(false);
  finished_ = true;
  finished_at_ = reactor_->now();
  usage_at_end_ = usage_->Read();
  reactor_->Cancel(&heartbeat_waiter_);
  if (shut_down_) {
    reactor_->Stop();
  }
  if (options_.on_finished) {
    options_.on_finished(stop_reason_);
  }
}

// Starts and stops users as the schedule wants it now; ends the run when it is over.
void Shard::Direct(TimePoint now) {
  const Nanos elapsed = clock_.Elapsed(now);
  const std::optional<Nanos> duration = schedule_.Duration();
  if (options_.once) {
    if (users_->empty()) {
      BeginStop("single pass finished", false);
    }
  } else if (duration.has_value() && elapsed >= *duration && !paused()) {
    BeginStop("profile finished", false);
  } else if (open_model()) {
    if (pump_->Done()) {
      BeginStop("iterations finished", false);
    }
  } else {
    DirectClosed(elapsed);
  }
}

void Shard::DirectClosed(Nanos elapsed) {
  if (BudgetSpent()) {
    users_->LeaveAll(/*finish_task=*/true);
    if (users_->empty()) {
      BeginStop("iterations finished", false);
    }
    return;
  }
  if (paused()) {
    return;
  }
  const uint64_t wanted = schedule_.UsersAt(elapsed);
  director_->Direct(wanted, elapsed);
  SetDeserted(users_->empty() && wanted > 0 && director_->Settled() &&
              !schedule_.NextChange(elapsed).has_value());
}

bool Shard::Settled() const {
  if (stopping_ || !clock_.started() || reactor_->now() < clock_.started_at()) {
    return false;
  }
  const Nanos elapsed = Elapsed();
  const std::optional<Nanos> end = schedule_.Duration();
  const std::optional<Nanos> next = schedule_.NextChange(elapsed);
  const bool over = end.has_value() && elapsed >= *end;
  return !over && director_->Settled() && (!next.has_value() || next == end);
}

void Shard::SetDeserted(bool deserted) {
  if (deserted_ != deserted) {
    deserted_ = deserted;
    if (options_.on_deserted) {
      options_.on_deserted(deserted, users_->ended_unasked() > 0);
    }
  }
}

// A timer that always runs, so that the lag of an idle loop is known as well.
Co<void> Shard::Heartbeat() {
  while (!finished_) {
    const TimePoint next = reactor_->now() + kHeartbeat;
    if (co_await reactor_->Suspend(&heartbeat_waiter_, next) == Wake::kCancelled) {
      co_return;
    }
  }
}

void Shard::BeginStop(std::string reason, bool immediate) {
  const TimePoint now = reactor_->now();
  if (!stopping_) {
    stopping_ = true;
    stop_reason_ = std::move(reason);
    const bool begun = clock_.started() && now >= clock_.started_at();
    stopped_elapsed_ = begun ? clock_.Elapsed(now) : Nanos(-1);  // not even the first arrival
    if (options_.on_stopping) {
      options_.on_stopping(stop_reason_);
    }
  }
  director_->Clear();
  users_->LeaveAll(FinishesTasks() && !immediate);
  if (immediate) {
    abort_at_ = now;
  } else {
    hurry_at_ = std::min(hurry_at_, now + plan().stop_timeout);
    abort_at_ = std::min(abort_at_, now + plan().stop_timeout + options_.request_grace);
  }
  if (pump_ != nullptr) {
    pump_->Stop();
  }
  reactor_->Resume(&conductor_waiter_);
}

TimePoint Shard::NextWakeUp(TimePoint now) const {
  if (paused() || options_.once) {
    return Reactor::kNever;
  }
  const Nanos elapsed = clock_.Elapsed(now);
  TimePoint next = Reactor::kNever;
  if (const std::optional<Nanos> duration = schedule_.Duration(); duration.has_value()) {
    next = clock_.InstantOf(*duration);
  }
  if (open_model() || BudgetSpent()) {
    return next;
  }
  if (const std::optional<Nanos> more = director_->Next(elapsed); more.has_value()) {
    next = std::min(next, clock_.InstantOf(*more));
  }
  if (const std::optional<Nanos> change = schedule_.NextChange(elapsed); change.has_value()) {
    next = std::min(next, clock_.InstantOf(*change));
  }
  return next;
}

// Of the numbers 0 … numbers-1.
uint64_t Shard::CountMine(uint64_t numbers) const {
  uint64_t count = 0;
  for (uint64_t k = 0; k < numbers; ++k) {
    count += ShardOf(k, options_.count) == options_.index && ownership_.Owns(k, Elapsed()) ? 1 : 0;
  }
  return count;
}

void Shard::OnEnded(User* user) {
  users_->NoteEnded(user);
  reactor_->Resume(&conductor_waiter_);
}

bool Shard::TakeIteration() {
  if (!budget_.has_value()) {
    return true;
  }
  if (*budget_ == 0) {
    return false;
  }
  if (--*budget_ == 0) {
    reactor_->Resume(&conductor_waiter_);  // those who sleep need not wake for nothing
  }
  return true;
}

void Shard::SetShared(std::string_view name, Value value) {
  const Value* present = shared_.Find(name);
  if (present != nullptr && *present == value) {
    return;
  }
  if (options_.count > 1 && options_.on_shared) {
    options_.on_shared(name, value);
  }
  shared_.Set(name, std::move(value));
}

void Shard::CountExhaustion(const NetError& error) {
  fd_exhausted_ += error.kind == NetError::Kind::kDescriptors ? 1 : 0;
  ports_exhausted_ += error.kind == NetError::Kind::kPorts ? 1 : 0;
  memory_exhausted_ += error.kind == NetError::Kind::kMemory ? 1 : 0;
}

void Shard::Log(std::string_view text) {
  if (options_.trace != nullptr) {
    options_.trace->OnText(text);
  } else if (const TimePoint now = reactor_->now(); options_.log && now >= next_log_) {
    next_log_ = now + kLogInterval;
    options_.log(text);
  }
}

RunPhase Shard::PhaseAt(TimePoint when) const {
  const Profile& profile = program_->profile;
  if (profile.warm_up() == Nanos(0) && profile.cool_down() == Nanos(0)) {
    return RunPhase::kMeasured;
  }
  const Nanos elapsed = clock_.Elapsed(when);
  if (elapsed < profile.warm_up()) {
    return RunPhase::kWarmUp;
  }
  const std::optional<Nanos> duration = profile.Duration();
  return duration.has_value() && elapsed >= *duration - profile.cool_down() ? RunPhase::kCoolDown
                                                                            : RunPhase::kMeasured;
}

void Shard::FillNow(Snapshot* snapshot) {
  recorder_.Fill(snapshot);
  FillCounts(snapshot);
}

void Shard::FillCounts(Snapshot* snapshot) const {
  const TimePoint now = reactor_->now();
  for (size_t i = 0; i < program_->classes.size(); ++i) {
    snapshot->users[program_->classes[i].source->name] += users_->by_class()[i];
  }
  snapshot->users_started += users_->started();
  snapshot->users_stopped += users_->stopped();
  snapshot->iterations += iterations_;
  snapshot->open_requests += static_cast<uint64_t>(std::max<int64_t>(0, open_requests_));
  FillHealth(&snapshot->health);
  if (!clock_.started() || now < clock_.started_at()) {
    return;
  }
  if (pump_ != nullptr) {
    snapshot->arrivals_planned += pump_->DueBy(std::min(clock_.Elapsed(now), stopped_elapsed_));
    snapshot->dropped_iterations += pump_->dropped();
  }
  const Nanos lasted = (finished_ ? finished_at_ : now) - clock_.started_at();
  snapshot->elapsed = std::max(snapshot->elapsed, lasted);
  // Of the CPU time, this agent had only what came after it joined.
  const Nanos active = (finished_ ? finished_at_ : now) - active_since_;
  snapshot->health.elapsed_seconds = std::max(snapshot->health.elapsed_seconds, ToSeconds(active));
  if (!stopping_) {
    FillTargets(snapshot);
  }
}

void Shard::FillHealth(GeneratorHealth* health) const {
  ++health->shards;
  health->loop_lag.Merge(loop_lag_);
  health->fd_exhausted += fd_exhausted_;
  health->ports_exhausted += ports_exhausted_;
  health->memory_exhausted += memory_exhausted_;
  if (clock_.started()) {
    const ThreadUsage usage = finished_ ? usage_at_end_ : usage_->Read();
    health->thread_seconds += usage.cpu_seconds - usage_at_start_.cpu_seconds;
    health->run_delay_seconds += usage.run_delay_seconds - usage_at_start_.run_delay_seconds;
  }
}

// What this agent should have now; the first of its shards tells it for all of them.
void Shard::FillTargets(Snapshot* snapshot) const {
  if (options_.index != 0) {
    return;
  }
  const Nanos elapsed = clock_.Elapsed(reactor_->now());
  if (open_model()) {
    snapshot->target_rate +=
        schedule_.ArrivalRateAt(elapsed) * ownership_.AssignmentAt(elapsed).Fraction();
  } else {
    snapshot->target_users += ownership_.Share(schedule_.UsersAt(elapsed), elapsed);
  }
}

}  // namespace squall
