#include "daemon/engine/user.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr Nanos kIdleTaskPause = std::chrono::milliseconds(1);

}  // namespace

User::User(UserHost* host, uint64_t number, size_t class_index, uint64_t seed)
    : host_(host),
      class_(&host->program().classes[class_index]),
      number_(number),
      class_index_(static_cast<uint32_t>(class_index)),
      rng_(MixSeed(seed ^ MixSeed(number))) {}

User::~User() {
  SQUALL_CHECK(!waiter_.waiting());
  host_->reactor()->Forget(&waiter_);
}

void User::Start() {
  loop_ = Run();
  loop_.Start();
}

void User::Dispatch(uint64_t arrival, TimePoint intended) {
  arrival_ = arrival;
  intended_ = intended;
  dispatched_ = true;
  host_->reactor()->Resume(&waiter_);
}

void User::RequestStop(bool finish_task) {
  stop_soon_ = true;
  stop_now_ = stop_now_ || !finish_task;
  if (sleeping_) {
    host_->reactor()->Resume(&waiter_);
  }
}

void User::Abort() {
  stop_soon_ = true;
  stop_now_ = true;
  host_->reactor()->Cancel(&waiter_);
}

void User::Nudge() {
  if (sleeping_) {
    host_->reactor()->Resume(&waiter_);
  }
}

std::optional<TimePoint> User::TakeIntendedStart() { return std::exchange(intended_, {}); }

void User::SetVariable(std::string_view name, Value value, VariableScope scope) {
  if (scope == VariableScope::kShared) {
    host_->SetShared(name, std::move(value));
  } else {
    variables_.Set(name, std::move(value));
  }
}

const Value* User::Find(std::string_view name) const {
  const Value* own = variables_.Find(name);
  return own != nullptr ? own : host_->FindShared(name);
}

std::string_view User::class_name() const { return class_->source->name; }

void User::ReportTaskError(std::string_view text) { host_->recorder()->RecordTaskError(text); }

Co<void> User::Run() {
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
  if (!Reactor::IsCancelled(waiter_)) {
    on_stop_ = true;
    stop_now_ = false;
    co_await RunSteps(&class_->on_stop);
  }
  session_.reset();
  ended_ = true;
  host_->OnEnded(this);
}

Co<void> User::RunOnce() {
  for (const ProgramTask& task : class_->tasks) {
    if (stop_now_) {
      co_return;
    }
    host_->trace()->OnText(fmt::format("task {}.{}", class_->source->name, task.name));
    co_await RunSteps(&task.steps);
    ++iteration_;
    host_->CountIteration();
  }
}

Co<void> User::RunClosed() {
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
    ++iteration_;
    host_->CountIteration();
    if (flow == Flow::kStopUser || !co_await WaitForNextTask()) {
      co_return;
    }
    // A task that never had to wait (nothing to pick, connection refused on loopback) and no wait
    // time would spin and starve every other user of this shard.
    if (host_->reactor()->now() == turn && !co_await SleepUntil(turn + kIdleTaskPause)) {
      co_return;
    }
  }
}

Co<void> User::RunOpen() {
  while (!stop_soon_) {
    if (!dispatched_) {
      host_->OnIdle(this);
      if (dispatched_) {
        continue;  // an arrival was waiting for us
      }
      sleeping_ = true;
      co_await host_->reactor()->Suspend(&waiter_, Reactor::kNever);
      sleeping_ = false;
      continue;
    }
    dispatched_ = false;
    const Flow flow = co_await RunSteps(&ChooseTask().steps);
    intended_.reset();
    ++iteration_;
    host_->CountIteration();
    if (flow == Flow::kStopUser) {
      co_return;
    }
  }
}

Co<User::Flow> User::RunSteps(const ProgramSteps* steps) {
  for (const ProgramStep& step : *steps) {
    if (stop_now_ || Reactor::IsCancelled(waiter_)) {
      co_return Flow::kStopUser;
    }
    Flow flow = Flow::kNext;
    if (const auto* request = std::get_if<RequestOp>(&step.op)) {
      const bool passed = co_await session_->Execute(request->request.get(), this);
      flow = passed ? Flow::kNext : Flow::kEndTask;
    } else if (const auto* set = std::get_if<SetOp>(&step.op)) {
      flow = RunSet(*set);
    } else if (const auto* pick = std::get_if<PickOp>(&step.op)) {
      flow = RunPick(*pick);
    } else if (const auto* branch = std::get_if<IfOp>(&step.op)) {
      flow = co_await RunIf(branch);
    } else if (const auto* loop = std::get_if<LoopOp>(&step.op)) {
      flow = co_await RunLoop(loop);
    } else if (const auto* think = std::get_if<ThinkOp>(&step.op)) {
      const Nanos span(rng_.Between(think->low.count(), think->high.count()));
      flow = co_await Pause(span) ? Flow::kNext : Flow::kStopUser;
    } else if (const auto* log = std::get_if<LogOp>(&step.op)) {
      std::string text;
      const absl::Status status = log->message.Render(*this, &text);
      host_->Log(status.ok() ? text : std::string(status.message()));
    } else if (const auto* fail = std::get_if<FailOp>(&step.op)) {
      std::string text;
      const absl::Status status = fail->message.Render(*this, &text);
      ReportTaskError(status.ok() ? text : std::string(status.message()));
      flow = Flow::kEndTask;
    }
    if (flow != Flow::kNext) {
      co_return flow;
    }
  }
  co_return Flow::kNext;
}

