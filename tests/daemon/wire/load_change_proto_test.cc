#include "daemon/wire/load_change_proto.h"

#include <memory>

#include <gtest/gtest.h>

#include "protos/squall/v1/agent_service.pb.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

absl::StatusOr<LoadChange> Trip(const LoadChange& change) {
  v1::SetLoadRequest proto;
  LoadChangeToProto(change, &proto);
  return LoadChangeFromProto(proto);
}

TEST(LoadChangeProtoTest, EveryKindOfChangeSurvivesTheTrip) {
  EXPECT_EQ(Trip({.users = 7, .spawn_rate = 2.5})->users, 7u);
  EXPECT_EQ(Trip({.users = 7, .spawn_rate = 2.5})->spawn_rate, 2.5);
  EXPECT_EQ(Trip({.rate_factor = 0})->rate_factor, 0);
  EXPECT_TRUE(Trip({.clear = true})->clear);
  const LoadProfile load{.load = ConstantLoad{.users = 9, .spawn_rate = 3}};
  LoadChange change;
  change.profile = std::make_shared<const Profile>(*Profile::Make(load));
  const absl::StatusOr<LoadChange> read = Trip(change);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->profile->load() == load);
}

TEST(LoadChangeProtoTest, HostileOnesAreRefused) {
  v1::SetLoadRequest proto;
  EXPECT_TRUE(Mentions(LoadChangeFromProto(proto).status(), "change must be one of users"));
  proto.mutable_users()->set_users(2'000'000'000);
  EXPECT_TRUE(Mentions(LoadChangeFromProto(proto).status(), "users.users must be at most"));
  proto.mutable_users()->set_users(2);
  proto.mutable_users()->set_spawn_rate(0);
  EXPECT_TRUE(Mentions(LoadChangeFromProto(proto).status(), "users.spawn_rate must be above 0"));
  proto.set_arrival_factor(-1);
  EXPECT_TRUE(Mentions(LoadChangeFromProto(proto).status(), "arrival_factor must be 0 to"));
}

}  // namespace
}  // namespace squall
