// AgentRegistryService over an AgentPool: agents that call Join are in the pool for as long as
// their stream is open.
#pragma once

#include "daemon/coordinator/agent_pool.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

// Both outlive the service; `guard` may be nullptr.
RpcService MakeAgentRegistry(AgentPool* pool, const TokenGuard* guard);

// Where an agent that offers `offered` from `peer` (gRPC's text: "ipv4:10.0.0.7:53210") is called:
// the offered port at the offered host, or at the peer's where that is "", 0.0.0.0 or [::].
// INVALID_ARGUMENT without a port, or with a peer that has no address.
absl::StatusOr<std::string> CallbackAddress(const std::string& offered, const std::string& peer);

}  // namespace squall
