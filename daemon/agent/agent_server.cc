#include "daemon/agent/agent_server.h"

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
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

constexpr int kMessageBytesMax = 64 << 20;  // a plan with its embedded data
constexpr int kCallsPerConnectionMax = 100;
// A coordinator whose machine is gone says no goodbye; only unanswered pings end its Watch stream,
// and with it the time of control_loss_timeout begins.
constexpr int kPingEveryMs = 10'000;
constexpr int kPingPatienceMs = 10'000;
constexpr int kClientPingEveryMsMin = 5'000;

absl::Status CheckExposure(const AgentServerOptions& options, const ListenAddress& address) {
  const bool tls = !options.tls_cert_pem.empty();
  const bool authenticated =
      options.service.guard != nullptr || (tls && !options.client_ca_pem.empty());
  if (IsLoopback(address) || options.insecure || (tls && authenticated)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format(
      "--listen must be a loopback address, or come with --tls-cert and --tls-key and one of "
      "--token-file and --client-ca, or with --insecure: whoever reaches '{}' can send load",
      options.listen));
}

absl::Status Prefixed(std::string_view flag, const absl::Status& status) {
  return status.ok() ? status
                     : absl::Status(status.code(),
                                    fmt::format("{} {}", flag, std::string(status.message())));
}

// gRPC would only find out at the first handshake, and not say what is wrong.
absl::Status CheckTls(const AgentServerOptions& options) {
  TlsOptions tls;
  tls.client_cert_pem = options.tls_cert_pem;
  tls.client_key_pem = options.tls_key_pem;
  tls.ca_pem = options.client_ca_pem;
  return Prefixed("TLS files:", TlsContext::Make(tls).status());
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const AgentServerOptions& options) {
  if (options.tls_cert_pem.empty()) {
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions ssl(
      options.client_ca_pem.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                    : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_key_cert_pairs.push_back({options.tls_key_pem, options.tls_cert_pem});
  ssl.pem_root_certs = options.client_ca_pem;
  return grpc::SslServerCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AgentServer>> AgentServer::Make(Agent* agent,
                                                               AgentServerOptions options) {
  std::unique_ptr<AgentServer> server(new AgentServer());
  server->service_ = MakeAgentService(agent, options.service);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.RegisterService(server->service_.get());
  if (!options.listen.empty()) {
    const auto address = ParseListenAddress(options.listen);
    SQUALL_RETURN_IF_ERROR(Prefixed("--listen", address.status()));
    SQUALL_RETURN_IF_ERROR(CheckExposure(options, *address));
    SQUALL_RETURN_IF_ERROR(CheckTls(options));
    // gRPC does not say why it cannot bind.
    SQUALL_RETURN_IF_ERROR(Prefixed("--listen", CheckFree(*address)));
    // Two agents on one port would share it silently; the second must be refused.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsPerConnectionMax);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingPatienceMs);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kClientPingEveryMsMin);
    builder.AddListeningPort(FormatListenAddress(*address), Credentials(options), &server->port_);
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || (!options.listen.empty() && server->port_ == 0)) {
    return absl::UnavailableError(fmt::format("cannot serve gRPC on '{}'", options.listen));
  }
  server->SetServing(true);
  return server;
}

AgentServer::AgentServer() = default;

AgentServer::~AgentServer() {
  if (server_ != nullptr) {
    server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));
    server_->Wait();
  }
}

void AgentServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  health->SetServingStatus(v1::AgentService::service_full_name(), serving);
}

void AgentServer::Shutdown(Nanos patience) {
  server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME),
                                 gpr_time_from_nanos(patience.count(), GPR_TIMESPAN)));
  server_->Wait();
}

std::shared_ptr<grpc::Channel> AgentServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return server_->InProcessChannel(arguments);
}

}  // namespace squall
