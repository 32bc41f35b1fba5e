#include "operator/kube/client/credentials.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using std::chrono::seconds;

class CredentialsTest : public testing::Test {
 protected:
  std::string TokenPath() const { return directory_.path() / "token"; }
  void WriteToken(const std::string& text) { std::ofstream(TokenPath()) << text; }
  static std::string AuthorizationOf(KubeCredentials* credentials) {
    const auto current = credentials->Get();
    return current.ok() ? current->authorization : current.status().ToString();
  }
  // A plugin whose token counts its runs: "run-1", "run-2", …
  KubeConfig WithPlugin(const std::string& more_status) {
    const std::string path = directory_.path() / "plugin";
    std::ofstream(path) << "#!/bin/sh\necho x >>" << (directory_.path() / "runs").string()
                        << "\nn=$(wc -l <" << (directory_.path() / "runs").string()
                        << ")\nprintf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\","
                           "\"status\":{\"token\":\"run-%d\""
                        << more_status << "}}' $n\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    KubeConfig config;
    config.exec.emplace();
    config.exec->api_version = "v";
    config.exec->command = path;
    return config;
  }

  TempDirectory directory_;
  ManualClock clock_{WallTime(seconds(1'767'225'600))};  // 2026-01-01
};

TEST_F(CredentialsTest, ATokenAPasswordAndNobody) {
  KubeConfig config;
  KubeCredentials nobody(config, "", &clock_);
  EXPECT_EQ(AuthorizationOf(&nobody), "");
  EXPECT_FALSE(nobody.Refused(0));
  config.username = "me";
  config.password = "pw";
  KubeCredentials password(config, "", &clock_);
  EXPECT_EQ(AuthorizationOf(&password), "Basic bWU6cHc=");
  config.token = "t";
  KubeCredentials token(config, "", &clock_);
  EXPECT_EQ(AuthorizationOf(&token), "Bearer t");
  EXPECT_FALSE(token.Refused(0));
}

TEST_F(CredentialsTest, ATokenFileIsReadAgainBeforeAMinuteIsOver) {
  WriteToken("one\n");
  KubeConfig config;
  config.token = "not used";
  config.token_file = TokenPath();
  KubeCredentials credentials(config, "", &clock_);
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer one");
  WriteToken("two");
  clock_.Advance(seconds(49));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer one");
  clock_.Advance(seconds(1));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer two");
}

TEST_F(CredentialsTest, ARefusedTokenIsReadAgainAtOnceUnlessItIsOld) {
  WriteToken("one");
  KubeConfig config;
  config.token_file = TokenPath();
  KubeCredentials credentials(config, "", &clock_);
  const uint64_t first = credentials.Get()->generation;
  WriteToken("two");
  EXPECT_TRUE(credentials.Refused(first));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer two");
  WriteToken("three");
  EXPECT_TRUE(credentials.Refused(first));  // a slow answer to the first token
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer two");
}

TEST_F(CredentialsTest, TheOldTokenStaysWhileTheFileCannotBeRead) {
  WriteToken("one");
  KubeConfig config;
  config.token_file = TokenPath();
  KubeCredentials credentials(config, "", &clock_);
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer one");
  std::filesystem::remove(TokenPath());
  clock_.Advance(seconds(60));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer one");
  WriteToken("");
  clock_.Advance(seconds(60));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer one");
}

TEST_F(CredentialsTest, AFileThatHoldsNoTokenIsAnErrorThatDoesNotShowIt) {
  KubeConfig config;
  config.token_file = TokenPath();
  KubeCredentials credentials(config, "", &clock_);
  EXPECT_EQ(credentials.Get().status().code(), absl::StatusCode::kNotFound);
  WriteToken("two\r\nX-Forged: lines");
  EXPECT_EQ(std::string(credentials.Get().status().message()),
            "token file '" + TokenPath() + "' must hold one token");
}

TEST_F(CredentialsTest, APluginRunsOnceUntilItsCredentialExpires) {
  KubeCredentials credentials(WithPlugin(R"(,"expirationTimestamp":"2026-01-01T01:00:00Z")"), "",
                              &clock_);
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer run-1");
  clock_.Advance(std::chrono::minutes(59));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer run-1");
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer run-2");
}

TEST_F(CredentialsTest, ARefusedPluginCredentialIsRenewedOnce) {
  KubeCredentials credentials(WithPlugin(""), "", &clock_);
  const uint64_t first = credentials.Get()->generation;
  EXPECT_TRUE(credentials.Refused(first));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer run-2");
  EXPECT_TRUE(credentials.Refused(first));
  EXPECT_EQ(AuthorizationOf(&credentials), "Bearer run-2");
}

TEST_F(CredentialsTest, APluginMayGiveACertificate) {
  KubeCredentials credentials(WithPlugin(R"(,"clientCertificateData":"C","clientKeyData":"K")"), "",
                              &clock_);
  const auto current = credentials.Get();
  ASSERT_TRUE(current.ok()) << current.status();
  EXPECT_EQ(current->client_certificate_pem, "C");
  EXPECT_EQ(current->client_key_pem, "K");
}

}  // namespace
}  // namespace squall
