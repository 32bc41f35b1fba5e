#include "daemon/gateway/agent_registry.h"

#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "daemon/base/status_macros.h"
#include "daemon/rpc/bearer.h"
#include "daemon/rpc/polling_stream.h"
#include "daemon/wire/summary_proto.h"
#include "protos/squall/v1/run_service.grpc.pb.h"

namespace squall {
namespace {

// Each side learns within this time, and gRPC's own pings, that the other is gone.
constexpr Nanos kKeepAlive = std::chrono::seconds(5);

class Registry final : public v1::AgentRegistryService::CallbackService {
 public:
  Registry(AgentPool* pool, const TokenGuard* guard) : pool_(pool), guard_(guard) {}

  using Stream = PollingStream<v1::JoinResponse>;

  grpc::ServerWriteReactor<v1::JoinResponse>* Join(grpc::CallbackServerContext* context,
                                                   const v1::JoinRequest* request) override {
    if (!Admitted(guard_, *context)) {
      return Stream::Refuse(FromGrpc(Unauthenticated()));
    }
    const absl::StatusOr<PoolAgent> agent = Enter(*request, context->peer());
    if (!agent.ok()) {
      return Stream::Refuse(agent.status());
    }
    const auto tell = [agent = *agent](v1::JoinResponse* response) -> absl::StatusOr<Look> {
      response->set_agent_id(agent.agent.agent_id);
      response->set_address(agent.address);
      return Look::kSend;
    };
    return Stream::Begin(tell, kKeepAlive,
                         [pool = pool_, ticket = agent->ticket] { pool->Remove(ticket); });
  }

 private:
  absl::StatusOr<PoolAgent> Enter(const v1::JoinRequest& request, const std::string& peer) {
    SQUALL_ASSIGN_OR_RETURN(AgentDescription agent, AgentDescriptionFromProto(request.agent()));
    SQUALL_ASSIGN_OR_RETURN(const std::string address, CallbackAddress(request.address(), peer));
    return pool_->Add(std::move(agent), address);
  }

  AgentPool* const pool_;
  const TokenGuard* const guard_;
};

}  // namespace

RpcService MakeAgentRegistry(AgentPool* pool, const TokenGuard* guard) {
  return {"squall.v1.AgentRegistryService", std::make_unique<Registry>(pool, guard)};
}

absl::StatusOr<std::string> CallbackAddress(const std::string& offered, const std::string& peer) {
  const size_t colon = offered.rfind(':');
  uint16_t port = 0;
  if (colon != std::string::npos) {
    std::from_chars(offered.data() + colon + 1, offered.data() + offered.size(), port);
  }
  if (port == 0 || offered.size() > 512) {
    return absl::InvalidArgumentError(
        fmt::format("address must be host:port, got '{}'", offered.substr(0, 100)));
  }
  std::string host = offered.substr(0, colon);
  if (!host.empty() && host != "0.0.0.0" && host != "[::]" && host != "*") {
    return offered;
  }
  // "ipv4:10.0.0.7:53210", "ipv6:%5B::1%5D:53210"
  const size_t kind = peer.find(':');
  const size_t last = peer.rfind(':');
  const bool ip = peer.starts_with("ipv4:") || peer.starts_with("ipv6:");
  if (!ip || last <= kind) {
    return absl::InvalidArgumentError(
        fmt::format("address must name a host, since the call came from '{}'", peer));
  }
  host = peer.substr(kind + 1, last - kind - 1);
  for (const auto& [code, bracket] : {std::pair{"%5B", "["}, std::pair{"%5D", "]"}}) {
    if (const size_t at = host.find(code); at != std::string::npos) {
      host.replace(at, 3, bracket);
    }
  }
  return fmt::format("{}:{}", host, port);
}

}  // namespace squall
