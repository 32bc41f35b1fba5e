#include "daemon/gateway/watched_agent_proto.h"

#include <gtest/gtest.h>

#include "protos/squall/v1/run_service.pb.h"

namespace squall {
namespace {

TEST(WatchedAgentProtoTest, WhatIsShownComesBack) {
  AgentView agent;
  agent.agent_id = "a-1";
  agent.name = "pod-1";
  agent.state = RunState::kFailed;
  agent.lost = true;
  agent.users = 3;
  agent.target_users = 4;
  agent.requests = 5;
  agent.failures = 2;
  agent.requests_per_second = 1.5;
  agent.cpu_cores = 0.25;
  agent.loop_lag_p99 = std::chrono::microseconds(700);
  v1::WatchedAgent proto;
  WatchedAgentToProto(agent, &proto);
  EXPECT_EQ(proto.state(), v1::RUN_STATE_FAILED);
  EXPECT_EQ(WatchedAgentFromProto(proto), agent);
}

TEST(WatchedAgentProtoTest, WhatIsUnknownIsLeftOut) {
  v1::WatchedAgent proto;
  EXPECT_EQ(WatchedAgentFromProto(proto), AgentView());
  proto.set_state(static_cast<v1::RunState>(99));
  proto.mutable_loop_lag_p99()->set_nanos(-2'000'000'000);
  EXPECT_EQ(WatchedAgentFromProto(proto), AgentView());
}

}  // namespace
}  // namespace squall
