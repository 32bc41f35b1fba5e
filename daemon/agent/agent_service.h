// squall.v1.AgentService over an Agent: translates messages, checks the token, streams snapshots.
// gRPC's threads call it; all state is the Agent's.
#pragma once

#include <string>

#include "daemon/agent/agent.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

struct AgentServiceOptions {
  std::string version;
  const TokenGuard* guard = nullptr;  // nullptr: no token asked for (in-process, or mTLS alone)
  std::string plan_directory;         // what ReadPlanFile gives out; "": nothing
};

// `agent` must outlive the service and every stream of it.
RpcService MakeAgentService(Agent* agent, AgentServiceOptions options);

}  // namespace squall
