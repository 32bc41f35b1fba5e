#include "daemon/engine/step_user.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

// A task that never had to wait (nothing to pick, connection refused on loopback) and no wait time
// would spin and starve every other user of its shard.
constexpr Nanos kIdleTaskPause = std::chrono::milliseconds(1);

}  // namespace

std::unique_ptr<User> ShardClient::NewUser(UserHost* host, uint64_t number, size_t class_index,
                                           uint64_t seed) {
  auto user = std::make_unique<StepUser>(host, number, class_index, seed);
  user->set_session(NewSession(class_index, user.get()));
  return user;
}

StepUser::StepUser(UserHost* host, uint64_t number, size_t class_index, uint64_t seed)
    : host_(host),
      class_(&host->program().classes[class_index]),
      number_(number),
      class_index_(static_cast<uint32_t>(class_index)),
      rng_(MixSeed(seed ^ MixSeed(number))) {}

StepUser::~StepUser() {
  SQUALL_CHECK(!waiter_.waiting());
  host_->reactor()->Forget(&waiter_);
}

void StepUser::Start() {
  loop_ = Run();
  loop_.Start();
}

void StepUser::Dispatch(uint64_t arrival, TimePoint intended) {
  SQUALL_CHECK(!dispatched_.has_value());
  dispatched_ = Arrival{arrival, intended};
  Nudge();
}

void StepUser::RequestStop(bool finish_task) {
  stop_soon_ = true;
  stop_now_ = stop_now_ || !(finish_task || on_stop_);  // on_stop itself runs to its end
  Nudge();
}

void StepUser::Abort() {
  stop_soon_ = true;
  stop_now_ = true;
  host_->reactor()->Cancel(&waiter_);
}

void StepUser::Nudge() {
  if (sleeping_) {
    host_->reactor()->Resume(&waiter_);
  }
}

std::optional<TimePoint> StepUser::TakeIntendedStart() { return std::exchange(intended_, {}); }

void StepUser::SetVariable(std::string_view name, Value value, VariableScope scope) {
  if (scope == VariableScope::kShared) {
    host_->SetShared(name, std::move(value));
  } else {
    variables_.Set(name, std::move(value));
  }
}

const Value* StepUser::Find(std::string_view name) const {
  const Value* own = variables_.Find(name);
  return own != nullptr ? own : host_->FindShared(name);
}

std::string_view StepUser::class_name() const { return class_->source->name; }

void StepUser::ReportTaskError(std::string_view text) { host_->recorder()->RecordTaskError(text); }

Co<void> StepUser::Run() {
  const Flow flow = co_await RunSteps(&class_->on_start);
  if (flow != Flow::kStopUser && !stop_soon_) {
    if (host_->once()) {
      co_await RunOnce();
    } else if (host_->open_model()) {
      co_await RunOpen();
    } else {
      co_await RunClosed();
    }
  }
  if (dispatched_.has_value()) {
    host_->CountDropped();
  }
  if (!Reactor::IsCancelled(waiter_)) {
    on_stop_ = true;
    stop_now_ = false;
    co_await RunSteps(&class_->on_stop);
  }
  session_.reset();
  ended_ = true;
  host_->OnEnded(this);
}

Co<void> StepUser::RunOnce() {
  for (const ProgramTask& task : class_->tasks) {
    if (stop_now_) {
      co_return;
    }
    if (host_->trace() != nullptr) {
      host_->trace()->OnText(fmt::format("task {}.{}", class_->source->name, task.name));
    }
    if (co_await RunSteps(&task.steps) != Flow::kStopUser) {
      CountIteration();
    }
  }
}

Co<void> StepUser::RunClosed() {
  task_started_ = host_->reactor()->now();
  while (!stop_soon_) {
    if (host_->paused()) {
      co_await HoldWhilePaused();
      continue;
    }
    if (!host_->TakeIteration()) {
      co_return;
    }
    const TimePoint turn = host_->reactor()->now();
    const Flow flow = co_await RunSteps(&ChooseTask().steps);
    intended_.reset();
    if (flow == Flow::kStopUser) {
      co_return;
    }
    CountIteration();
    if (!co_await WaitForNextTask()) {
      co_return;
    }
    if (host_->reactor()->now() == turn &&
        !co_await SleepUntil(turn + kIdleTaskPause, Sleep::kBetweenTasks)) {
      co_return;
    }
  }
}

