// The gRPC server of an agent: AgentService, health and reflection on one port, or only inside the
// process. Health and reflection ask for no token: they tell no more than the protos do. Owned by
// main(); not for two threads at once.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/agent_service.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace squall {

struct AgentServerOptions {
  std::string listen;        // ADDRESS:PORT (listen_address.h); "" = in-process only
  std::string tls_cert_pem;  // with the key: TLS
  std::string tls_key_pem;
  std::string client_ca_pem;  // with it: client certificates are required (mTLS)
  bool insecure = false;      // serve a non-loopback address in the clear, said out loud
  AgentServiceOptions service;
};

class AgentServer final {
 public:
  // FAILED_PRECONDITION for an address beyond loopback without TLS and a token (or mTLS),
  // UNAVAILABLE for one that cannot be bound, INVALID_ARGUMENT for text that is no address or no
  // certificate. Messages name squalld's flags.
  static absl::StatusOr<std::unique_ptr<AgentServer>> Make(Agent* agent,
                                                           AgentServerOptions options);
  ~AgentServer();  // ends every call first
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  // What grpc.health.v1 answers; serving at first.
  void SetServing(bool serving);
  // Takes no more calls and gives those under way, Watch streams most of all, `patience` to end.
  void Shutdown(Nanos patience);

  int port() const { return port_; }  // 0 when in-process only
  std::shared_ptr<grpc::Channel> InProcessChannel();

 private:
  AgentServer();
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace squall
