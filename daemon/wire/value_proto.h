// Value <-> squall.v1.Value. Used inside this room.
#pragma once

#include "daemon/plan/value.h"
#include "daemon/wire/proto_reader.h"

namespace squall {

namespace v1 {
class Value;
}

inline constexpr int kValueDepthMax = 64;  // as ParseJson

void WriteValue(const Value& value, v1::Value* proto);
// Refuses unknown kinds, infinite numbers, objects with a different number of keys and elements,
// and nesting below kValueDepthMax.
Value ReadValue(const v1::Value& proto, ProtoReader* reader);

}  // namespace squall
