#include "tests/daemon/rpc/test_service.h"

#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/rpc/bearer.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"

namespace squall {
namespace {

class SilentWatch final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  static SilentWatch* Begin() {
    auto stream = std::make_shared<SilentWatch>();
    stream->self_ = stream;
    stream->StartWrite(&stream->response_);
    return stream.get();
  }
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { const std::shared_ptr<SilentWatch> last = std::move(self_); }

 private:
  v1::WatchResponse response_;
  std::shared_ptr<SilentWatch> self_;
};

class TestService final : public v1::AgentService::CallbackService {
 public:
  TestService(const TokenGuard* guard, size_t owner_bytes)
      : guard_(guard), owner_bytes_(owner_bytes) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* /*request*/,
                                      v1::GetStatusResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    response->set_owner(std::string(owner_bytes_, 'x'));
    reactor->Finish(Admitted(guard_, *context) ? grpc::Status::OK : Unauthenticated());
    return reactor;
  }

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* /*context*/,
                                                     const v1::WatchRequest* /*request*/) override {
    return SilentWatch::Begin();
  }

 private:
  const TokenGuard* const guard_;
  const size_t owner_bytes_;
};

}  // namespace

std::vector<RpcService> TestServices(const TokenGuard* guard, size_t owner_bytes) {
  std::vector<RpcService> services;
  services.emplace_back(kTestServiceName, std::make_unique<TestService>(guard, owner_bytes));
  return services;
}

std::unique_ptr<RpcServer> StartTestServer(const ServerSecurity& security, size_t owner_bytes) {
  auto server = RpcServer::Make(security, TestServices(security.guard, owner_bytes));
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

std::string Ask(const std::shared_ptr<grpc::Channel>& channel, const std::string& authorization) {
  grpc::ClientContext context;
  // Only a broken server lets it pass.
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(30, GPR_TIMESPAN)));
  if (!authorization.empty()) {
    context.AddMetadata("authorization", authorization);
  }
  v1::GetStatusResponse response;
  const auto stub = v1::AgentService::NewStub(channel);
  switch (const auto code = stub->GetStatus(&context, {}, &response).error_code()) {
    case grpc::OK:
      return "OK";
    case grpc::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    case grpc::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return std::to_string(code);
  }
}

}  // namespace squall