Co<User::Flow> User::RunIf(const IfOp* op) {
  co_return co_await RunSteps(Holds(*op) ? &op->then : &op->otherwise);
}

Co<User::Flow> User::RunLoop(const LoopOp* op) {
  for (int64_t i = 0; i < op->times; ++i) {
    const Flow flow = co_await RunSteps(&op->steps);
    if (flow != Flow::kNext) {
      co_return flow;
    }
  }
  co_return Flow::kNext;
}

User::Flow User::RunSet(const SetOp& op) {
  absl::StatusOr<Value> value = op.value.Evaluate(*this);
  if (!value.ok()) {
    ReportTaskError(std::string(value.status().message()));
    return Flow::kEndTask;
  }
  SetVariable(op.variable, *std::move(value), op.scope);
  return Flow::kNext;
}

User::Flow User::RunPick(const PickOp& op) {
  const std::vector<Value>* rows = nullptr;
  Value held;  // keeps a shared list alive while we read it
  if (op.data != nullptr) {
    rows = &op.data->rows;
  } else if (const size_t dot = op.from.find('.');
             const Value* value = Find(std::string_view(op.from).substr(0, dot))) {
    if (dot != std::string::npos) {
      value = value->FindDotted(std::string_view(op.from).substr(dot + 1));
    }
    if (value != nullptr) {
      held = *value;
      rows = held.AsList();
    }
  }
  if (rows == nullptr || rows->empty()) {
    return Flow::kEndTask;
  }
  const std::optional<size_t> row = NextRow(op, rows->size());
  if (!row.has_value()) {
    return Flow::kStopUser;
  }
  variables_.Set(op.as, (*rows)[*row]);
  return Flow::kNext;
}

std::optional<size_t> User::NextRow(const PickOp& op, size_t rows) {
  if (op.order == PickOrder::kRandom || op.data == nullptr) {
    return rng_.Below(rows);
  }
  if (cursors_.size() <= op.data_index) {
    cursors_.resize(op.data_index + 1);
  }
  // Unique rows follow from numbers alone: arrival n takes row n; user k takes rows k, k + peak,
  // k + 2·peak, … so that no two users of any agent meet before the set is used up.
  const uint64_t taken = cursors_[op.data_index]++;
  uint64_t row = taken;
  if (op.order == PickOrder::kUnique) {
    row = host_->open_model() ? arrival_ : number_ + taken * host_->peak_users();
  }
  if (row >= rows && op.data->on_end == DataSet::OnEnd::kStopUser) {
    return std::nullopt;
  }
  return row % rows;
}

bool User::Holds(const IfOp& op) {
  if (op.op == Condition::Op::kExists) {
    const size_t dot = op.exists.find('.');
    const Value* value = Find(std::string_view(op.exists).substr(0, dot));
    if (value != nullptr && dot != std::string::npos) {
      value = value->FindDotted(std::string_view(op.exists).substr(dot + 1));
    }
    const bool empty_list =
        value != nullptr && value->AsList() != nullptr && value->AsList()->empty();
    return value != nullptr && !value->IsNull() && !empty_list;
  }
  std::string left;
  std::string right;
  if (!op.left.Render(*this, &left).ok() || !op.right.Render(*this, &right).ok()) {
    return false;  // a variable that is not there equals nothing
  }
  double left_number = 0;
  double right_number = 0;
  const bool numbers = Value(left).ToNumber(&left_number) && Value(right).ToNumber(&right_number);
  switch (op.op) {
    case Condition::Op::kEquals:
      return numbers ? left_number == right_number : left == right;
    case Condition::Op::kNotEquals:
      return numbers ? left_number != right_number : left != right;
    case Condition::Op::kLess:
      return numbers ? left_number < right_number : left < right;
    case Condition::Op::kGreater:
      return numbers ? left_number > right_number : left > right;
    case Condition::Op::kContains:
      return left.find(right) != std::string::npos;
    case Condition::Op::kExists:
      break;
  }
  return false;
}

const ProgramTask& User::ChooseTask() {
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
Co<bool> User::WaitForNextTask() {
  if (stop_soon_) {
    co_return false;
  }
  const WaitTime& wait = class_->source->wait_time;
  const TimePoint now = host_->reactor()->now();
  Nanos pacing{0};
  switch (wait.kind) {
    case WaitTime::Kind::kConstant:
      if (wait.low.count() == 0) {
        co_return true;
      }
      co_return co_await SleepUntil(now + wait.low);
    case WaitTime::Kind::kBetween:
      co_return co_await SleepUntil(now + Nanos(rng_.Between(wait.low.count(), wait.high.count())));
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
  co_return planned <= now || co_await SleepUntil(planned);
}

Co<bool> User::SleepUntil(TimePoint when) {
  while (!stop_soon_ || on_stop_) {
    sleeping_ = true;
    const Wake wake = co_await host_->reactor()->Suspend(&waiter_, when);
    sleeping_ = false;
    if (wake != Wake::kReady) {
      co_return wake == Wake::kDeadline;
    }
  }
  co_return false;
}

Co<bool> User::Pause(Nanos span) { co_return co_await SleepUntil(host_->reactor()->now() + span); }

Co<void> User::HoldWhilePaused() {
  while (host_->paused() && !stop_soon_) {
    sleeping_ = true;
    co_await host_->reactor()->Suspend(&waiter_, Reactor::kNever);
    sleeping_ = false;
  }
  task_started_ = host_->reactor()->now();
}

}  // namespace squall
