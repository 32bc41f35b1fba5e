#include "daemon/gateway/agent_registry.h"

#include <gmock/gmock.h>

#include "protos/squall/v1/run_service.grpc.pb.h"
#include "tests/daemon/gateway/gateway_fixture.h"

namespace squall {
namespace {

using testing::HasSubstr;

TEST(CallbackAddressTest, IsTheOfferedHostOrTheOneThatCalled) {
  struct {
    const char* offered;
    const char* peer;
    const char* address;  // "" = refused
  } const kRows[] = {
      {"agent.example:7071", "ipv4:10.0.0.7:53210", "agent.example:7071"},
      {"127.0.0.1:7071", "ipv4:127.0.0.1:1", "127.0.0.1:7071"},
      {"0.0.0.0:7071", "ipv4:10.0.0.7:53210", "10.0.0.7:7071"},
      {":7071", "ipv4:10.0.0.7:53210", "10.0.0.7:7071"},
      {"[::]:7071", "ipv6:%5Bfd00::7%5D:53210", "[fd00::7]:7071"},
      {"[::1]:7071", "ipv6:%5B::1%5D:53210", "[::1]:7071"},
      {"0.0.0.0:7071", "unix:/tmp/socket", ""},
      {"agent.example", "ipv4:10.0.0.7:53210", ""},
      {"agent.example:0", "ipv4:10.0.0.7:53210", ""},
      {"", "ipv4:10.0.0.7:53210", ""},
  };
  for (const auto& row : kRows) {
    const absl::StatusOr<std::string> address = CallbackAddress(row.offered, row.peer);
    EXPECT_EQ(address.value_or(""), row.address) << row.offered << " from " << row.peer;
  }
}

class AgentRegistryTest : public GatewayTest {
 protected:
  AgentRegistryTest() {
    std::vector<RpcService> services;
    services.push_back(MakeAgentRegistry(&pool_, nullptr));
    ServerSecurity security;
    security.listen = "127.0.0.1:0";
    server_ = *RpcServer::Make(security, std::move(services));
    stub_ = v1::AgentRegistryService::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  }
  static v1::JoinRequest Offer(const std::string& name) {
    v1::JoinRequest request;
    request.mutable_agent()->set_name(name);
    request.set_address("agent-0:1");
    return request;
  }

  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::AgentRegistryService::Stub> stub_;
};

TEST_F(AgentRegistryTest, AnAgentThatCannotBeCalledIsRefused) {
  grpc::ClientContext context;
  v1::JoinRequest request = Offer("a");
  request.set_address("nowhere");
  const auto stream = stub_->Join(&context, request);
  v1::JoinResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("host:port"));
}

TEST_F(AgentRegistryTest, AnAgentIsHereForAsLongAsItsStreamIsOpen) {
  AgentPool open(
      [](const std::string& address) {
        return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
      },
      &clock_);
  std::vector<RpcService> services;
  services.push_back(MakeAgentRegistry(&open, nullptr));
  ServerSecurity security;
  security.listen = "127.0.0.1:0";
  const auto server = *RpcServer::Make(security, std::move(services));
  const auto stub = v1::AgentRegistryService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(server->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->Join(&context, Offer("a"));
  v1::JoinResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.agent_id(), "a");
  EXPECT_EQ(response.address(), "agent-0:1");
  ASSERT_EQ(open.List().size(), 1U);
  EXPECT_EQ(open.List()[0].agent.name, "a");
  context.TryCancel();
  stream->Finish();
  Until([&] { return open.List().empty(); });
}

}  // namespace
}  // namespace squall
