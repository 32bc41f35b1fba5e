// The gRPC server of an agent: AgentService, health and reflection on one port, or only inside the
// process. Owned by main().
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
  std::string listen;        // host:port; "" = in-process only
  std::string tls_cert_pem;  // with the key: TLS
  std::string tls_key_pem;
  std::string client_ca_pem;  // with it: client certificates are required (mTLS)
  bool insecure = false;      // serve a non-loopback address in the clear, said out loud
  AgentServiceOptions service;
};

class AgentServer final {
 public:
  // FAILED_PRECONDITION for a port beyond loopback without TLS and a token (or mTLS), or a port in
  // use; INVALID_ARGUMENT for a bad address or certificate.
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

// Whether `host_port` names this machine's loopback: 127.0.0.0/8, ::1 or localhost.
bool IsLoopback(const std::string& host_port);

}  // namespace squall
