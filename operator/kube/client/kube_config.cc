#include "operator/kube/client/kube_config.h"

#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/client/small_file.h"

namespace squall {
namespace {

std::vector<std::string> SplitPaths(std::string_view text) {
  std::vector<std::string> paths;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    if (colon != 0) {
      paths.emplace_back(text.substr(0, colon));
    }
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return paths;
}

KubeConfig FromContext(ChosenContext chosen, const std::string& paths) {
  KubeConfig config;
  config.server = std::move(chosen.cluster.server);
  config.tls_server_name = std::move(chosen.cluster.tls_server_name);
  config.insecure_skip_tls_verify = chosen.cluster.insecure_skip_tls_verify;
  config.ca = std::move(chosen.cluster.ca);
  config.proxy_url = std::move(chosen.cluster.proxy_url);
  config.client_certificate = std::move(chosen.user.client_certificate);
  config.client_key = std::move(chosen.user.client_key);
  config.token_file = std::move(chosen.user.token_file);
  config.token = std::move(chosen.user.token);
  config.username = std::move(chosen.user.username);
  config.password = std::move(chosen.user.password);
  config.exec = std::move(chosen.user.exec);
  config.impersonate = std::move(chosen.user.impersonate);
  config.ns = std::move(chosen.ns);
  config.source = fmt::format("kubeconfig {}, context '{}'", paths, chosen.name);
  return config;
}

// Missing files are skipped when there is a list of them, as kubectl does.
absl::StatusOr<KubeConfig> FromFiles(const std::string& paths, bool skip_missing,
                                     const std::string& context) {
  std::vector<KubeconfigFile> files;
  for (const std::string& path :
       skip_missing ? SplitPaths(paths) : std::vector<std::string>{paths}) {
    absl::StatusOr<std::string> text = ReadSmallFile(path);
    if (skip_missing && absl::IsNotFound(text.status())) {
      continue;
    }
    SQUALL_RETURN_IF_ERROR(text.status());
    files.push_back({path, *std::move(text)});
  }
  if (files.empty()) {
    return absl::NotFoundError(
        fmt::format("KUBECONFIG must name at least one file that exists, got '{}'", paths));
  }
  SQUALL_ASSIGN_OR_RETURN(const Kubeconfig config, ParseKubeconfig(files));
  SQUALL_ASSIGN_OR_RETURN(ChosenContext chosen, ChooseContext(config, context));
  return FromContext(std::move(chosen), paths);
}

absl::StatusOr<KubeConfig> FromServiceAccount(const KubeConfigSources& sources) {
  KubeConfig config;
  const bool is_ipv6 = sources.service_host.find(':') != std::string::npos;
  config.server = fmt::format("https://{}{}{}:{}", is_ipv6 ? "[" : "", sources.service_host,
                              is_ipv6 ? "]" : "", sources.service_port);
  config.token_file = sources.service_account_dir + "/token";
  // Read once here so that a pod without a service account's token says so at the start.
  SQUALL_RETURN_IF_ERROR(ReadSmallFile(config.token_file).status());
  const std::string ca_file = sources.service_account_dir + "/ca.crt";
  if (ReadSmallFile(ca_file).ok()) {
    config.ca.file = ca_file;
  }
  if (const auto ns = ReadSmallFile(sources.service_account_dir + "/namespace"); ns.ok()) {
    config.ns = ns->substr(0, ns->find_first_of(" \r\n"));
  }
  config.source = "in-cluster";
  return config;
}

}  // namespace

absl::StatusOr<KubeConfig> LoadKubeConfig(const KubeConfigSources& sources) {
  if (!sources.kubeconfig_flag.empty()) {
    return FromFiles(sources.kubeconfig_flag, /*skip_missing=*/false, sources.context_flag);
  }
  if (!sources.kubeconfig_env.empty()) {
    return FromFiles(sources.kubeconfig_env, /*skip_missing=*/true, sources.context_flag);
  }
  if (!sources.service_host.empty() && !sources.service_port.empty()) {
    return FromServiceAccount(sources);
  }
  const std::string at_home = sources.home + "/.kube/config";
  if (sources.home.empty() || absl::IsNotFound(ReadSmallFile(at_home).status())) {
    return absl::NotFoundError(
        "an API server must be named: there is no --kubeconfig, no KUBECONFIG, no service account "
        "of a pod and no ~/.kube/config");
  }
  return FromFiles(at_home, /*skip_missing=*/false, sources.context_flag);
}

}  // namespace squall
