#include "operator/kube/client/credentials.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/base/status_macros.h"
#include "operator/kube/client/small_file.h"

namespace squall {
namespace {

constexpr Nanos kTokenGoodFor = std::chrono::seconds(50);  // client-go: a minute less ten seconds
constexpr Nanos kPluginTimeout = std::chrono::seconds(60);

// A token becomes part of a header: a line break in it would forge another one.
bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

std::string FixedAuthorization(const KubeConfig& config) {
  if (!config.token.empty()) {
    return "Bearer " + config.token;
  }
  if (!config.username.empty()) {
    return "Basic " + EncodeBase64(fmt::format("{}:{}", config.username, config.password));
  }
  return "";
}

}  // namespace

KubeCredentials::KubeCredentials(const KubeConfig& config, const std::string& ca_pem,
                                 const Clock* clock)
    : token_file_(config.token_file),
      exec_(config.token_file.empty() && FixedAuthorization(config).empty() ? config.exec
                                                                            : std::nullopt),
      clock_(clock) {
  if (token_file_.empty() && !exec_) {
    current_.authorization = FixedAuthorization(config);
  }
  if (exec_) {
    KubeCluster cluster;
    cluster.server = config.server;
    cluster.tls_server_name = config.tls_server_name;
    cluster.insecure_skip_tls_verify = config.insecure_skip_tls_verify;
    cluster.proxy_url = config.proxy_url;
    exec_info_ = ExecInfo(*exec_, cluster, ca_pem);
  }
}

absl::StatusOr<KubeCredentials::Current> KubeCredentials::Get() {
  const std::lock_guard lock(mutex_);
  SQUALL_RETURN_IF_ERROR(Renew());
  return current_;
}

bool KubeCredentials::Refused(uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (token_file_.empty() && !exec_) {
    return false;
  }
  if (generation == current_.generation) {
    read_at_.reset();
  }
  return true;
}

absl::Status KubeCredentials::Renew() {
  if (exec_) {
    const bool expired = expires_at_ && clock_->Wall() >= *expires_at_;
    return read_at_ && !expired ? absl::OkStatus() : RunPlugin();
  }
  if (token_file_.empty() || (read_at_ && clock_->Now() - *read_at_ < kTokenGoodFor)) {
    return absl::OkStatus();
  }
  return ReadTokenFile();
}

absl::Status KubeCredentials::ReadTokenFile() {
  const absl::StatusOr<std::string> text = ReadSmallFile(token_file_);
  absl::Status status = text.status();
  if (text.ok()) {
    const size_t end = text->find_last_not_of(" \t\r\n");
    const std::string token = text->substr(0, end == std::string::npos ? 0 : end + 1);
    if (token.empty() || !IsHeaderText(token)) {
      status = absl::InvalidArgumentError(
          fmt::format("token file '{}' must hold one token", token_file_));
    } else {
      current_.authorization = "Bearer " + token;
      ++current_.generation;
    }
  }
  if (!status.ok() && current_.authorization.empty()) {
    return status;
  }
  read_at_ = clock_->Now();
  return absl::OkStatus();
}

absl::Status KubeCredentials::RunPlugin() {
  SQUALL_ASSIGN_OR_RETURN(const ExecCredential credential,
                          RunExecPlugin(*exec_, exec_info_, kPluginTimeout, clock_));
  if (!IsHeaderText(credential.token)) {
    return absl::UnauthenticatedError(
        fmt::format("credential plugin '{}' must print a token of one line", exec_->command));
  }
  current_.authorization = credential.token.empty() ? "" : "Bearer " + credential.token;
  current_.client_certificate_pem = credential.client_certificate_pem;
  current_.client_key_pem = credential.client_key_pem;
  ++current_.generation;
  expires_at_ = credential.expires;
  read_at_ = clock_->Now();
  return absl::OkStatus();
}

}  // namespace squall
