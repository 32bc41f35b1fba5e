// squall.v1.AgentService over an Agent: translates messages, checks the token, streams snapshots.
// gRPC's threads call it; all state is the Agent's.
#pragma once

#include <memory>
#include <string>

#include "daemon/agent/agent.h"
#include "daemon/net/token_guard.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace squall {

struct AgentServiceOptions {
  std::string version;
  const TokenGuard* guard = nullptr;  // nullptr: no token asked for (in-process, or mTLS alone)
};

// `agent` must outlive the service and every stream of it.
std::unique_ptr<grpc::Service> MakeAgentService(Agent* agent, AgentServiceOptions options);

}  // namespace squall
