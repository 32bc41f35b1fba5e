#include "daemon/agent/agent_server.h"

#include <fstream>
#include <string>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/target/certificate.h"
#include "protos/squall/v1/agent_service.grpc.pb.h"
#include "tests/daemon/agent/agent_rig.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using absl::StatusCode;

class AgentServerTest : public testing::Test {
 protected:
  AgentServerTest()
      : rig_(&clock_),
        own_(*MakeSelfSigned({}, clock_.Wall())),
        client_(*MakeSelfSigned({}, clock_.Wall())) {
    std::ofstream(directory_.path() / "token") << "sesame";
    guard_ = *TokenGuard::FromFile(directory_.path() / "token");
  }

  // The server's options with the parts that a test names.
  AgentServerOptions Options(const std::string& listen, bool tls = false, bool token = false,
                             bool client_ca = false) const {
    AgentServerOptions options;
    options.listen = listen;
    options.tls_cert_pem = tls ? own_.certificate_pem : "";
    options.tls_key_pem = tls ? own_.key_pem : "";
    options.client_ca_pem = client_ca ? client_.certificate_pem : "";
    options.service.guard = token ? guard_.get() : nullptr;
    return options;
  }

  static grpc::StatusCode Ask(const std::shared_ptr<grpc::Channel>& channel,
                              const std::string& authorization = "") {
    grpc::ClientContext context;
    context.set_deadline(SystemDeadline());
    if (!authorization.empty()) {
      context.AddMetadata("authorization", authorization);
    }
    v1::GetStatusResponse response;
    return v1::AgentService::NewStub(channel)->GetStatus(&context, {}, &response).error_code();
  }
  static std::chrono::system_clock::time_point SystemDeadline() {
    return std::chrono::time_point_cast<std::chrono::system_clock::duration>(SystemClock().Wall()) +
           std::chrono::seconds(30);
  }
  static std::shared_ptr<grpc::Channel> Channel(
      const AgentServer& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return grpc::CreateChannel(fmt::format("127.0.0.1:{}", server.port()), credentials);
  }

  const TempDirectory directory_;
  const SystemClock clock_;
  AgentRig rig_;
  const CertificatePair own_;
  const CertificatePair client_;
  std::unique_ptr<TokenGuard> guard_;
};

TEST_F(AgentServerTest, ServesLoopbackInTheClear) {
  const auto server = AgentServer::Make(&rig_.agent, Options("127.0.0.1:0"));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_NE((*server)->port(), 0);
  EXPECT_EQ(Ask(Channel(**server, grpc::InsecureChannelCredentials())), grpc::OK);
}

TEST_F(AgentServerTest, BeyondLoopbackItWantsTlsAndAnIdentity) {
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
    AgentServerOptions options = Options("0.0.0.0:0", row.tls, row.token, row.client_ca);
    options.insecure = row.insecure;
    const auto server = AgentServer::Make(&rig_.agent, options);
    EXPECT_EQ(server.ok(), row.allowed) << row.what << ": " << server.status();
    if (!row.allowed) {
      EXPECT_EQ(server.status().code(), StatusCode::kFailedPrecondition) << row.what;
    }
  }
}

TEST_F(AgentServerTest, ANameThatOnlyLooksLikeLoopbackIsRefused) {
  for (const char* listen : {"127.example.org:0", "localhost.example.org:0", "127.0.0.1", ":1"}) {
    EXPECT_EQ(AgentServer::Make(&rig_.agent, Options(listen)).status().code(),
              StatusCode::kInvalidArgument)
        << listen;
  }
}

TEST_F(AgentServerTest, APortInUseIsNamed) {
  const auto first = AgentServer::Make(&rig_.agent, Options("127.0.0.1:0"));
  const std::string address = fmt::format("127.0.0.1:{}", (*first)->port());
  const auto second = AgentServer::Make(&rig_.agent, Options(address));
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(
      second.status().message(),
      fmt::format("--listen must be a free address, '{}' is not: Address already in use", address));
}

TEST_F(AgentServerTest, TlsNeedsTheRightCertificates) {
  const auto server = AgentServer::Make(
      &rig_.agent, Options("127.0.0.1:0", /*tls=*/true, /*token=*/false, /*client_ca=*/true));
  ASSERT_TRUE(server.ok()) << server.status();
  const auto ask = [&](const CertificatePair& shown) {
    return Ask(Channel(**server, grpc::SslCredentials({own_.certificate_pem, shown.key_pem,
                                                       shown.certificate_pem})));
  };
  EXPECT_EQ(ask(client_), grpc::OK);
  EXPECT_EQ(ask({}), grpc::UNAVAILABLE);
  EXPECT_EQ(ask(own_), grpc::UNAVAILABLE);
  EXPECT_EQ(Ask(Channel(**server, grpc::InsecureChannelCredentials())), grpc::UNAVAILABLE);
}

TEST_F(AgentServerTest, TlsAndATokenGoTogether) {
  const auto server = AgentServer::Make(&rig_.agent, Options("127.0.0.1:0", true, true));
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = Channel(**server, grpc::SslCredentials({own_.certificate_pem, "", ""}));
  EXPECT_EQ(Ask(channel, "Bearer sesame"), grpc::OK);
  EXPECT_EQ(Ask(channel), grpc::UNAUTHENTICATED);
}

TEST_F(AgentServerTest, BadPemTextIsNamedBeforeAnybodyConnects) {
  AgentServerOptions options = Options("127.0.0.1:0", true);
  options.tls_key_pem = client_.key_pem;
  auto status = AgentServer::Make(&rig_.agent, options).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).find("PRIVATE KEY-----"), std::string::npos);
  options = Options("127.0.0.1:0", true);
  options.client_ca_pem = "no PEM";
  EXPECT_EQ(AgentServer::Make(&rig_.agent, options).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AgentServerTest, ShutdownEndsCallsThatTakeTooLong) {
  const auto server = AgentServer::Make(&rig_.agent, Options("127.0.0.1:0"));
  ASSERT_TRUE(rig_.agent.Prepare(rig_.Order("r", rig_.MakePlan("/products", 1))).ok());
  const auto channel = Channel(**server, grpc::InsecureChannelCredentials());
  const auto stub = v1::AgentService::NewStub(channel);
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_run_id("r");
  const auto stream = stub->Watch(&context, request);
  v1::WatchResponse response;
  ASSERT_TRUE(stream->Read(&response));
  (*server)->Shutdown(std::chrono::milliseconds(1));
  while (stream->Read(&response)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_EQ(Ask(channel), grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace squall
