#include "daemon/rpc/channel.h"

#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/synchronization/mutex.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_interceptor.h>

#include "daemon/net/tls_context.h"
#include "daemon/rpc/callback_threads.h"
#include "daemon/rpc/limits.h"

namespace squall {
namespace {

// A server whose machine is gone says no goodbye. RpcServer permits such pings.
constexpr int kPingEveryMs = 10'000;
constexpr int kPingPatienceMs = 5'000;
// A server that comes back is found within seconds; gRPC would wait up to two minutes.
constexpr int kReconnectMsMin = 200;
constexpr int kReconnectMsMax = 5'000;

// Why no CallCredentials: gRPC refuses them without TLS, and a token on loopback is fine.
class TokenSender final : public grpc::experimental::Interceptor {
 public:
  explicit TokenSender(std::shared_ptr<const TokenGuard> token) : token_(std::move(token)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", token_->Authorization());
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<const TokenGuard> token_;
};

class TokenSenderFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenSenderFactory(std::shared_ptr<const TokenGuard> token) : token_(std::move(token)) {}

  // gRPC owns what it gets.
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* /*info*/) override {
    return std::make_unique<TokenSender>(token_).release();
  }

 private:
  const std::shared_ptr<const TokenGuard> token_;
};

// gRPC would only find out at the first handshake, and not say what is wrong.
absl::Status CheckTls(const ChannelSecurity& security) {
  if (security.ca_pem.empty()) {
    return security.cert_pem.empty()
               ? absl::OkStatus()
               : absl::InvalidArgumentError("a client certificate must come with the server's CA");
  }
  TlsOptions tls;
  tls.ca_pem = security.ca_pem;
  tls.client_cert_pem = security.cert_pem;
  tls.client_key_pem = security.key_pem;
  const absl::Status status = TlsContext::Make(tls).status();
  return status.ok() ? status
                     : absl::Status(status.code(),
                                    fmt::format("TLS files: {}", std::string(status.message())));
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const ChannelSecurity& security) {
  if (security.ca_pem.empty()) {
    return grpc::InsecureChannelCredentials();
  }
  return grpc::SslCredentials({security.ca_pem, security.key_pem, security.cert_pem});
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& address,
                                                           const ChannelSecurity& security) {
  if (address.empty()) {
    return absl::InvalidArgumentError("an address must be HOST:PORT, got ''");
  }
  if (const absl::Status status = CheckTls(security); !status.ok()) {
    return status;
  }
  KeepCallbackThreads();
  // Debian's Abseil remembers in which order gRPC takes its locks, to find deadlocks: a twentieth
  // of what a thousand agents cost a coordinator.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kRpcMessageBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingPatienceMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsMin);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
  if (!security.server_name.empty()) {
    arguments.SetSslTargetNameOverride(security.server_name);
  }
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (security.token != nullptr) {
    interceptors.push_back(std::make_unique<TokenSenderFactory>(security.token));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      address, Credentials(security), arguments, std::move(interceptors));
}

}  // namespace squall
