#include "operator/kube/api/kubeconfig.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr char kFull[] = R"(apiVersion: v1
kind: Config
current-context: dev
preferences: {}
clusters:
- name: here
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: Q0E=
    certificate-authority: ignored.pem
    tls-server-name: kubernetes
    proxy-url: http://proxy:3128
    extensions: []
users:
- name: me
  user:
    client-certificate: certs/me.crt
    client-key: /abs/me.key
    token: t1
    tokenFile: tok
    as: boss
    as-groups: [a, b]
    as-user-extra: {scopes: [x]}
contexts:
- name: dev
  context: {cluster: here, user: me, namespace: team}
)";

Kubeconfig Parsed(const std::vector<KubeconfigFile>& files) {
  const absl::StatusOr<Kubeconfig> config = ParseKubeconfig(files);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.value_or(Kubeconfig{});
}

std::string ParseError(const std::string& text) {
  return std::string(ParseKubeconfig({{"f", text}}).status().message());
}

std::string ChooseError(const std::string& text, const std::string& context = "") {
  return std::string(ChooseContext(Parsed({{"f", text}}), context).status().message());
}

// A file whose only user has these fields.
std::string WithUser(const std::string& fields) {
  return "current-context: c\n"
         "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: {server: 'https://h'}}]\n"
         "users: [{name: u, user: {" +
         fields + "}}]\n";
}

TEST(KubeconfigTest, ReadsEveryFieldAndResolvesPaths) {
  const auto chosen = ChooseContext(Parsed({{"/home/me/.kube/config", kFull}}), "");
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->name, "dev");
  EXPECT_EQ(chosen->ns, "team");
  EXPECT_EQ(chosen->cluster.server, "https://10.0.0.1:6443");
  EXPECT_EQ(chosen->cluster.ca, (PemSource{"CA", "/home/me/.kube/ignored.pem"}));
  EXPECT_EQ(chosen->cluster.tls_server_name, "kubernetes");
  EXPECT_EQ(chosen->cluster.proxy_url, "http://proxy:3128");
  EXPECT_EQ(chosen->user.client_certificate, (PemSource{"", "/home/me/.kube/certs/me.crt"}));
  EXPECT_EQ(chosen->user.client_key, (PemSource{"", "/abs/me.key"}));
  EXPECT_EQ(chosen->user.token, "t1");
  EXPECT_EQ(chosen->user.token_file, "/home/me/.kube/tok");
  EXPECT_EQ(chosen->user.impersonate.user, "boss");
  EXPECT_EQ(chosen->user.impersonate.groups, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(chosen->user.impersonate.extra.size(), 1U);
  EXPECT_EQ(chosen->user.impersonate.extra[0].first, "scopes");
}

TEST(KubeconfigTest, TheFirstFileToNameSomethingWins) {
  const Kubeconfig config = Parsed({{"a", ""},
                                    {"b",
                                     "current-context: one\n"
                                     "clusters: [{name: k, cluster: {server: 'https://b'}}]"},
                                    {"c",
                                     "current-context: two\n"
                                     "clusters: [{name: k, cluster: {server: 'https://c', "
                                     "proxy-url: 'http://p'}},\n"
                                     "           {name: l, cluster: {server: 'https://l'}}]"}});
  EXPECT_EQ(config.current_context, "one");
  EXPECT_EQ(config.clusters.at("k").server, "https://b");
  EXPECT_EQ(config.clusters.at("k").proxy_url, "");  // not filled in from another file
  EXPECT_EQ(config.clusters.at("l").server, "https://l");
}

