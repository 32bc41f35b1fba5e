#include "daemon/gateway/run_order_proto.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protos/squall/v1/run_service.pb.h"

namespace squall {
namespace {

using testing::HasSubstr;

constexpr const char* kPlan = R"(
service: {base_url: "http://127.0.0.1:1"}
users: [{name: U, tasks: [{name: t, steps: [{get: /}]}]}]
)";

v1::CreateRunRequest Request() {
  v1::CreateRunRequest request;
  request.set_run_id("r");
  request.mutable_text()->add_files()->set_content(kPlan);
  return request;
}

absl::StatusOr<RunOrder> Read(const v1::CreateRunRequest& request) {
  std::vector<std::string> warnings;
  return RunOrderFromProto(request, &warnings);
}

TEST(RunOrderProtoTest, ReadsAPlanAsPeopleWriteIt) {
  v1::CreateRunRequest request = Request();
  request.mutable_text()->add_files()->set_content("name: second");
  request.mutable_text()->add_sets("load_profile.users=3");
  request.mutable_settings()->set_host("http://127.0.0.1:2");
  request.add_agents("a");
  request.mutable_agents_wait()->set_seconds(5);
  request.set_fixed_agents(true);
  const absl::StatusOr<RunOrder> order = Read(request);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->run_id, "r");
  EXPECT_EQ(order->plan.name, "second");
  EXPECT_EQ(order->settings.host, "http://127.0.0.1:2");
  EXPECT_EQ(order->agents_min, 1U);
  EXPECT_EQ(order->agents_wait, std::chrono::seconds(5));
  EXPECT_TRUE(order->fixed_agents);
}

TEST(RunOrderProtoTest, AllErrorsOfAPlanAreSaidWithTheirPlaces) {
  v1::CreateRunRequest request = Request();
  request.mutable_text()->mutable_files(0)->set_name("shop.yaml");
  request.mutable_text()->mutable_files(0)->set_content("serice: {}\nusers: 3\n");
  const absl::Status status = Read(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.yaml:1:1"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.yaml:2:8"));
}

TEST(RunOrderProtoTest, WhatIsOutOfRangeIsNamed) {
  struct {
    std::function<void(v1::CreateRunRequest*)> change;
    const char* says;
  } const kRows[] = {
      {[](auto* request) { request->clear_text(); }, "source"},
      {[](auto* request) { request->mutable_text()->clear_files(); }, "text.files"},
      {[](auto* request) { request->set_agents_min(0); }, "agents_min"},
      {[](auto* request) { request->set_agents_min(20'000); }, "agents_min"},
      {[](auto* request) {
         request->add_agents("a");
         request->set_agents_min(2);
       },
       "agents_min"},
      {[](auto* request) { request->mutable_agents_wait()->set_seconds(-1); }, "agents_wait"},
      {[](auto* request) { request->mutable_settings()->set_once(true); }, "once"},
  };
  for (const auto& row : kRows) {
    v1::CreateRunRequest request = Request();
    row.change(&request);
    const absl::Status status = Read(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace squall
