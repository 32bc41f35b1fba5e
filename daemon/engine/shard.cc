#include "daemon/engine/shard.h"

#include <algorithm>
#include <utility>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

// After a stop, an open request may still end by itself for this long; then it counts as
// unfinished. Long enough for a healthy target, short enough for a person at the keyboard.
constexpr Nanos kRequestGrace = std::chrono::seconds(2);
constexpr Nanos kHeartbeat = std::chrono::milliseconds(20);
constexpr Nanos kLogInterval = std::chrono::seconds(1);
// Other agents' arrivals are skipped this far ahead of time, no further, so that a shard that owns
// none does not walk the whole profile at once.
constexpr Nanos kLookAhead = std::chrono::seconds(1);
// Arrivals handed out before users get a turn, when the pump is late.
constexpr int kDispatchBatch = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<Shard>> Shard::Make(std::shared_ptr<const Program> program,
                                                   const Protocol* protocol, Resolver* resolver,
                                                   const Clock* clock, ShardOptions options) {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<Reactor> reactor, Reactor::Make(clock));
  const std::shared_ptr<const Plan> plan = program->plan;
  std::unique_ptr<Shard> shard(
      new Shard(std::move(program), std::move(options), std::move(reactor)));
  SQUALL_ASSIGN_OR_RETURN(shard->client_, protocol->MakeShardClient(plan, shard->reactor_.get(),
                                                                    resolver, &shard->recorder_));
  Shard* raw = shard.get();
  shard->thread_ = std::thread([raw] {
    raw->usage_ = std::make_unique<ThreadUsageReader>();
    raw->reactor_->Run();
  });
  return shard;
}

Shard::Shard(std::shared_ptr<const Program> program, ShardOptions options,
             std::unique_ptr<Reactor> reactor)
    : program_(std::move(program)),
      options_(std::move(options)),
      reactor_(std::move(reactor)),
      recorder_(options_.recorder),
      assignment_(options_.assignment),
      schedule_(&program_->profile),
      idle_(program_->classes.size()),
      users_by_class_(program_->classes.size()) {
  reactor_->set_on_lag([this](Nanos lag) { loop_lag_.Record(lag); });
}

Shard::~Shard() { Join(); }

