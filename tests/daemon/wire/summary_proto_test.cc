#include "daemon/wire/summary_proto.h"

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "protos/squall/v1/run.pb.h"
#include "tests/daemon/wire/field_coverage.h"

namespace squall {
namespace {

RunSummary FullSummary() {
  RunSummary summary;
  summary.run_id = "run-7f3a";
  summary.plan_name = "product-service";
  summary.plan_digest = "5f2c";
  summary.state = RunState::kFinished;
  summary.started_at = WallTime(std::chrono::seconds(1'700'000'000));
  summary.ended_at = WallTime(std::chrono::milliseconds(1'700'000'020'500));
  summary.stop_reason = "profile finished";
  summary.verdict = Verdict::kInvalid;
  summary.reasons = {"agent 'b:7071': no file descriptor was left", "4 of 9 requests failed"};
  summary.warnings = {"the clock was set"};
  Threshold rule =
      *ParseThreshold("response_time{name:Buy,method:POST,tag:shop}", "p(95) < 300ms over 30s");
  rule.abort_on_fail = true;
  rule.abort_delay = std::chrono::seconds(5);
  summary.thresholds = {{rule, 0.41, false},
                        {*ParseThreshold("checks", "rate > 99%"), std::nullopt, false},
                        {*ParseThreshold("failures", "count == 0"), 0.0, true}};
  summary.users = 300;
  summary.requests = 9'000'000'000;
  summary.failures = 4;
  summary.agents = {{"a:7071", "host-a", "0.1.0", 2, 4}, {"b:7071", "host-b", "0.1.0", 1, 1}};
  return summary;
}

v1::RunSummary ProtoOf(const RunSummary& summary) {
  v1::RunSummary proto;
  SummaryToProto(summary, &proto);
  return proto;
}

TEST(SummaryProtoTest, EveryFieldSurvivesTheTrip) {
  const v1::RunSummary proto = ProtoOf(FullSummary());
  const absl::StatusOr<RunSummary> read = SummaryFromProto(proto);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, FullSummary());
  FieldCoverage coverage;
  coverage.Add(proto);
  EXPECT_EQ(coverage.Missing(*v1::RunSummary::descriptor()), std::set<std::string>());
}

TEST(SummaryProtoTest, WhatHasNotHappenedYetStaysOpen) {
  const absl::StatusOr<RunSummary> read = SummaryFromProto(ProtoOf(RunSummary()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, RunSummary());
  EXPECT_EQ(read->verdict, std::nullopt);
  EXPECT_EQ(read->started_at, std::nullopt);
}

TEST(SummaryProtoTest, VerdictsCountAsTheProtosDo) {
  EXPECT_EQ(static_cast<int>(Verdict::kPass) + 1, v1::VERDICT_PASS);
  EXPECT_EQ(static_cast<int>(Verdict::kFail) + 1, v1::VERDICT_FAIL);
  EXPECT_EQ(static_cast<int>(Verdict::kInvalid) + 1, v1::VERDICT_INVALID);
}

TEST(SummaryProtoTest, WhateverIsWrittenCanBeRead) {
  RunSummary summary = FullSummary();
  summary.stop_reason = "bad \xFF byte";
  summary.reasons.assign(5'000, "again");
  summary.warnings = {std::string(100'000, 'x') + "€", std::string(4'095, 'x') + "€"};
  summary.agents.assign(20'000, {.agent_id = "a"});
  const absl::StatusOr<RunSummary> read = SummaryFromProto(ProtoOf(summary));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->stop_reason, "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(read->reasons.size(), 1'000U);
  EXPECT_EQ(read->warnings[1], std::string(4'095, 'x')) << "no character is cut in two";
  EXPECT_EQ(read->agents.size(), 10'000U);
}

TEST(SummaryProtoTest, HostileSummariesAreRefusedByField) {
  const std::pair<std::function<void(v1::RunSummary*)>, const char*> rows[] = {
      {[](v1::RunSummary* proto) { proto->clear_state(); }, "state must be from 1 to 7, got 0"},
      {[](v1::RunSummary* proto) { proto->set_verdict(static_cast<v1::Verdict>(9)); },
       "verdict must be from 1 to 3, got 9"},
      {[](v1::RunSummary* proto) { proto->mutable_ended_at()->set_nanos(-1); },
       "ended_at must be a time"},
      {[](v1::RunSummary* proto) { proto->set_plan_name(std::string(5'000, 'x')); },
       "plan_name must be at most 4096 bytes long, got 5000"},
      {[](v1::RunSummary* proto) { proto->set_requests(~uint64_t{0}); }, "requests must be"},
      {[](v1::RunSummary* proto) {
         proto->mutable_thresholds(1)->mutable_threshold()->clear_metric();
       },
       "thresholds[1].threshold.metric must be from 1 to 9, got 0"},
      {[](v1::RunSummary* proto) {
         proto->mutable_thresholds(0)->set_observed(std::numeric_limits<double>::quiet_NaN());
       },
       "thresholds[0].observed must be a number"},
      {[](v1::RunSummary* proto) {
         proto->mutable_agents(1)->set_version(std::string(5'000, 'x'));
       },
       "agents[1].version must be at most"},
      {[](v1::RunSummary* proto) {
         for (int i = 0; i < 1'001; ++i) {
           proto->add_reasons("x");
         }
       },
       "reasons must have at most 1000 elements, got 1003"},
      {[](v1::RunSummary* proto) {
         for (int i = 0; i < 10'000; ++i) {
           proto->add_agents();
         }
       },
       "agents must have at most 10000 elements, got 10002"},
  };
  for (const auto& [damage, message] : rows) {
    v1::RunSummary proto = ProtoOf(FullSummary());
    damage(&proto);
    const absl::Status status = SummaryFromProto(proto).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_TRUE(std::string(status.message()).starts_with(message)) << status;
  }
}

TEST(SummaryProtoTest, AnAgentDescribesItself) {
  const AgentDescription agent{"a:7071", "host-a", "0.1.0", 2, 4};
  v1::AgentInfo proto;
  AgentDescriptionToProto(agent, &proto);
  EXPECT_EQ(*AgentDescriptionFromProto(proto), agent);
  proto.set_name(std::string(5'000, 'x'));
  EXPECT_FALSE(AgentDescriptionFromProto(proto).ok());
}

}  // namespace
}  // namespace squall
