// What a user's steps do, one function each.

#include <string>
#include <utility>

#include "daemon/engine/step_user.h"

namespace squall {
namespace {

// A loop step whose rounds never wait lets the others run after so many.
constexpr int kRoundsPerTurn = 256;

// As numbers where both are, else as texts.
bool Compare(Condition::Op op, const std::string& left, const std::string& right) {
  double left_number = 0;
  double right_number = 0;
  const bool numbers = Value(left).ToNumber(&left_number) && Value(right).ToNumber(&right_number);
  switch (op) {
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

}  // namespace

Co<StepUser::Flow> StepUser::RunSteps(const ProgramSteps* steps) {
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

Co<StepUser::Flow> StepUser::RunIf(const IfOp* op) {
  co_return co_await RunSteps(Holds(*op) ? &op->then : &op->otherwise);
}

Co<StepUser::Flow> StepUser::RunLoop(const LoopOp* op) {
  Reactor* reactor = host_->reactor();
  TimePoint turn = reactor->now();
  int rounds = 0;
  for (int64_t i = 0; i < op->times; ++i) {
    const Flow flow = co_await RunSteps(&op->steps);
    if (flow != Flow::kNext) {
      co_return flow;
    }
    if (reactor->now() != turn) {
      turn = reactor->now();
      rounds = 0;
    } else if (++rounds == kRoundsPerTurn) {
      rounds = 0;
      if (!co_await SleepUntil(turn, Sleep::kInTask)) {
        co_return Flow::kStopUser;
      }
    }
  }
  co_return Flow::kNext;
}

StepUser::Flow StepUser::RunSet(const SetOp& op) {
  absl::StatusOr<Value> value = op.value.Evaluate(*this);
  if (!value.ok()) {
    ReportTaskError(std::string(value.status().message()));
    return Flow::kEndTask;
  }
  SetVariable(op.variable, *std::move(value), op.scope);
  return Flow::kNext;
}

StepUser::Flow StepUser::RunPick(const PickOp& op) {
  const std::vector<Value>* rows = nullptr;
  Value held;  // keeps a shared list alive while we read it
  if (op.data != nullptr) {
    rows = &op.data->rows;
  } else if (const Value* value = FindPath(op.from); value != nullptr) {
    held = *value;
    rows = held.AsList();
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

std::optional<size_t> StepUser::NextRow(const PickOp& op, size_t rows) {
  if (op.order == PickOrder::kRandom || op.data == nullptr) {
    return rng_.Below(rows);
  }
  if (cursors_.size() <= op.data_index) {
    cursors_.resize(op.data_index + 1);
  }
  // Unique rows follow from numbers alone: the task of arrival n takes row n; user k (and, in the
  // open model, its on_start and on_stop) takes rows k, k + peak, k + 2·peak, … so that no two
  // users of any agent meet before the set is used up.
  const uint64_t taken = cursors_[op.data_index]++;
  uint64_t row = taken;
  if (op.order == PickOrder::kUnique) {
    row = arrival_.value_or(number_ + taken * host_->peak_users());
  }
  if (row >= rows && op.data->on_end == DataSet::OnEnd::kStopUser) {
    return std::nullopt;
  }
  return row % rows;
}

const Value* StepUser::FindPath(std::string_view path) const {
  const size_t dot = path.find('.');
  const Value* value = Find(path.substr(0, dot));
  return value == nullptr || dot == std::string::npos ? value
                                                      : value->FindDotted(path.substr(dot + 1));
}

bool StepUser::Holds(const IfOp& op) {
  if (op.op == Condition::Op::kExists) {
    const Value* value = FindPath(op.exists);
    const bool empty_list =
        value != nullptr && value->AsList() != nullptr && value->AsList()->empty();
    return value != nullptr && !value->IsNull() && !empty_list;
  }
  std::string left;
  std::string right;
  // A variable that is not there equals nothing, and is not unequal to anything either.
  return op.left.Render(*this, &left).ok() && op.right.Render(*this, &right).ok() &&
         Compare(op.op, left, right);
}

}  // namespace squall
