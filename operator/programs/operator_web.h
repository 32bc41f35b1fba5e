// The web page of the operator and its RunService, as flags ask for them: LoadTests as runs.
#pragma once

#include <memory>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/http/http_server.h"
#include "daemon/net/token_guard.h"
#include "daemon/rpc/rpc_server.h"
#include "operator/loadtest/load_test_host.h"
#include "operator/programs/operator_flags.h"

namespace squall {

class OperatorWeb final {
 public:
  // What `parts` and `clock` name outlives it. Errors as those of HttpServer and RpcServer, and of
  // the files.
  static absl::StatusOr<std::unique_ptr<OperatorWeb>> Open(const OperatorFlags& flags,
                                                           LoadTestHostParts parts,
                                                           const Clock* clock);
  ~OperatorWeb();  // closes every connection first

  int web_port() const { return web_ == nullptr ? 0 : web_->port(); }
  int grpc_port() const { return grpc_ == nullptr ? 0 : grpc_->port(); }

 private:
  explicit OperatorWeb(LoadTestHostParts parts) : host_(std::move(parts)) {}
  absl::Status OpenPage(const OperatorFlags& flags, const Clock* clock);
  absl::Status OpenService(const OperatorFlags& flags);

  LoadTestHost host_;
  std::unique_ptr<TokenGuard> guard_;
  std::unique_ptr<HttpServer> web_;
  std::unique_ptr<RpcServer> grpc_;
};

}  // namespace squall
