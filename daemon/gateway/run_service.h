// RunService over a RunHost: runs for programs, `squall`'s own client commands among them.
#pragma once

#include <functional>

#include <absl/status/statusor.h>

#include "daemon/gateway/active_run.h"
#include "daemon/gateway/run_host.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"

namespace squall {

using CreateRun = std::function<absl::StatusOr<RunSummary>(RunOrder order)>;

// Both outlive the service; `guard` may be nullptr. Where runs are made by other means, `create` is
// nullptr.
RpcService MakeRunService(RunHost* runs, CreateRun create, const TokenGuard* guard);

}  // namespace squall
