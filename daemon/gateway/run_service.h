// RunService over a RunManager: runs for programs, `squall`'s own client commands among them.
#pragma once

#include "daemon/gateway/run_manager.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

// Both outlive the service; `guard` may be nullptr. `version` is that of the program.
RpcService MakeRunService(RunManager* runs, const TokenGuard* guard);

}  // namespace squall
