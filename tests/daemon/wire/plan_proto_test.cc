#include "daemon/wire/plan_proto.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/plan.pb.h"
#include "tests/daemon/wire/field_coverage.h"
#include "tests/daemon/wire/mentions.h"
#include "tests/daemon/wire/random_plan.h"

namespace squall {
namespace {

v1::Plan ToProto(const Plan& plan) {
  v1::Plan proto;
  const absl::Status status = PlanToProto(plan, &proto);
  EXPECT_TRUE(status.ok()) << status;
  return proto;
}

TEST(PlanProtoTest, EveryPlanSurvivesTheTripOverTheWire) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    const Plan plan = RandomPlan(&rng);
    const std::string bytes = ToProto(plan).SerializeAsString();
    v1::Plan received;
    ASSERT_TRUE(received.ParseFromString(bytes)) << "seed " << seed;
    const absl::StatusOr<Plan> read = PlanFromProto(received);
    ASSERT_TRUE(read.ok()) << "seed " << seed << ": " << read.status();
    ASSERT_TRUE(*read == plan) << "seed " << seed;
    // == is blind to marks and to 3 against 3.0; the bytes are not.
    ASSERT_EQ(ToProto(*read).SerializeAsString(), bytes) << "seed " << seed;
  }
}

TEST(PlanProtoTest, NoFieldOfThePlanIsForgotten) {
  FieldCoverage coverage;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    coverage.Add(ToProto(RandomPlan(&rng)));
  }
  EXPECT_EQ(coverage.Missing(*v1::Plan::descriptor()), std::set<std::string>{});
}

TEST(PlanProtoTest, FieldsThatAreNotSetHaveThePlansDefaults) {
  const absl::StatusOr<Plan> plan = PlanFromProto(v1::Plan());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(*plan == Plan());
}

TEST(PlanProtoTest, ASmallPlanWrittenByHandIsEnough) {
  v1::Plan proto;
  v1::UserClass* user_class = proto.add_user_classes();
  user_class->set_name("Shopper");
  user_class->add_tasks()->add_steps()->mutable_request()->set_path("/products");
  const absl::StatusOr<Plan> plan = PlanFromProto(proto);
  ASSERT_TRUE(plan.ok()) << plan.status();
  UserClass expected{.name = "Shopper", .tasks = {Task{.steps = {Step{}}}}};
  std::get<RequestStep>(expected.tasks[0].steps[0].what).path = "/products";
  EXPECT_TRUE(plan->users == std::vector{expected});
}