TEST(KubeconfigTest, ReadsAnExecPlugin) {
  const Kubeconfig config = Parsed({{"/etc/kc", WithUser(R"(exec: {
      apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [get, token],
      env: [{name: A, value: "1"}], installHint: get it, interactiveMode: IfAvailable,
      provideClusterInfo: true})")}});
  const ExecPlugin& exec = *config.users.at("u").exec;
  EXPECT_EQ(exec.command, "/etc/./bin/login");
  EXPECT_EQ(exec.args, (std::vector<std::string>{"get", "token"}));
  EXPECT_EQ(exec.env, (std::vector<std::pair<std::string, std::string>>{{"A", "1"}}));
  EXPECT_TRUE(exec.provide_cluster_info);
  EXPECT_TRUE(ChooseContext(config, "").ok());
}

TEST(KubeconfigTest, APluginFoundInThePathKeepsItsName) {
  const Kubeconfig config = Parsed({{"/etc/kc", WithUser("exec: {command: login}")}});
  EXPECT_EQ(config.users.at("u").exec->command, "login");
}

TEST(KubeconfigTest, RefusesWhatNeedsAPersonOrIsGone) {
  EXPECT_EQ(ChooseError(WithUser("auth-provider: {name: gcp}")),
            "users['u'].auth-provider must not be used: Kubernetes 1.26 removed 'gcp'; use an exec "
            "plugin or a token");
  const std::string v1 = "apiVersion: client.authentication.k8s.io/v1, command: x";
  EXPECT_EQ(ChooseError(WithUser("exec: {" + v1 + ", interactiveMode: Always}")),
            "users['u'].exec.interactiveMode must be Never or IfAvailable: nobody is there to "
            "answer, got 'Always'");
  EXPECT_NE(ChooseError(WithUser("exec: {" + v1 + "}")), "");
  EXPECT_EQ(
      ChooseError(WithUser("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}")),
      "");
  EXPECT_NE(ChooseError(WithUser("exec: {apiVersion: v2, command: x}")), "");
  EXPECT_NE(ChooseError(WithUser("client-key: k.pem")), "");
}

TEST(KubeconfigTest, AUserThatIsNotChosenMayBeAnything) {
  const std::string text = WithUser("token: t") + "";  // the chosen one is fine, another one is not
  const Kubeconfig config =
      Parsed({{"f", text}, {"g", "users: [{name: old, user: {auth-provider: {name: gcp}}}]"}});
  EXPECT_TRUE(ChooseContext(config, "").ok());
}

TEST(KubeconfigTest, NamesWhatIsMissing) {
  EXPECT_EQ(ChooseError(""),
            "the kubeconfig must have a current-context, or name one with --context");
  EXPECT_EQ(ChooseError(kFull, "dew"),
            "context 'dew' must be in the kubeconfig, did you mean 'dev'?");
  EXPECT_EQ(ChooseError("contexts: [{name: c, context: {cluster: k}}]", "c"),
            "cluster 'k' of context 'c' must be in the kubeconfig");
  EXPECT_EQ(ChooseError("contexts: [{name: c, context: {cluster: k}}]\n"
                        "clusters: [{name: k, cluster: {}}]",
                        "c"),
            "clusters['k'].server must be given");
  EXPECT_EQ(ChooseError("contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                        "clusters: [{name: k, cluster: {server: 'http://h'}}]",
                        "c"),
            "user 'u' of context 'c' must be in the kubeconfig");
}

TEST(KubeconfigTest, AContextWithoutAUserIsAnonymous) {
  const auto chosen =
      ChooseContext(Parsed({{"f",
                             "contexts: [{name: c, context: {cluster: k}}]\n"
                             "clusters: [{name: k, cluster: {server: 'http://h'}}]"}}),
                    "c");
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->user, KubeUser{});
  EXPECT_EQ(chosen->ns, "default");
}

TEST(KubeconfigTest, ErrorsSayWhere) {
  EXPECT_EQ(ParseError("clusters:\n- name: k\n  cluster:\n    server: [x]\n"
                       "    insecure-skip-tls-verify: 1\n    certificate-authority-data: '!'\n"),
            "f:4:13: clusters[0].cluster.server: must be a text\n"
            "f:6:33: clusters[0].cluster.certificate-authority-data: must be base64\n"
            "f:5:31: clusters[0].cluster.insecure-skip-tls-verify: must be true or false, got '1'");
  EXPECT_EQ(ParseError("clusters: {}"), "f:1:11: clusters: must be a list");
  EXPECT_EQ(ParseError("users: [{user: {}}]"), "f:1:9: users[0].name: must be given");
  EXPECT_EQ(ParseError("kind: Pod"), "f:1:7: kind: must be Config, got 'Pod'");
  EXPECT_EQ(ParseError("current-context: a\ncurrent-context: b"),
            "f:2:1: current-context: must not be given twice");
  EXPECT_EQ(ParseError("[]"), "f:1:1: must be a map");
}

TEST(KubeconfigTest, BrokenYamlIsAnErrorAndNoCrash) {
  EXPECT_NE(ParseError("a: [").find("must be YAML"), std::string::npos);
  EXPECT_NE(ParseError(std::string(50'000, '[')).find("must be YAML"), std::string::npos);
  EXPECT_EQ(ParseError("&a {clusters: *a}"), "f:1:1: clusters: must be a list");
  EXPECT_NE(ParseError(std::string(2 << 20, ' ')).find("must be at most"), std::string::npos);
}

TEST(KubeconfigTest, ASecretThatIsNotBase64IsNotShown) {
  EXPECT_EQ(ParseError(WithUser("client-key-data: 's3cret!'")).find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace squall
