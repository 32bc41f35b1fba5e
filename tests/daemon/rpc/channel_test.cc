#include "daemon/rpc/channel.h"

#include <fstream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/net/certificate.h"
#include "tests/daemon/rpc/test_service.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

class ChannelTest : public testing::Test {
 protected:
  ChannelTest()
      : own_(*MakeSelfSigned({}, clock_.Wall())), client_(*MakeSelfSigned({}, clock_.Wall())) {
    WriteToken("sesame");
  }

  void WriteToken(const std::string& token) const {
    // As rotation should be done: another file that takes the name.
    std::ofstream(directory_.path() / "next") << token;
    std::filesystem::rename(directory_.path() / "next", TokenPath());
  }
  std::string TokenPath() const { return directory_.path() / "token"; }

  ServerSecurity Loopback(bool tls = false, bool client_ca = false) const {
    ServerSecurity security;
    security.listen = "127.0.0.1:0";
    security.tls_cert_pem = tls ? own_.certificate_pem : "";
    security.tls_key_pem = tls ? own_.key_pem : "";
    security.client_ca_pem = client_ca ? client_.certificate_pem : "";
    return security;
  }
  static std::shared_ptr<grpc::Channel> To(const RpcServer& server,
                                           const ChannelSecurity& security) {
    const auto channel = MakeChannel(fmt::format("127.0.0.1:{}", server.port()), security);
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }

  const TempDirectory directory_;
  const SystemClock clock_;
  const CertificatePair own_;
  const CertificatePair client_;
};

TEST_F(ChannelTest, InTheClear) {
  const auto server = StartTestServer(Loopback());
  EXPECT_EQ(Ask(To(*server, {})), "OK");
}

TEST_F(ChannelTest, TlsTrustsTheCaAndShowsACertificate) {
  const auto server = StartTestServer(Loopback(/*tls=*/true, /*client_ca=*/true));
  const std::string& ca = own_.certificate_pem;
  EXPECT_EQ(Ask(To(*server, {ca, client_.certificate_pem, client_.key_pem, nullptr})), "OK");
  EXPECT_EQ(Ask(To(*server, {ca, "", "", nullptr})), "UNAVAILABLE") << "nothing to show";
  EXPECT_EQ(Ask(To(*server, {ca, own_.certificate_pem, own_.key_pem, nullptr})), "UNAVAILABLE");
  EXPECT_EQ(Ask(To(*server,
                   {client_.certificate_pem, client_.certificate_pem, client_.key_pem, nullptr})),
            "UNAVAILABLE")
      << "another CA";
  EXPECT_EQ(Ask(To(*server, {})), "UNAVAILABLE") << "in the clear";
}

TEST_F(ChannelTest, TheTokenGoesWithEveryCallAndIsReadAgain) {
  const std::unique_ptr<TokenGuard> guard = *TokenGuard::FromFile(TokenPath());
  for (const bool tls : {false, true}) {
    WriteToken("sesame");
    ServerSecurity security = Loopback(tls);
    security.guard = guard.get();
    const auto server = StartTestServer(security);
    ChannelSecurity ours;
    ours.ca_pem = tls ? own_.certificate_pem : "";
    EXPECT_EQ(Ask(To(*server, ours)), "UNAUTHENTICATED");
    ours.token = *TokenGuard::FromFile(TokenPath());
    const auto channel = To(*server, ours);
    EXPECT_EQ(Ask(channel), "OK");
    WriteToken("open up, sesame");
    EXPECT_EQ(Ask(channel), "OK") << "both have seen the new token";
  }
}

TEST_F(ChannelTest, AnswersMayBeLargerThanGrpcThinks) {
  const auto server = StartTestServer(Loopback(), size_t{20} << 20);
  EXPECT_EQ(Ask(To(*server, {})), "OK");
  EXPECT_EQ(Ask(server->InProcessChannel()), "OK");
}

TEST_F(ChannelTest, WhatCannotWorkIsSaidBeforeAnyCall) {
  const struct {
    const char* what;
    std::string address;
    ChannelSecurity security;
  } rows[] = {
      {"no address", "", {}},
      {"a CA that is none", "127.0.0.1:1", {"no PEM", "", "", nullptr}},
      {"a certificate without its key",
       "127.0.0.1:1",
       {own_.certificate_pem, client_.certificate_pem, "", nullptr}},
      {"a certificate with another's key",
       "127.0.0.1:1",
       {own_.certificate_pem, client_.certificate_pem, own_.key_pem, nullptr}},
      {"a certificate that nobody asks for",
       "127.0.0.1:1",
       {"", client_.certificate_pem, client_.key_pem, nullptr}},
  };
  for (const auto& row : rows) {
    const absl::Status status = MakeChannel(row.address, row.security).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.what;
    EXPECT_EQ(std::string(status.message()).find("PRIVATE KEY-----"), std::string::npos);
  }
}

}  // namespace
}  // namespace squall
