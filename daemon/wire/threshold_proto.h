// Threshold <-> squall.v1.Threshold. Used inside this room.
#pragma once

#include "daemon/stats/threshold.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class Threshold;
}

void WriteThreshold(const Threshold& threshold, v1::Threshold* proto);
void ReadThreshold(const v1::Threshold& proto, ProtoReader* reader, Threshold* threshold);

}  // namespace squall
