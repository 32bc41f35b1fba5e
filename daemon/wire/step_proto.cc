#include "daemon/wire/step_proto.h"

#include <climits>

#include <fmt/format.h>

#include "daemon/wire/request_proto.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/step.pb.h"

namespace squall {
namespace {

// ---- writing, one overload for each alternative of Step::what ---------------------------------

void Write(const RequestStep& from, v1::Step* step) { WriteRequest(from, step->mutable_request()); }

void Write(const SetStep& from, v1::Step* step) {
  v1::SetStep* to = step->mutable_set();
  to->set_variable(from.variable);
  to->set_value(from.value);
  to->set_scope(ToProtoEnum<v1::VariableScope>(from.scope));
}

void Write(const PickStep& from, v1::Step* step) {
  v1::PickStep* to = step->mutable_pick();
  to->set_source(from.from);
  to->set_variable(from.as);
  to->set_order(ToProtoEnum<v1::PickOrder>(from.order));
}

void Write(const IfStep& from, v1::Step* step) {
  v1::IfStep* to = step->mutable_if_();
  v1::Condition* condition = to->mutable_condition();
  condition->set_operator_(ToProtoEnum<v1::ConditionOperator>(from.condition.op));
  condition->set_left(from.condition.left);
  condition->set_right(from.condition.right);
  WriteSteps(from.then, to->mutable_then_steps());
  WriteSteps(from.otherwise, to->mutable_else_steps());
}

void Write(const LoopStep& from, v1::Step* step) {
  v1::LoopStep* to = step->mutable_loop();
  to->set_times(from.times);
  WriteSteps(from.steps, to->mutable_steps());
}

void Write(const ThinkStep& from, v1::Step* step) {
  NanosToProto(from.low, step->mutable_think()->mutable_low());
  NanosToProto(from.high, step->mutable_think()->mutable_high());
}

void Write(const LogStep& from, v1::Step* step) { step->mutable_log()->set_message(from.message); }

void Write(const FailStep& from, v1::Step* step) {
  step->mutable_fail()->set_message(from.message);
}

// ---- reading ---------------------------------------------------------------------------------

// One pass over the steps of a plan; knows how deep it is.
class StepReader final {
 public:
  explicit StepReader(ProtoReader* reader) : reader_(reader) {}

  void Read(std::string_view field, const StepProtos& from, StepList* to) {
    if (depth_ == kStepDepthMax && !from.empty()) {
      reader_->Refuse(field, fmt::format("be nested at most {} deep", kStepDepthMax));
      return;
    }
    ++depth_;
    reader_->List(field, from, to, [this](const v1::Step& proto, Step* step) {
      ReadStep(proto, step);
      ReadMark(proto.mark(), reader_, &step->mark);
    });
    --depth_;
  }

 private:
  void ReadStep(const v1::Step& from, Step* to);
  void ReadSet(const v1::SetStep& from, SetStep* to);
  void ReadPick(const v1::PickStep& from, PickStep* to);
  void ReadIf(const v1::IfStep& from, IfStep* to);
  void ReadLoop(const v1::LoopStep& from, LoopStep* to);
  void ReadThink(const v1::ThinkStep& from, ThinkStep* to);

  ProtoReader* reader_;
  int depth_ = 0;
};

void StepReader::ReadStep(const v1::Step& from, Step* to) {
  switch (from.what_case()) {
    case v1::Step::kRequest:
      ReadRequest(from.request(), reader_, &to->what.emplace<RequestStep>());
      break;
    case v1::Step::kSet:
      ReadSet(from.set(), &to->what.emplace<SetStep>());
      break;
    case v1::Step::kPick:
      ReadPick(from.pick(), &to->what.emplace<PickStep>());
      break;
    case v1::Step::kIf:
      ReadIf(from.if_(), &to->what.emplace<IfStep>());
      break;
    case v1::Step::kLoop:
      ReadLoop(from.loop(), &to->what.emplace<LoopStep>());
      break;
    case v1::Step::kThink:
      ReadThink(from.think(), &to->what.emplace<ThinkStep>());
      break;
    case v1::Step::kLog:
      to->what = LogStep{.message = from.log().message()};
      break;
    case v1::Step::kFail:
      to->what = FailStep{.message = from.fail().message()};
      break;
    case v1::Step::WHAT_NOT_SET:
      reader_->Refuse("what", "be one of request, set, pick, if, loop, think, log, fail");
      break;
  }
}

void StepReader::ReadSet(const v1::SetStep& from, SetStep* to) {
  const ProtoReader::Inside inside(reader_, "set");
  reader_->Name("variable", from.variable(), &to->variable);
  to->value = from.value();
  reader_->Enum("scope", from.scope(), VariableScope::kShared, &to->scope);
}

void StepReader::ReadPick(const v1::PickStep& from, PickStep* to) {
  const ProtoReader::Inside inside(reader_, "pick");
  reader_->Name("source", from.source(), &to->from);
  reader_->Name("variable", from.variable(), &to->as);
  reader_->Enum("order", from.order(), PickOrder::kUnique, &to->order);
}

void StepReader::ReadIf(const v1::IfStep& from, IfStep* to) {
  const ProtoReader::Inside inside(reader_, "if");
  {
    const ProtoReader::Inside condition(reader_, "condition");
    reader_->Enum("operator", from.condition().operator_(), Condition::Op::kContains,
                  &to->condition.op);
    to->condition.left = from.condition().left();
    to->condition.right = from.condition().right();
  }
  Read("then_steps", from.then_steps(), &to->then);
  Read("else_steps", from.else_steps(), &to->otherwise);
}

void StepReader::ReadLoop(const v1::LoopStep& from, LoopStep* to) {
  const ProtoReader::Inside inside(reader_, "loop");
  if (from.has_times()) {
    reader_->Int("times", from.times(), 0, INT64_MAX, &to->times);
  }
  Read("steps", from.steps(), &to->steps);
}

void StepReader::ReadThink(const v1::ThinkStep& from, ThinkStep* to) {
  const ProtoReader::Inside inside(reader_, "think");
  reader_->Span("low", from.low(), &to->low);
  reader_->Span("high", from.high(), &to->high);
  if (to->high < to->low) {
    reader_->Refuse("high", "be at least low");
  }
}

}  // namespace

void WriteSteps(const StepList& steps, StepProtos* protos) {
  for (const Step& step : steps) {
    v1::Step* proto = protos->Add();
    std::visit([proto](const auto& what) { Write(what, proto); }, step.what);
    WriteMark(step.mark, proto->mutable_mark());
  }
}

void WriteMark(const SourceMark& mark, v1::SourceMark* proto) {
  proto->set_file(mark.file);
  proto->set_line(mark.line);
  proto->set_column(mark.column);
}

void ReadSteps(std::string_view field, const StepProtos& protos, ProtoReader* reader,
               StepList* steps) {
  StepReader(reader).Read(field, protos, steps);
}

void ReadMark(const v1::SourceMark& proto, ProtoReader* reader, SourceMark* mark) {
  const ProtoReader::Inside inside(reader, "mark");
  reader->Name("file", proto.file(), &mark->file);
  reader->Int("line", proto.line(), 0, INT_MAX, &mark->line);
  reader->Int("column", proto.column(), 0, INT_MAX, &mark->column);
}

}  // namespace squall
