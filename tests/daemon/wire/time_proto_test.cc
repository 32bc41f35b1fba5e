#include "daemon/wire/time_proto.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr int64_t kInstants[] = {
    0, 1, 999'999'999, 1'000'000'000, -1, -1'500'000'000, INT64_MAX, INT64_MIN + 1};

TEST(TimeProtoTest, DurationsSurviveTheTripToTheNanosecond) {
  for (const int64_t nanos : kInstants) {
    google::protobuf::Duration proto;
    NanosToProto(Nanos(nanos), &proto);
    EXPECT_EQ(NanosFromProto(proto), Nanos(nanos));
  }
}

TEST(TimeProtoTest, TimesSurviveTheTripAndCountForwardBefore1970) {
  for (const int64_t nanos : kInstants) {
    google::protobuf::Timestamp proto;
    WallTimeToProto(WallTime(Nanos(nanos)), &proto);
    EXPECT_GE(proto.nanos(), 0);
    if (nanos > INT64_MIN + 1) {
      EXPECT_EQ(WallTimeFromProto(proto), WallTime(Nanos(nanos)));
    }
  }
}

TEST(TimeProtoTest, MalformedMessagesAreNothing) {
  const std::pair<int64_t, int32_t> rows[] = {
      {0, 1'000'000'000},  // nanos above a second
      {1, -1},             // signs that differ
      {-1, 1},
      {INT64_MAX, 0},  // beyond 64 bits of nanoseconds
      {INT64_MIN, 0},
      {9'223'372'036, 854'775'808},  // one nanosecond beyond
  };
  for (const auto& [seconds, nanos] : rows) {
    google::protobuf::Duration proto;
    proto.set_seconds(seconds);
    proto.set_nanos(nanos);
    EXPECT_EQ(NanosFromProto(proto), std::nullopt) << seconds << " s " << nanos << " ns";
  }
  google::protobuf::Timestamp time;
  time.set_nanos(-1);
  EXPECT_EQ(WallTimeFromProto(time), std::nullopt);
}

}  // namespace
}  // namespace squall
