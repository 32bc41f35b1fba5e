// kubeconfig files as values: merged as kubectl merges them (the first to name something wins),
// paths made relative to the file they stand in. No file access, so tests and fuzzers call it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

namespace squall {

struct KubeconfigFile {
  std::string path;  // for messages, and the base of relative paths
  std::string text;
};

// PEM text, or the file that holds it. The text wins. Both empty: not given.
struct PemSource {
  std::string pem;
  std::string file;

  bool given() const { return !pem.empty() || !file.empty(); }
  bool operator==(const PemSource&) const = default;
};

struct KubeCluster {
  std::string server;  // "https://10.0.0.1:6443"
  PemSource ca;
  std::string tls_server_name;  // verified in the place of the server's host
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;
  bool operator==(const KubeCluster&) const = default;
};

// A program that prints an ExecCredential.
struct ExecPlugin {
  std::string api_version;  // client.authentication.k8s.io/v1 or /v1beta1
  std::string command;      // relative with a slash: relative to the file; else looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // besides the operator's own
  std::string install_hint;
  std::string interactive_mode;  // "Never", "IfAvailable"; "Always" is refused when it is chosen
  bool provide_cluster_info = false;
  bool operator==(const ExecPlugin&) const = default;
};

struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
  bool operator==(const Impersonation&) const = default;
};

struct KubeUser {
  PemSource client_certificate;
  PemSource client_key;
  std::string token;
  std::string token_file;  // wins over `token`
  std::string username;
  std::string password;
  std::optional<ExecPlugin> exec;
  Impersonation impersonate;
  std::string auth_provider;  // its name: refused when the user is chosen
  bool operator==(const KubeUser&) const = default;
};

struct KubeContext {
  std::string cluster;
  std::string user;
  std::string ns;
  bool operator==(const KubeContext&) const = default;
};

struct Kubeconfig {
  std::string current_context;
  std::map<std::string, KubeCluster> clusters;
  std::map<std::string, KubeUser> users;
  std::map<std::string, KubeContext> contexts;
  bool operator==(const Kubeconfig&) const = default;
};

// INVALID_ARGUMENT lists every error, "file:line:column: path: must …". Keys we do not know are
// skipped, as kubectl does: the files are not ours.
absl::StatusOr<Kubeconfig> ParseKubeconfig(const std::vector<KubeconfigFile>& files);

struct ChosenContext {
  std::string name;
  KubeCluster cluster;
  KubeUser user;
  std::string ns;  // "default" when the context names none
};

// The named context, or the current one for "". INVALID_ARGUMENT when something it names is
// missing, has no server, or needs what we refuse (auth-provider, a plugin that must ask a person).
absl::StatusOr<ChosenContext> ChooseContext(const Kubeconfig& config, std::string_view context);

}  // namespace squall
