#include "daemon/wire/settings_proto.h"

#include <functional>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/run.pb.h"
#include "tests/daemon/wire/field_coverage.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

RunSettings FullSettings() {
  return {.host = "http://shop:8080",
          .tags = {"read", "write"},
          .exclude_tags = {"slow"},
          .seed = 0,
          .stop_timeout = Nanos(0),
          .users = 0,
          .spawn_rate = 2.5,
          .arrival_rate = 0.5,
          .run_time = std::chrono::seconds(90),
          .iterations = 1000,
          .control_loss_policy = ControlLossPolicy::kStop,
          .control_loss_timeout = std::chrono::milliseconds(1500),
          .once = true};
}

TEST(SettingsProtoTest, SettingsSurviveTheTripAndZeroIsNotNothing) {
  for (const RunSettings& settings : {FullSettings(), RunSettings()}) {
    v1::RunSettings proto;
    SettingsToProto(settings, &proto);
    const absl::StatusOr<RunSettings> read = SettingsFromProto(proto);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(*read == settings) << proto.DebugString();
  }
}

TEST(SettingsProtoTest, NoFieldIsForgotten) {
  v1::RunSettings proto;
  SettingsToProto(FullSettings(), &proto);
  FieldCoverage coverage;
  coverage.Add(proto);
  EXPECT_EQ(coverage.Missing(*v1::RunSettings::descriptor()), std::set<std::string>{});
}

TEST(SettingsProtoTest, FieldsThatAreNotSetHaveTheDefaults) {
  const absl::StatusOr<RunSettings> read = SettingsFromProto(v1::RunSettings());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == RunSettings());
}

TEST(SettingsProtoTest, HostileSettingsAreRefused) {
  using Proto = v1::RunSettings;
  const std::pair<std::function<void(Proto*)>, const char*> rows[] = {
      {[](Proto* p) { p->set_host(std::string(5000, 'h')); }, "host must be at most 4096 bytes"},
      {[](Proto* p) { p->add_tags(std::string(5000, 't')); }, "tags"},
      {[](Proto* p) { p->mutable_stop_timeout()->set_seconds(-1); }, "stop_timeout must be"},
      {[](Proto* p) { p->mutable_load()->set_users(UINT64_MAX); }, "load.users must be at most"},
      {[](Proto* p) { p->mutable_load()->set_spawn_rate(0); }, "load.spawn_rate must be a number"},
      {[](Proto* p) {
         p->mutable_load()->set_spawn_rate(std::numeric_limits<double>::quiet_NaN());
       },
       "load.spawn_rate must be a number"},
      {[](Proto* p) { p->mutable_load()->set_arrival_rate(-1); },
       "load.arrival_rate must be a number"},
      {[](Proto* p) { p->mutable_load()->mutable_run_time()->set_nanos(-1); },
       "load.run_time must be a duration"},
      {[](Proto* p) { p->set_control_loss_policy(static_cast<v1::ControlLossPolicy>(3)); },
       "control_loss_policy must be from 1 to 2, got 3"},
  };
  for (const auto& [damage, message] : rows) {
    Proto proto;
    damage(&proto);
    const absl::StatusOr<RunSettings> read = SettingsFromProto(proto);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_TRUE(Mentions(read.status(), message));
  }
}

TEST(SettingsProtoTest, EnumsOfSettingsCountAsTheProtosDo) {
  EXPECT_EQ(int(ControlLossPolicy::kContinue) + 1, v1::CONTROL_LOSS_POLICY_CONTINUE);
  EXPECT_EQ(int(ControlLossPolicy::kStop) + 1, v1::CONTROL_LOSS_POLICY_STOP);
}

}  // namespace
}  // namespace squall
