// Where the API server is and who we are there: from a kubeconfig or from the pod we run in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "operator/kube/api/kubeconfig.h"

namespace squall {

struct KubeConfig {
  std::string server;           // "https://10.96.0.1:443", "http://127.0.0.1:8001/prefix"
  std::string tls_server_name;  // verified and sent in the place of the server's host
  bool insecure_skip_tls_verify = false;
  PemSource ca;  // not given: the system's store
  PemSource client_certificate;
  PemSource client_key;
  // At most one of these is used; the first that is given, in this order.
  std::string token_file;  // read again before it is a minute old: it is rotated
  std::string token;
  std::string username, password;
  std::optional<ExecPlugin> exec;
  Impersonation impersonate;
  std::string proxy_url;       // "http://proxy:3128"; "" for none
  std::string ns = "default";  // what "our namespace" is
  std::string source;          // "in-cluster", "kubeconfig /root/.kube/config, context 'dev'"
};

// What main() knows; this room reads no environment.
struct KubeConfigSources {
  std::string kubeconfig_flag;  // --kubeconfig
  std::string context_flag;     // --context; only for a kubeconfig
  std::string
      kubeconfig_env;        // $KUBECONFIG: files by ':', the first wins; missing ones are skipped
  std::string service_host;  // $KUBERNETES_SERVICE_HOST
  std::string service_port;  // $KUBERNETES_SERVICE_PORT
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string home;  // $HOME
};

// The first of: --kubeconfig, $KUBECONFIG, in-cluster (host and port are given), ~/.kube/config.
// NOT_FOUND when there is none of them or a named file is missing, INVALID_ARGUMENT for a bad file.
// Reads files; blocking.
absl::StatusOr<KubeConfig> LoadKubeConfig(const KubeConfigSources& sources);

}  // namespace squall
