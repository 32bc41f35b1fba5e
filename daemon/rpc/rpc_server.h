// A gRPC server of ours: its services, health and reflection on one port, or only inside the
// process. Health and reflection ask for no token: they tell no more than the protos do. Owned by
// main(); not for two threads at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/net/token_guard.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace squall {

// Where a server listens, and who may call it.
struct ServerSecurity {
  std::string listen;        // ADDRESS:PORT (listen_address.h); "" = in-process only
  std::string tls_cert_pem;  // with the key: TLS
  std::string tls_key_pem;
  std::string client_ca_pem;  // with it: client certificates are required (mTLS)
  // The token that the services ask for; they check it themselves (bearer.h), and must all do so.
  const TokenGuard* guard = nullptr;
  bool insecure = false;  // serve a non-loopback address in the clear, said out loud
};

// A service and the name that health checks know it by: squall.v1.AgentService.
struct RpcService {
  RpcService(std::string service_name, std::unique_ptr<grpc::Service> implementation);
  RpcService(RpcService&&) noexcept;
  ~RpcService();  // out of line: what holds a service need not know gRPC

  std::string name;
  std::unique_ptr<grpc::Service> service;
};

class RpcServer final {
 public:
  // FAILED_PRECONDITION for an address beyond loopback without TLS and a token (or mTLS),
  // UNAVAILABLE for one that cannot be bound, INVALID_ARGUMENT for text that is no address or no
  // certificate. Messages name the flags that our programs have for it: --listen, --tls-cert …
  static absl::StatusOr<std::unique_ptr<RpcServer>> Make(const ServerSecurity& security,
                                                         std::vector<RpcService> services);
  ~RpcServer();  // ends every call first
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // What grpc.health.v1 answers, for the server and for each service; serving at first.
  void SetServing(bool serving);
  // Takes no more calls and gives those under way, streams most of all, `patience` to end.
  void Shutdown(Nanos patience);

  int port() const { return port_; }  // 0 when in-process only
  std::shared_ptr<grpc::Channel> InProcessChannel();

 private:
  explicit RpcServer(std::vector<RpcService> services);
  const std::vector<RpcService> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace squall
