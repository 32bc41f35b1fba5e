#include "daemon/rpc/rpc_server.h"

#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>

#include "daemon/base/status_macros.h"
#include "daemon/net/listen_address.h"
#include "daemon/net/tls_context.h"
#include "daemon/rpc/callback_threads.h"
#include "daemon/rpc/limits.h"

namespace squall {
namespace {

constexpr int kCallsPerConnectionMax = 100;
// A caller whose machine is gone says no goodbye; only unanswered pings end its streams, and with
// an agent's the time of control_loss_timeout begins.
constexpr int kServerPingEveryMs = 10'000;
constexpr int kServerPingPatienceMs = 10'000;
// Clients of ours ping every 10 s, with or without calls (channel.cc). Who pings more often than
// this is sent away (GOAWAY, too_many_pings).
constexpr int kClientPingEveryMsMin = 1'000;

absl::Status CheckExposure(const ServerSecurity& security, const ListenAddress& address) {
  const bool tls = !security.tls_cert_pem.empty();
  const bool authenticated = security.guard != nullptr || (tls && !security.client_ca_pem.empty());
  if (IsLoopback(address) || security.insecure || (tls && authenticated)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format(
      "--listen must be a loopback address, or come with --tls-cert and --tls-key and one of "
      "--token-file and --client-ca, or with --insecure: whoever reaches '{}' can send load",
      security.listen));
}

absl::Status Prefixed(std::string_view flag, const absl::Status& status) {
  return status.ok() ? status
                     : absl::Status(status.code(),
                                    fmt::format("{} {}", flag, std::string(status.message())));
}

// gRPC would only find out at the first handshake, and not say what is wrong.
absl::Status CheckTls(const ServerSecurity& security) {
  TlsOptions tls;
  tls.client_cert_pem = security.tls_cert_pem;
  tls.client_key_pem = security.tls_key_pem;
  tls.ca_pem = security.client_ca_pem;
  return Prefixed("TLS files:", TlsContext::Make(tls).status());
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const ServerSecurity& security) {
  if (security.tls_cert_pem.empty()) {
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions ssl(
      security.client_ca_pem.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                     : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_key_cert_pairs.push_back({security.tls_key_pem, security.tls_cert_pem});
  ssl.pem_root_certs = security.client_ca_pem;
  return grpc::SslServerCredentials(ssl);
}

}  // namespace

RpcService::RpcService(std::string service_name, std::unique_ptr<grpc::Service> implementation)
    : name(std::move(service_name)), service(std::move(implementation)) {}

RpcService::RpcService(RpcService&&) noexcept = default;

RpcService::~RpcService() = default;

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Make(const ServerSecurity& security,
                                                           std::vector<RpcService> services) {
  KeepCallbackThreads();
  std::unique_ptr<RpcServer> server(new RpcServer(std::move(services)));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kRpcMessageBytesMax);
  for (const RpcService& item : server->services_) {
    builder.RegisterService(item.service.get());
  }
  if (!security.listen.empty()) {
    const auto address = ParseListenAddress(security.listen);
    SQUALL_RETURN_IF_ERROR(Prefixed("--listen", address.status()));
    SQUALL_RETURN_IF_ERROR(CheckExposure(security, *address));
    SQUALL_RETURN_IF_ERROR(CheckTls(security));
    // gRPC does not say why it cannot bind.
    SQUALL_RETURN_IF_ERROR(Prefixed("--listen", CheckFree(*address)));
    // Two servers on one port would share it silently; the second must be refused.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsPerConnectionMax);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kServerPingEveryMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kServerPingPatienceMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kClientPingEveryMsMin);
    builder.AddListeningPort(FormatListenAddress(*address), Credentials(security), &server->port_);
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || (!security.listen.empty() && server->port_ == 0)) {
    return absl::UnavailableError(fmt::format("cannot serve gRPC on '{}'", security.listen));
  }
  server->SetServing(true);
  return server;
}

RpcServer::RpcServer(std::vector<RpcService> services) : services_(std::move(services)) {}

RpcServer::~RpcServer() {
  if (server_ != nullptr) {
    server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));
    server_->Wait();
  }
}

void RpcServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  for (const RpcService& item : services_) {
    health->SetServingStatus(item.name, serving);
  }
}

void RpcServer::Shutdown(Nanos patience) {
  server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                                 gpr_time_from_nanos(patience.count(), GPR_TIMESPAN)));
  server_->Wait();
}

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kRpcMessageBytesMax);
  return server_->InProcessChannel(arguments);
}

}  // namespace squall