void Shard::Join() {
  if (!thread_.joinable()) {
    return;
  }
  reactor_->Post([this] {
    if (started_ && !finished_) {
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

void Shard::Reassign(Assignment assignment, double spawn_rate) {
  reactor_->Post([this, assignment = std::move(assignment), spawn_rate] {
    const Assignment before = std::exchange(assignment_, assignment);
    pending_rate_ = spawn_rate;
    std::vector<User*> lost;
    for (auto& [number, user] : users_) {
      if (!Mine(number)) {
        lost.push_back(user.get());
      }
    }
    for (User* user : lost) {
      Leave(user, plan().stop_timeout > Nanos(0));
    }
    for (uint64_t number = spawned_until_; number-- > 0 && !open_model();) {
      if (Mine(number) && !before.Owns(number)) {
        pending_.push_back(number);
      }
    }
    reactor_->Resume(&conductor_waiter_);
  });
}

void Shard::Change(const LoadChange& change) {
  reactor_->Post([this, change] {
    schedule_.Apply(change);
    if (arrivals_.has_value() && (change.rate_factor.has_value() || change.clear)) {
      if (next_arrival_.has_value()) {
        arrivals_->TakeBack();  // it gets a new time, or waits for the next change
        next_arrival_.reset();
      }
      arrivals_->Rescale(change.rate_factor.value_or(1.0), change.since);
      reactor_->Resume(&pump_waiter_);
    }
    reactor_->Resume(&conductor_waiter_);
  });
}

void Shard::Pause() {
  reactor_->Post([this] {
    if (!paused_at_.has_value()) {
      paused_at_ = reactor_->now();
    }
  });
}

void Shard::Resume() {
  reactor_->Post([this] {
    if (!paused_at_.has_value()) {
      return;
    }
    paused_total_ += reactor_->now() - *paused_at_;
    paused_at_.reset();
    for (auto& [number, user] : users_) {
      user->Nudge();
    }
    reactor_->Resume(&pump_waiter_);
    reactor_->Resume(&conductor_waiter_);
  });
}

void Shard::Stop(std::string reason, bool immediate) {
  reactor_->Post([this, reason = std::move(reason), immediate] {
    if (finished_) {
      return;
    }
    if (!started_) {
      stopping_ = true;  // before the first user
      stop_reason_ = reason;
      OnStart(reactor_->now());
    }
    BeginStop(reason, immediate);
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
  if (started_) {
    return;
  }
  started_ = true;
  started_at_ = at;
  usage_at_start_ = usage_->Read();
  peak_users_ = std::max<uint64_t>(1, program_->profile.PeakUsers());
  ComputeBudget();
  if (open_model()) {
    for (uint64_t k = 0; k < program_->profile.UsersMax(); ++k) {
      users_max_ += Mine(k) ? 1 : 0;
    }
    arrivals_.emplace(&program_->profile, options_.seed);
    if (!options_.once) {
      pump_ = Pump();
      pump_.Start();
    }
  }
  heartbeat_ = Heartbeat();
  heartbeat_.Start();
  conductor_ = Conduct();
  conductor_.Start();
}

// Iteration i belongs to user i mod peak: the shares of all shards of all agents add up exactly.
void Shard::ComputeBudget() {
  const std::optional<uint64_t> total = program_->profile.iterations();
  if (!total.has_value() || open_model()) {
    return;
  }
  uint64_t share = 0;
  for (uint64_t k = 0; k < peak_users_; ++k) {
    if (Mine(k)) {
      share += *total / peak_users_ + (k < *total % peak_users_ ? 1 : 0);
    }
  }
  budget_ = share;
}

Co<void> Shard::Conduct() {
  while (!stopping_ && reactor_->now() < started_at_) {
    co_await reactor_->Suspend(&conductor_waiter_, started_at_);
  }
  if (options_.once && !stopping_) {
    for (size_t i = 0; i < program_->classes.size(); ++i) {
      SpawnUser(i, i);
    }
  }
  while (true) {
    Reap();
    const TimePoint now = reactor_->now();
    if (!stopping_) {
      Direct(now);
    }
    if (stopping_ && users_.empty() && leaving_.empty()) {
      break;
    }
    if (now >= abort_at_) {
      abort_at_ = Reactor::kNever;
      for (auto& [user, owner] : leaving_) {
        user->Abort();
      }
    }
    if (!ended_.empty()) {
      continue;
    }
    const TimePoint next = stopping_ ? abort_at_ : NextWakeUp(Elapsed(now));
    co_await reactor_->Suspend(&conductor_waiter_, next);
  }
  finished_ = true;
  finished_elapsed_ = reactor_->now() - started_at_;
  usage_at_end_ = usage_->Read();
  reactor_->Cancel(&pump_waiter_);
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
  const Nanos elapsed = Elapsed(now);
  const std::optional<Nanos> duration = schedule_.Duration();
  const bool no_users = users_.empty() && leaving_.empty();
  if (options_.once) {
    if (no_users) {
      BeginStop("single pass finished", false);
    }
    return;
  }
  if (duration.has_value() && elapsed >= *duration && !paused()) {
    BeginStop("profile finished", false);
  } else if (BudgetSpent() && no_users) {
    BeginStop("iterations finished", false);
  } else if (!open_model() && !BudgetSpent()) {
    AdjustUsers(elapsed);
    SpawnPending(now);
    const bool all_gone = users_.empty() && leaving_.empty() && users_started_ > 0;
    if (all_gone && pending_.empty() && !schedule_.NextChange(elapsed).has_value() && !paused()) {
      BeginStop("every user has ended", false);
    }
  }
}

Co<void> Shard::Pump() {
  int batch = 0;
  std::optional<ArrivalClock::Due>& due = next_arrival_;
  while (!stopping_) {
    if (!due.has_value()) {
      due = arrivals_->Next();
    }
    if (!due.has_value()) {
      // None before the end at the present rate; a change of it may bring some.
      if (co_await reactor_->Suspend(&pump_waiter_, Reactor::kNever) == Wake::kCancelled) {
        co_return;
      }
      continue;
    }
    const std::optional<uint64_t> limit = program_->profile.iterations();
    if (limit.has_value() && due->number >= *limit) {
      BeginStop("iterations finished", false);
      co_return;
    }
    const bool mine = Mine(due->number);
    const TimePoint when = InstantOf(due->at) - (mine ? Nanos(0) : kLookAhead);
    if (paused() || when > reactor_->now() || batch >= kDispatchBatch) {
      batch = 0;
      const TimePoint until = paused() ? Reactor::kNever : std::max(when, reactor_->now());
      if (co_await reactor_->Suspend(&pump_waiter_, until) == Wake::kCancelled) {
        co_return;
      }
      continue;
    }
    if (mine) {
      ++batch;
      DispatchArrival(due->number, when);
    }
    due.reset();
  }
}

Co<void> Shard::Heartbeat() {
  while (!finished_) {
    const TimePoint next = reactor_->now() + kHeartbeat;
    if (co_await reactor_->Suspend(&heartbeat_waiter_, next) == Wake::kCancelled) {
      co_return;
    }
  }
}

void Shard::DispatchArrival(uint64_t number, TimePoint due) {
  ++arrivals_planned_;
  const size_t class_index = program_->mix.ClassOf(number);
  std::vector<User*>& idle = idle_[class_index];
  if (idle.empty() && users_.size() < users_max_) {
    // Numbers of open-model users are made here, unique over shards and (by residue) agents.
    const uint64_t local = next_open_user_++ * options_.count + options_.index;
    const ResidueClass own =
        assignment_.classes.empty() ? ResidueClass{} : assignment_.classes.front();
    SpawnUser(own.residue + own.modulus * local, class_index);
  }
  if (idle.empty()) {
    ++dropped_;
    return;
  }
  User* user = idle.back();
  idle.pop_back();
  user->Dispatch(number, due);
}

void Shard::BeginStop(std::string reason, bool immediate) {
  const bool finish_task = plan().stop_timeout > Nanos(0) && !immediate;
  if (!stopping_) {
    stopping_ = true;
    stop_reason_ = std::move(reason);
  }
  pending_.clear();
  while (!users_.empty()) {
    Leave(users_.begin()->second.get(), finish_task);
  }
  if (immediate) {
    abort_at_ = reactor_->now();
  } else {
    abort_at_ = std::min(abort_at_, reactor_->now() + plan().stop_timeout + kRequestGrace);
  }
  reactor_->Resume(&pump_waiter_);
  reactor_->Resume(&conductor_waiter_);
}

void Shard::AdjustUsers(Nanos elapsed) {
  const uint64_t wanted = schedule_.UsersAt(elapsed);
  for (; spawned_until_ < wanted; ++spawned_until_) {
    if (Mine(spawned_until_)) {
      SpawnUser(spawned_until_, program_->mix.ClassOf(spawned_until_));
    }
  }
  if (spawned_until_ > wanted) {
    spawned_until_ = wanted;
    std::erase_if(pending_, [wanted](uint64_t number) { return number >= wanted; });
    while (!users_.empty() && users_.rbegin()->first >= wanted) {
      Leave(users_.rbegin()->second.get(), plan().stop_timeout > Nanos(0));
    }
  }
}

void Shard::SpawnPending(TimePoint now) {
  while (!pending_.empty() && (pending_rate_ <= 0 || pending_next_ <= now)) {
    const uint64_t number = pending_.back();
    pending_.pop_back();
    if (!users_.contains(number) && Mine(number)) {
      SpawnUser(number, program_->mix.ClassOf(number));
      if (pending_rate_ > 0) {
        pending_next_ = std::max(pending_next_, now - kHeartbeat) + FromSeconds(1 / pending_rate_);
      }
    }
  }
}

TimePoint Shard::NextWakeUp(Nanos elapsed) const {
  if (paused() || options_.once) {
    return Reactor::kNever;
  }
  TimePoint next = Reactor::kNever;
  if (const std::optional<Nanos> duration = schedule_.Duration(); duration.has_value()) {
    next = InstantOf(*duration);
  }
  if (!open_model()) {
    if (const std::optional<Nanos> change = schedule_.NextChange(elapsed); change.has_value()) {
      next = std::min(next, InstantOf(*change));
    }
    if (!pending_.empty()) {
      next = std::min(next, pending_next_);
    }
  }
  return next;
}

bool Shard::Mine(uint64_t number) const {
  return ShardOf(number, options_.count) == options_.index && assignment_.Owns(number);
}

void Shard::SpawnUser(uint64_t number, size_t class_index) {
  auto user =
      std::make_unique<User>(static_cast<UserHost*>(this), number, class_index, options_.seed);
  user->set_session(client_->NewSession(class_index, user.get()));
  User* raw = user.get();
  users_[number] = std::move(user);
  ++users_started_;
  ++users_by_class_[class_index];
  raw->Start();
}

void Shard::Leave(User* user, bool finish_task) {
  const auto found = users_.find(user->number());
  SQUALL_CHECK(found != users_.end() && found->second.get() == user);
  --users_by_class_[user->class_index()];
  leaving_[user] = std::move(found->second);
  users_.erase(found);
  std::erase(idle_[user->class_index()], user);
  user->RequestStop(finish_task);
}

void Shard::OnIdle(User* user) { idle_[user->class_index()].push_back(user); }

void Shard::OnEnded(User* user) {
  ended_.push_back(user);
  reactor_->Resume(&conductor_waiter_);
}

void Shard::Reap() {
  for (User* user : ended_) {
    if (const auto found = users_.find(user->number());
        found != users_.end() && found->second.get() == user) {
      --users_by_class_[user->class_index()];
      users_.erase(found);
    } else {
      leaving_.erase(user);
    }
    ++users_stopped_;
  }
  ended_.clear();
}

bool Shard::TakeIteration() {
  if (!budget_.has_value()) {
    return true;
  }
  if (*budget_ == 0) {
    return false;
  }
  --*budget_;
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
  } else if (options_.log && reactor_->now() - last_log_ >= kLogInterval) {
    last_log_ = reactor_->now();
    options_.log(text);
  }
}

Nanos Shard::Elapsed(TimePoint now) const {
  return std::max(Nanos(0), paused_at_.value_or(now) - started_at_ - paused_total_);
}

RunPhase Shard::PhaseAt(TimePoint when) const {
  const Profile& profile = program_->profile;
  if (profile.warm_up() == Nanos(0) && profile.cool_down() == Nanos(0)) {
    return RunPhase::kMeasured;
  }
  const Nanos elapsed = when - started_at_ - paused_total_;
  if (elapsed < profile.warm_up()) {
    return RunPhase::kWarmUp;
  }
  const std::optional<Nanos> duration = profile.Duration();
  return duration.has_value() && elapsed >= *duration - profile.cool_down() ? RunPhase::kCoolDown
                                                                            : RunPhase::kMeasured;
}

void Shard::FillNow(Snapshot* snapshot) const {
  recorder_.Fill(snapshot);
  for (size_t i = 0; i < users_by_class_.size(); ++i) {
    snapshot->users[program_->classes[i].source->name] += users_by_class_[i];
  }
  snapshot->users_started += users_started_;
  snapshot->users_stopped += users_stopped_;
  snapshot->arrivals_planned += arrivals_planned_;
  snapshot->dropped_iterations += dropped_;
  snapshot->iterations += iterations_;
  snapshot->open_requests += static_cast<uint64_t>(std::max<int64_t>(0, open_requests_));
  GeneratorHealth& health = snapshot->health;
  health.loop_lag.Merge(loop_lag_);
  health.fd_exhausted += fd_exhausted_;
  health.ports_exhausted += ports_exhausted_;
  health.memory_exhausted += memory_exhausted_;
  ++health.shards;
  if (!started_ || reactor_->now() < started_at_) {
    return;
  }
  const ThreadUsage usage = finished_ ? usage_at_end_ : usage_->Read();
  health.thread_seconds += usage.cpu_seconds - usage_at_start_.cpu_seconds;
  health.run_delay_seconds += usage.run_delay_seconds - usage_at_start_.run_delay_seconds;
  const Nanos elapsed = finished_ ? finished_elapsed_ : reactor_->now() - started_at_;
  health.elapsed_seconds = std::max(health.elapsed_seconds, ToSeconds(elapsed));
  snapshot->elapsed = std::max(snapshot->elapsed, elapsed);
  if (!stopping_) {
    uint64_t target = 0;
    const uint64_t wanted = schedule_.UsersAt(Elapsed(reactor_->now()));
    if (!open_model() && options_.index == 0) {
      target = assignment_.Share(wanted);
    }
    snapshot->target_users += target;
    if (open_model() && options_.index == 0) {
      double share = 0;
      for (const ResidueClass& owned : assignment_.classes) {
        share += 1.0 / static_cast<double>(owned.modulus);
      }
      snapshot->target_rate = schedule_.ArrivalRateAt(Elapsed(reactor_->now())) * share;
    }
  }
}

}  // namespace squall
