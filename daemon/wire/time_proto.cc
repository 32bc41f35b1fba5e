#include "daemon/wire/time_proto.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace squall {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

std::optional<int64_t> Join(int64_t seconds, int32_t nanos) {
  int64_t joined = 0;
  if (__builtin_mul_overflow(seconds, kNanosPerSecond, &joined) ||
      __builtin_add_overflow(joined, int64_t{nanos}, &joined)) {
    return std::nullopt;
  }
  return joined;
}

}  // namespace

void NanosToProto(Nanos span, google::protobuf::Duration* proto) {
  proto->set_seconds(span.count() / kNanosPerSecond);
  proto->set_nanos(static_cast<int32_t>(span.count() % kNanosPerSecond));
}

void WallTimeToProto(WallTime time, google::protobuf::Timestamp* proto) {
  // A timestamp's nanos count forward even before 1970, so the seconds are rounded down.
  const int64_t nanos = time.time_since_epoch().count();
  const int64_t rest = (nanos % kNanosPerSecond + kNanosPerSecond) % kNanosPerSecond;
  proto->set_seconds(nanos / kNanosPerSecond - (nanos % kNanosPerSecond < 0 ? 1 : 0));
  proto->set_nanos(static_cast<int32_t>(rest));
}

std::optional<Nanos> NanosFromProto(const google::protobuf::Duration& proto) {
  const bool signs_differ =
      (proto.seconds() > 0 && proto.nanos() < 0) || (proto.seconds() < 0 && proto.nanos() > 0);
  if (proto.nanos() <= -kNanosPerSecond || proto.nanos() >= kNanosPerSecond || signs_differ) {
    return std::nullopt;
  }
  const std::optional<int64_t> nanos = Join(proto.seconds(), proto.nanos());
  return nanos ? std::optional(Nanos(*nanos)) : std::nullopt;
}

std::optional<WallTime> WallTimeFromProto(const google::protobuf::Timestamp& proto) {
  if (proto.nanos() < 0 || proto.nanos() >= kNanosPerSecond) {
    return std::nullopt;
  }
  const std::optional<int64_t> nanos = Join(proto.seconds(), proto.nanos());
  return nanos ? std::optional(WallTime(Nanos(*nanos))) : std::nullopt;
}

}  // namespace squall
