#include "daemon/wire/handover_proto.h"

#include <gtest/gtest.h>

#include "protos/squall/v1/agent_service.pb.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

TEST(HandoverProtoTest, HandoversSurviveTheTrip) {
  Handover planned{.after = MakeAssignment(1, 3, 7), .at = std::chrono::seconds(5), .rate = 2.5};
  planned.moving = {{.residue = 1, .modulus = 6}};
  for (const Handover& handover : {planned, Handover{.after = MakeAssignment(0, 1, 1)}}) {
    v1::ReassignRequest proto;
    HandoverToProto(handover, &proto);
    const absl::StatusOr<Handover> read = HandoverFromProto(proto);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, handover);
  }
}

TEST(HandoverProtoTest, HostileOnesAreRefused) {
  v1::ReassignRequest proto;
  proto.mutable_effective_at()->set_seconds(-1);
  EXPECT_TRUE(Mentions(HandoverFromProto(proto).status(), "effective_at must be at least 0 s"));
  proto.mutable_effective_at()->set_nanos(1);
  EXPECT_TRUE(Mentions(HandoverFromProto(proto).status(), "effective_at must have seconds"));
  proto.clear_effective_at();
  proto.set_spawn_rate(-2);
  EXPECT_TRUE(Mentions(HandoverFromProto(proto).status(), "spawn_rate must be above 0"));
}

}  // namespace
}  // namespace squall
