// The bearer token of a call, on the server's side. Any thread.
#pragma once

#include <grpcpp/support/status.h>

#include "daemon/net/token_guard.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace squall {

// Whether the call carries the token that `guard` asks for; nullptr asks for none.
bool Admitted(const TokenGuard* guard, const grpc::ServerContextBase& context);

// What a call that is not admitted is answered with.
const grpc::Status& Unauthenticated();

}  // namespace squall
