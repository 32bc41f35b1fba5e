// Outputs of a plan <-> squall.v1.Outputs. Used inside this room.
#pragma once

#include "daemon/plan/plan.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class Outputs;
}  // namespace v1

void WriteOutputs(const Outputs& from, v1::Outputs* to);
// Refuses what a plan's text could not say: an agent calls these URLs.
void ReadOutputs(const v1::Outputs& from, ProtoReader* reader, Outputs* to);

}  // namespace squall
