// Credential plugins: a program that prints an ExecCredential. Started without a shell; its
// standard error is the operator's, its standard input is empty.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "operator/kube/api/kubeconfig.h"

namespace squall {

struct ExecCredential {
  std::string token;
  std::string client_certificate_pem;  // both or neither
  std::string client_key_pem;
  std::optional<WallTime> expires;
};

// What the plugin has printed. UNAUTHENTICATED says what is wrong, and shows none of it.
absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text,
                                                   std::string_view api_version);

// KUBERNETES_EXEC_INFO. `cluster` is included when the plugin asks for it; `ca_pem` is its CA.
std::string ExecInfo(const ExecPlugin& plugin, const KubeCluster& cluster,
                     const std::string& ca_pem);

// Runs the plugin to its end; blocking, for `timeout` at most. UNAUTHENTICATED when it cannot be
// started (with its install hint), fails, takes too long or prints something else.
absl::StatusOr<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const std::string& exec_info,
                                             Nanos timeout, const Clock* clock);

}  // namespace squall
