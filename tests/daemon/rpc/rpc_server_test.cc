#include "daemon/rpc/rpc_server.h"

#include <fstream>
#include <future>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/net/certificate.h"
#include "daemon/rpc/channel.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"
#include "tests/daemon/rpc/test_service.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;

class RpcServerTest : public testing::Test {
 protected:
  RpcServerTest()
      : own_(*MakeSelfSigned({}, clock_.Wall())), client_(*MakeSelfSigned({}, clock_.Wall())) {
    std::ofstream(directory_.path() / "token") << "sesame";
    guard_ = *TokenGuard::FromFile(directory_.path() / "token");
  }

  // With the parts that a test names.
  ServerSecurity Security(const std::string& listen, bool tls = false, bool token = false,
                          bool client_ca = false) const {
    ServerSecurity security;
    security.listen = listen;
    security.tls_cert_pem = tls ? own_.certificate_pem : "";
    security.tls_key_pem = tls ? own_.key_pem : "";
    security.client_ca_pem = client_ca ? client_.certificate_pem : "";
    security.guard = token ? guard_.get() : nullptr;
    return security;
  }
  static absl::Status StatusOf(const ServerSecurity& security) {
    return RpcServer::Make(security, TestServices()).status();
  }
  static std::shared_ptr<grpc::Channel> ChannelTo(const RpcServer& server) {
    return *MakeChannel(fmt::format("127.0.0.1:{}", server.port()), {});
  }

  const TempDirectory directory_;
  const SystemClock clock_;
  const CertificatePair own_;
  const CertificatePair client_;
  std::unique_ptr<TokenGuard> guard_;
};

TEST_F(RpcServerTest, ServesLoopbackInTheClear) {
  const auto server = StartTestServer(Security("127.0.0.1:0"));
  EXPECT_NE(server->port(), 0);
  EXPECT_EQ(Ask(ChannelTo(*server)), "OK");
}

TEST_F(RpcServerTest, ServesInsideTheProcessWithoutAPort) {
  const auto server = StartTestServer({});
  EXPECT_EQ(server->port(), 0);
  EXPECT_EQ(Ask(server->InProcessChannel()), "OK");
}

TEST_F(RpcServerTest, BeyondLoopbackItWantsTlsAndAnIdentity) {
  struct Row {
    const char* what;
    bool tls, token, client_ca, insecure;
    bool allowed;
  };
  for (const Row& row : {Row{"in the clear", false, false, false, false, false},
                         Row{"a token in the clear", false, true, false, false, false},
                         Row{"TLS for anybody", true, false, false, false, false},
                         Row{"TLS and a token", true, true, false, false, true},
                         Row{"TLS and client certificates", true, false, true, false, true},
                         Row{"said out loud", false, false, false, true, true}}) {
    ServerSecurity security = Security("0.0.0.0:0", row.tls, row.token, row.client_ca);
    security.insecure = row.insecure;
    const absl::Status status = StatusOf(security);
    EXPECT_EQ(status.code(), row.allowed ? StatusCode::kOk : StatusCode::kFailedPrecondition)
        << row.what << ": " << status;
  }
}

TEST_F(RpcServerTest, ANameThatOnlyLooksLikeLoopbackIsRefused) {
  for (const char* listen : {"127.example.org:0", "localhost.example.org:0", "127.0.0.1", ":1"}) {
    EXPECT_EQ(StatusOf(Security(listen)).code(), StatusCode::kInvalidArgument) << listen;
  }
}

TEST_F(RpcServerTest, APortInUseIsNamed) {
  const auto first = StartTestServer(Security("127.0.0.1:0"));
  const std::string address = fmt::format("127.0.0.1:{}", first->port());
  const absl::Status status = StatusOf(Security(address));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(
      status.message(),
      fmt::format("--listen must be a free address, '{}' is not: Address already in use", address));
}

TEST_F(RpcServerTest, BadPemTextIsNamedBeforeAnybodyConnects) {
  ServerSecurity security = Security("127.0.0.1:0", true);
  security.tls_key_pem = client_.key_pem;
  const absl::Status status = StatusOf(security);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).find("PRIVATE KEY-----"), std::string::npos);
  security = Security("127.0.0.1:0", true);
  security.client_ca_pem = "no PEM";
  EXPECT_EQ(StatusOf(security).code(), StatusCode::kInvalidArgument);
}

TEST_F(RpcServerTest, ShutdownEndsCallsThatTakeTooLong) {
  const auto server = StartTestServer(Security("127.0.0.1:0"));
  const auto channel = ChannelTo(*server);
  const auto stub = v1::AgentService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Watch(&context, {});
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server->Shutdown(std::chrono::milliseconds(1));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_EQ(Ask(channel), "UNAVAILABLE");
}

// grpc.health.v1.Health/Check without its generated code: a string in (field 1), an enum out.
int HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  const std::string request =
      service.empty() ? "" : fmt::format("\n{}{}", static_cast<char>(service.size()), service);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer reply;
  grpc::ClientContext context;
  std::promise<void> done;
  grpc::GenericStub(channel).UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &sent, &reply,
                                       [&done](const grpc::Status&) { done.set_value(); });
  done.get_future().wait();
  std::vector<grpc::Slice> slices;
  reply.Dump(&slices).ok();
  std::string text;
  for (const grpc::Slice& part : slices) {
    text.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return text.size() == 2 ? text[1] : 0;
}

TEST_F(RpcServerTest, HealthIsToldForTheServerAndForEachService) {
  constexpr int kServing = 1;
  constexpr int kNotServing = 2;
  const auto server = StartTestServer({});
  const auto channel = server->InProcessChannel();
  for (const int state : {kServing, kNotServing}) {
    server->SetServing(state == kServing);
    EXPECT_EQ(HealthOf(channel, ""), state);
    EXPECT_EQ(HealthOf(channel, kTestServiceName), state);
    EXPECT_EQ(HealthOf(channel, "squall.v1.NoService"), 0);
  }
}

}  // namespace
}  // namespace squall