Co<void> StepUser::RunOpen() {
  while (!stop_soon_) {
    co_await AwaitArrival();
    if (stop_soon_) {
      co_return;
    }
    arrival_ = dispatched_->number;
    intended_ = dispatched_->due;
    dispatched_.reset();
    const Flow flow = co_await RunSteps(&ChooseTask().steps);
    intended_.reset();
    arrival_.reset();
    if (flow == Flow::kStopUser) {
      co_return;
    }
    CountIteration();
  }
}

Co<void> StepUser::AwaitArrival() {
  if (dispatched_.has_value()) {
    co_return;  // one was waiting for our on_start
  }
  host_->OnIdle(this);
  while (!dispatched_.has_value() && !stop_soon_) {
    sleeping_ = true;
    co_await host_->reactor()->Suspend(&waiter_, Reactor::kNever);
    sleeping_ = false;
  }
}

void StepUser::CountIteration() {
  ++iteration_;
  host_->CountIteration();
}

const ProgramTask& StepUser::ChooseTask() {
  const std::vector<ProgramTask>& tasks = class_->tasks;
  if (tasks.size() == 1) {
    return tasks.front();
  }
  const double draw = rng_.Unit() * class_->weight_sum;
  const auto found = std::upper_bound(
      tasks.begin(), tasks.end(), draw,
      [](double value, const ProgramTask& task) { return value < task.cumulative_weight; });
  return found == tasks.end() ? tasks.back() : *found;
}

// Sleeps out the wait time. A paced user that is late starts at once, its lateness is charged to
// the next request, and its schedule goes on from there: no catching up in a burst.
Co<bool> StepUser::WaitForNextTask() {
  if (stop_soon_) {
    co_return false;
  }
  const WaitTime& wait = class_->source->wait_time;
  const TimePoint now = host_->reactor()->now();
  Nanos pacing{0};
  switch (wait.kind) {
    case WaitTime::Kind::kConstant:
      co_return wait.low.count() == 0 || co_await SleepUntil(now + wait.low, Sleep::kBetweenTasks);
    case WaitTime::Kind::kBetween:
      co_return co_await SleepUntil(now + Nanos(rng_.Between(wait.low.count(), wait.high.count())),
                                    Sleep::kBetweenTasks);
    case WaitTime::Kind::kConstantPacing:
      pacing = wait.low;
      break;
    case WaitTime::Kind::kConstantThroughput:
      pacing = FromSeconds(1.0 / wait.per_second);
      break;
  }
  const TimePoint planned = task_started_ + pacing;
  intended_ = planned;
  task_started_ = std::max(planned, now);
  co_return planned <= now || co_await SleepUntil(planned, Sleep::kBetweenTasks);
}

Co<bool> StepUser::SleepUntil(TimePoint when, Sleep sleep) {
  while (sleep == Sleep::kInTask ? !stop_now_ : !stop_soon_) {
    sleeping_ = true;
    const Wake wake = co_await host_->reactor()->Suspend(&waiter_, when);
    sleeping_ = false;
    if (wake != Wake::kReady) {
      co_return wake == Wake::kDeadline;
    }
  }
  co_return false;
}

Co<bool> StepUser::Pause(Nanos span) {
  co_return co_await SleepUntil(host_->reactor()->now() + span, Sleep::kInTask);
}

Co<void> StepUser::HoldWhilePaused() {
  while (host_->paused() && !stop_soon_) {
    sleeping_ = true;
    co_await host_->reactor()->Suspend(&waiter_, Reactor::kNever);
    sleeping_ = false;
  }
  task_started_ = host_->reactor()->now();
  if (intended_.has_value()) {
    intended_ = task_started_;  // the pause is nobody's delay
  }
}

}  // namespace squall
