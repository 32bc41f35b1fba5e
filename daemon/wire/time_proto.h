// Nanos and WallTime as protobuf's well-known types. Pure; any thread.
#pragma once

#include <optional>

#include "daemon/base/clock.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace squall {

void NanosToProto(Nanos span, google::protobuf::Duration* proto);
void WallTimeToProto(WallTime time, google::protobuf::Timestamp* proto);

// Nothing when the message is malformed (nanos out of range, signs that differ) or lies beyond the
// 292 years that 64 bits of nanoseconds reach.
std::optional<Nanos> NanosFromProto(const google::protobuf::Duration& proto);
std::optional<WallTime> WallTimeFromProto(const google::protobuf::Timestamp& proto);

}  // namespace squall
