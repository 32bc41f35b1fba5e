// A service that does nothing but be called: what servers and channels are tested with.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

constexpr char kTestServiceName[] = "squall.v1.AgentService";

// Speaks squall.v1.AgentService. GetStatus asks for the token of `guard` (nullptr: for none) and
// answers with an owner of `owner_bytes` letters. Watch sends one message, then nothing more until
// it is cancelled.
std::vector<RpcService> TestServices(const TokenGuard* guard = nullptr, size_t owner_bytes = 1);

// A server of it; a failure to start fails the test.
std::unique_ptr<RpcServer> StartTestServer(const ServerSecurity& security, size_t owner_bytes = 1);

// The outcome of GetStatus over this channel: "OK", "UNAUTHENTICATED", "UNAVAILABLE", or another
// code's number.
std::string Ask(const std::shared_ptr<grpc::Channel>& channel,
                const std::string& authorization = "");

}  // namespace squall