TEST(PlanProtoTest, HostilePlansAreRefusedWithThePathOfTheField) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::pair<std::function<void(v1::Plan*)>, const char*> rows[] = {
      {[](v1::Plan* p) { p->set_name(std::string(5000, 'x')); },
       "name must be at most 4096 bytes long, got 5000"},
      {[](v1::Plan* p) { p->mutable_service()->mutable_timeout()->set_seconds(-1); },
       "service.timeout must be a duration from 0s"},
      {[](v1::Plan* p) { p->mutable_service()->mutable_dns_ttl()->set_nanos(1'000'000'000); },
       "service.dns_ttl must be a duration from 0s"},
      {[](v1::Plan* p) { p->mutable_service()->set_redirects_max(-1); },
       "service.redirects_max must be from 0 to"},
      {[](v1::Plan* p) { p->mutable_service()->set_body_bytes_max(-5); },
       "service.body_bytes_max must be from 0 to"},
      {[](v1::Plan* p) { p->mutable_stop_timeout()->set_seconds(INT64_MAX); },
       "stop_timeout must be a duration from 0s"},
      {[](v1::Plan* p) { p->add_user_classes()->set_weight(kNan); },
       "user_classes[0].weight must be a number from 0 to"},
      {[](v1::Plan* p) { p->add_user_classes()->set_weight(-0.5); },
       "user_classes[0].weight must be a number from 0 to"},
      {[](v1::Plan* p) { p->add_user_classes()->set_fixed_count(UINT64_MAX); },
       "user_classes[0].fixed_count must be at most 1000000000, got 18446744073709551615"},
      {[](v1::Plan* p) {
         p->add_user_classes();
         p->add_user_classes()->mutable_wait_time()->set_kind(static_cast<v1::WaitTimeKind>(9));
       },
       "user_classes[1].wait_time.kind must be from 1 to 4, got 9"},
      {[](v1::Plan* p) {
         v1::WaitTime* wait_time = p->add_user_classes()->mutable_wait_time();
         wait_time->set_kind(v1::WAIT_TIME_KIND_BETWEEN);
         wait_time->mutable_low()->set_seconds(2);
         wait_time->mutable_high()->set_seconds(1);
       },
       "user_classes[0].wait_time.high must be at least low"},
      {[](v1::Plan* p) { p->add_user_classes()->add_tasks()->set_weight(HUGE_VAL); },
       "user_classes[0].tasks[0].weight must be a number"},
      {[](v1::Plan* p) { p->add_user_classes()->add_tasks()->add_steps(); },
       "user_classes[0].tasks[0].steps[0].what must be one of request, set"},
      {[](v1::Plan* p) { p->add_user_classes()->mutable_mark()->set_line(-1); },
       "user_classes[0].mark.line must be from 0 to"},
      {[](v1::Plan* p) { p->add_data_sets()->set_order(static_cast<v1::PickOrder>(-1)); },
       "data_sets[0].order must be from 1 to 3, got -1"},
      {[](v1::Plan* p) { p->add_data_sets()->set_on_end(static_cast<v1::DataSetEnd>(3)); },
       "data_sets[0].on_end must be from 1 to 2, got 3"},
      {[](v1::Plan* p) {
         p->add_data_sets()->add_rows()->set_kind(static_cast<v1::ValueKind>(99));
       },
       "data_sets[0].rows[0].kind must be a known one, got 99"},
      {[](v1::Plan* p) { p->add_thresholds(); }, "thresholds[0].metric must be from 1 to 9, got 0"},
      {[](v1::Plan* p) { p->mutable_load_profile()->mutable_constant()->set_spawn_rate(kNan); },
       "load_profile.constant.spawn_rate must be a number"},
  };
  for (const auto& [damage, message] : rows) {
    v1::Plan proto;
    damage(&proto);
    const absl::StatusOr<Plan> plan = PlanFromProto(proto);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_TRUE(Mentions(plan.status(), message));
  }
}

TEST(PlanProtoTest, AFileOfAScriptCannotLeadOutOfItsDirectory) {
  for (const std::string path :
       {"../x.py", "/etc/passwd", "a//b", "a/../../b", "", ".", "a/", "a/./b"}) {
    v1::Plan proto;
    proto.mutable_script()->add_files()->set_path(path);
    EXPECT_TRUE(Mentions(PlanFromProto(proto).status(), "script.files[0].path must lead to"))
        << path;
  }
}

TEST(PlanProtoTest, ListElementsOfAllKindsAreLimitedTogether) {
  v1::Plan proto;
  v1::UserClass* user_class = proto.add_user_classes();
  for (int task = 0; task < 11; ++task) {
    auto* tags = user_class->add_tasks()->mutable_tags();
    for (int tag = 0; tag < 100'000; ++tag) {
      *tags->Add() = "t";
    }
  }
  EXPECT_TRUE(Mentions(PlanFromProto(proto).status(),
                       "user_classes[0].tasks[9].tags must not bring the list elements above"));
}

TEST(PlanProtoTest, ATextThatIsNotUtf8IsRefusedBeforeItIsSent) {
  Plan plan;
  plan.test_data.push_back({.name = "users", .rows = {Value(ValueObject{{"name", "M\xFCller"}})}});
  v1::Plan proto;
  const absl::Status status = PlanToProto(plan, &proto);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Mentions(status, "data_sets[0].rows[0].elements[0].text must be UTF-8, got 'M"));
}

TEST(PlanProtoTest, EnumsOfPlansCountAsTheProtosDo) {
  const std::pair<int, int> rows[] = {
      {int(WaitTime::Kind::kConstant), v1::WAIT_TIME_KIND_CONSTANT},
      {int(WaitTime::Kind::kBetween), v1::WAIT_TIME_KIND_BETWEEN},
      {int(WaitTime::Kind::kConstantPacing), v1::WAIT_TIME_KIND_CONSTANT_PACING},
      {int(WaitTime::Kind::kConstantThroughput), v1::WAIT_TIME_KIND_CONSTANT_THROUGHPUT},
      {int(DataSet::OnEnd::kWrap), v1::DATA_SET_END_WRAP},
      {int(DataSet::OnEnd::kStopUser), v1::DATA_SET_END_STOP_USER},
  };
  for (const auto& [ours, protos] : rows) {
    EXPECT_EQ(ours + 1, protos);
  }
}

}  // namespace
}  // namespace squall
