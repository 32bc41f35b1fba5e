#include "operator/kube/client/exec_plugin.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

constexpr char kV1[] = "client.authentication.k8s.io/v1";
constexpr Nanos kPluginPatience = std::chrono::seconds(60);

std::string Credential(const std::string& status) {
  return R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":)" +
         status + "}";
}

class ExecPluginTest : public testing::Test {
 protected:
  // A shell script with this body.
  ExecPlugin Plugin(const std::string& body) {
    const std::string path = directory_.path() / "plugin";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    ExecPlugin plugin;
    plugin.api_version = kV1;
    plugin.command = path;
    return plugin;
  }
  std::string ErrorOf(const ExecPlugin& plugin, Nanos timeout = kPluginPatience) {
    const auto status = RunExecPlugin(plugin, "{}", timeout, &clock_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    return std::string(status.message());
  }

  TempDirectory directory_;
  SystemClock clock_;
};

TEST_F(ExecPluginTest, GetsArgumentsVariablesAndTheInfo) {
  ExecPlugin plugin = Plugin(
      R"sh(printf '{"kind":"ExecCredential","apiVersion":"%s","status":{"token":"%s-%s-%s"}}' )sh"
      R"sh("$KUBERNETES_EXEC_INFO" "$1" "$WORD" "$(cat | wc -c)")sh");
  plugin.args = {"a b"};
  plugin.env = {{"WORD", "w"}};
  const auto credential = RunExecPlugin(plugin, kV1, kPluginPatience, &clock_);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "a b-w-0");
}

TEST_F(ExecPluginTest, IsNotAShellLine) {
  ExecPlugin plugin = Plugin("echo never");
  plugin.command += "; true";
  EXPECT_NE(ErrorOf(plugin).find("cannot be started: No such file"), std::string::npos);
}

TEST_F(ExecPluginTest, SaysHowToInstallIt) {
  ExecPlugin plugin;
  plugin.command = "squall-test-no-such-plugin";
  plugin.install_hint = "apt install it";
  EXPECT_EQ(ErrorOf(plugin),
            "credential plugin 'squall-test-no-such-plugin' cannot be started: No such file or "
            "directory; apt install it");
}

TEST_F(ExecPluginTest, AFailureIsReportedByItsCode) {
  EXPECT_NE(ErrorOf(Plugin("exit 3")).find("has failed with exit code 3"), std::string::npos);
  EXPECT_NE(ErrorOf(Plugin("kill -9 $$")).find("exit code 137"), std::string::npos);
}

TEST_F(ExecPluginTest, OneThatHangsIsKilled) {
  EXPECT_NE(ErrorOf(Plugin("exec sleep 1000"), std::chrono::milliseconds(50)).find("must end"),
            std::string::npos);
}

TEST_F(ExecPluginTest, AGrandchildThatKeepsTheOutputOpenDoesNotHoldUsUp) {
  const std::string pid_file = directory_.path() / "pid";
  const ExecPlugin plugin = Plugin("sleep 1000 &\necho $! >" + pid_file + "\nprintf '%s' '" +
                                   Credential(R"({"token":"t"})") + "'");
  const auto credential = RunExecPlugin(plugin, "{}", kPluginPatience, &clock_);
  pid_t grandchild = 0;
  std::ifstream(pid_file) >> grandchild;
  ASSERT_GT(grandchild, 0);
  EXPECT_EQ(kill(grandchild, SIGKILL), 0);
  ASSERT_TRUE(credential.ok()) << credential.status();
}

TEST_F(ExecPluginTest, EndlessOutputIsRefused) {
  EXPECT_NE(ErrorOf(Plugin("exec yes")).find("print at most"), std::string::npos);
}

TEST(ExecCredentialTest, ReadsTokenCertificateAndExpiry) {
  const auto credential = ParseExecCredential(
      Credential(R"({"token":"t","clientCertificateData":"c","clientKeyData":"k",
                     "expirationTimestamp":"2026-01-01T00:00:00Z"})"),
      kV1);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "t");
  EXPECT_EQ(credential->client_certificate_pem, "c");
  EXPECT_EQ(credential->client_key_pem, "k");
  EXPECT_EQ(credential->expires, WallTime(std::chrono::seconds(1'767'225'600)));
}

TEST(ExecCredentialTest, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("token"), std::string("{}"), Credential("{}"), Credential(R"({"token":7})"),
        Credential(R"({"token":"t","clientKeyData":"k"})"),
        Credential(R"({"token":"t","expirationTimestamp":"soon"})")}) {
    EXPECT_EQ(ParseExecCredential(text, kV1).status().code(), absl::StatusCode::kUnauthenticated)
        << text;
  }
  EXPECT_FALSE(ParseExecCredential(Credential(R"({"token":"t"})"), "v2").ok());
}

TEST(ExecCredentialTest, AnErrorShowsNoSecret) {
  const auto status =
      ParseExecCredential(Credential(R"({"token":"s3cret","clientKeyData":"s3cret"})"), kV1);
  EXPECT_EQ(std::string(status.status().message()).find("s3cret"), std::string::npos);
}

TEST(ExecInfoTest, TellsOfTheClusterOnlyWhenAsked) {
  ExecPlugin plugin;
  plugin.api_version = kV1;
  KubeCluster cluster;
  cluster.server = "https://h";
  EXPECT_EQ(ExecInfo(plugin, cluster, "CA"),
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
            R"("spec":{"interactive":false}})");
  plugin.provide_cluster_info = true;
  EXPECT_EQ(ExecInfo(plugin, cluster, "CA"),
            R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
            R"("spec":{"interactive":false,"cluster":{"server":"https://h",)"
            R"("insecure-skip-tls-verify":false,"certificate-authority-data":"Q0E="}}})");
}

}  // namespace
}  // namespace squall
