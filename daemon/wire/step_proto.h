// Steps <-> squall.v1.Step. Used inside this room.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/repeated_ptr_field.h>

#include "daemon/plan/plan.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class SourceMark;
class Step;
}  // namespace v1

using StepProtos = google::protobuf::RepeatedPtrField<v1::Step>;

// if and loop within one another; deeper ones would meet protobuf's own limit of 100 messages.
inline constexpr int kStepDepthMax = 32;

void WriteSteps(const StepList& steps, StepProtos* protos);
void WriteMark(const SourceMark& mark, v1::SourceMark* proto);

// Refuse what is out of bounds, of no known kind, or nested deeper than kStepDepthMax. Texts are
// not compiled here: templates, expressions and paths are checked where the engine needs them.
void ReadSteps(std::string_view field, const StepProtos& protos, ProtoReader* reader,
               StepList* steps);
void ReadMark(const v1::SourceMark& proto, ProtoReader* reader, SourceMark* mark);

}  // namespace squall
