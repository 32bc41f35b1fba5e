#include "operator/kube/client/kube_config.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace squall {
namespace {

// Writes a kubeconfig with one context; its server is "https://" + `name`.
std::string WriteKubeconfig(const TempDirectory& directory, const std::string& name) {
  const std::string path = directory.path() / name;
  std::ofstream(path) << "current-context: " << name << "\ncontexts: [{name: " << name
                      << ", context: {cluster: " << name << ", user: " << name
                      << ", namespace: n}}]\nclusters: [{name: " << name
                      << ", cluster: {server: 'https://" << name << "'}}]\nusers: [{name: " << name
                      << ", user: {tokenFile: tok}}]\n";
  return path;
}

class KubeConfigTest : public testing::Test {
 protected:
  KubeConfigTest() {
    std::filesystem::create_directories(directory_.path() / "sa");
    std::ofstream(directory_.path() / "sa/token") << "t";
    std::ofstream(directory_.path() / "sa/namespace") << "team-a\n";
    sources_.service_account_dir = directory_.path() / "sa";
  }
  TempDirectory directory_;
  KubeConfigSources sources_;
};

TEST_F(KubeConfigTest, TheFlagWinsOverAllElse) {
  sources_.kubeconfig_flag = WriteKubeconfig(directory_, "flag");
  sources_.kubeconfig_env = WriteKubeconfig(directory_, "env");
  sources_.service_host = "10.0.0.1";
  sources_.service_port = "443";
  const auto config = LoadKubeConfig(sources_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://flag");
  EXPECT_EQ(config->token_file, (directory_.path() / "tok").string());
  EXPECT_EQ(config->ns, "n");
  EXPECT_EQ(config->source, "kubeconfig " + sources_.kubeconfig_flag + ", context 'flag'");
}

TEST_F(KubeConfigTest, TheVariableNamesAListWhoseMissingFilesAreSkipped) {
  const std::string one = WriteKubeconfig(directory_, "one");
  const std::string two = WriteKubeconfig(directory_, "two");
  sources_.kubeconfig_env = ":/nowhere:" + one + ":" + two;
  sources_.service_host = "10.0.0.1";
  sources_.service_port = "443";
  EXPECT_EQ(LoadKubeConfig(sources_)->server, "https://one");
  sources_.context_flag = "two";
  EXPECT_EQ(LoadKubeConfig(sources_)->server, "https://two");
  sources_.kubeconfig_env = "/nowhere:/neither";
  EXPECT_EQ(LoadKubeConfig(sources_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KubeConfigTest, APodUsesItsServiceAccount) {
  sources_.service_host = "10.0.0.1";
  sources_.service_port = "443";
  auto config = LoadKubeConfig(sources_);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "https://10.0.0.1:443");
  EXPECT_EQ(config->token_file, sources_.service_account_dir + "/token");
  EXPECT_FALSE(config->ca.given());  // a missing CA is not fatal
  EXPECT_EQ(config->ns, "team-a");
  EXPECT_EQ(config->source, "in-cluster");

  std::ofstream(directory_.path() / "sa/ca.crt") << "ca";
  sources_.service_host = "fd00::1";
  config = LoadKubeConfig(sources_);
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->ca.file, sources_.service_account_dir + "/ca.crt");
}

TEST_F(KubeConfigTest, APodWithoutATokenSaysSo) {
  sources_.service_host = "10.0.0.1";
  sources_.service_port = "443";
  std::filesystem::remove(directory_.path() / "sa/token");
  EXPECT_NE(std::string(LoadKubeConfig(sources_).status().message()).find("/token'"),
            std::string::npos);
}

TEST_F(KubeConfigTest, HalfOfTheServiceVariablesIsNoPod) {
  sources_.service_host = "10.0.0.1";
  EXPECT_EQ(LoadKubeConfig(sources_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KubeConfigTest, TheFileAtHomeIsLast) {
  std::filesystem::create_directories(directory_.path() / ".kube");
  sources_.home = directory_.path();
  EXPECT_EQ(LoadKubeConfig(sources_).status().code(), absl::StatusCode::kNotFound);
  std::filesystem::rename(WriteKubeconfig(directory_, "home"), directory_.path() / ".kube/config");
  EXPECT_EQ(LoadKubeConfig(sources_)->server, "https://home");
}

TEST_F(KubeConfigTest, AFlagThatNamesNoFileIsAnError) {
  sources_.kubeconfig_flag = "/nowhere";
  EXPECT_EQ(LoadKubeConfig(sources_).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace squall
