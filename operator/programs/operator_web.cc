#include "operator/programs/operator_web.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/gateway/run_service.h"
#include "daemon/gateway/web_handler.h"
#include "daemon/rpc/pem_file.h"

namespace squall {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(2);  // with streams that are told to end

}  // namespace

absl::StatusOr<std::unique_ptr<OperatorWeb>> OperatorWeb::Open(const OperatorFlags& flags,
                                                               LoadTestHostParts parts,
                                                               const Clock* clock) {
  std::unique_ptr<OperatorWeb> web(new OperatorWeb(std::move(parts)));
  if (!flags.web_token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(web->guard_, TokenGuard::FromFile(flags.web_token_file));
  }
  SQUALL_RETURN_IF_ERROR(web->OpenPage(flags, clock));
  SQUALL_RETURN_IF_ERROR(web->OpenService(flags));
  return web;
}

OperatorWeb::~OperatorWeb() {
  web_.reset();
  if (grpc_ != nullptr) {
    grpc_->Shutdown(kPatience);
  }
}

absl::Status OperatorWeb::OpenPage(const OperatorFlags& flags, const Clock* clock) {
  if (flags.web_listen.empty()) {
    return absl::OkStatus();
  }
  HttpServerOptions options;
  options.flag = "--web-listen";
  options.listen = flags.web_listen;
  options.insecure = flags.web_insecure;
  options.guard = guard_.get();
  options.allowed_hosts = flags.web_allowed_hosts;
  options.changing_gets = ChangingGets();
  SQUALL_ASSIGN_OR_RETURN(options.tls_cert_pem, ReadPemFile("--web-tls-cert", flags.web_tls_cert));
  SQUALL_ASSIGN_OR_RETURN(options.tls_key_pem, ReadPemFile("--web-tls-key", flags.web_tls_key));
  WebOptions web;
  web.clock = clock;
  web.token_login = guard_ != nullptr;
  SQUALL_ASSIGN_OR_RETURN(web_, HttpServer::Start(std::move(options), MakeWebHandler(&host_, web)));
  return absl::OkStatus();
}

absl::Status OperatorWeb::OpenService(const OperatorFlags& flags) {
  if (flags.grpc_listen.empty()) {
    return absl::OkStatus();
  }
  ServerSecurity security;
  security.listen = flags.grpc_listen;
  security.guard = guard_.get();
  security.insecure = flags.web_insecure;
  SQUALL_ASSIGN_OR_RETURN(security.tls_cert_pem, ReadPemFile("--web-tls-cert", flags.web_tls_cert));
  SQUALL_ASSIGN_OR_RETURN(security.tls_key_pem, ReadPemFile("--web-tls-key", flags.web_tls_key));
  std::vector<RpcService> services;
  services.push_back(MakeRunService(&host_, nullptr, guard_.get()));
  auto server = RpcServer::Make(security, std::move(services));
  if (!server.ok()) {
    return absl::Status(server.status().code(),
                        fmt::format("--grpc-listen: {}", std::string(server.status().message())));
  }
  grpc_ = *std::move(server);
  return absl::OkStatus();
}

}  // namespace squall
