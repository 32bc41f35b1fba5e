// Who we say we are: the Authorization header, from a token, a file that is rotated, a password or
// a plugin. Thread-safe; a call may block on a file or a plugin.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "operator/kube/client/exec_plugin.h"
#include "operator/kube/client/kube_config.h"

namespace squall {

class KubeCredentials final {
 public:
  struct Current {
    std::string authorization;  // "Bearer …"; "" when the certificate alone says it, or nobody does
    std::string client_certificate_pem, client_key_pem;  // of a plugin
    uint64_t generation = 0;
  };

  // `clock` outlives this. `ca_pem` is for a plugin that asks about the cluster.
  KubeCredentials(const KubeConfig& config, const std::string& ca_pem, const Clock* clock);

  // A token file is read again when the last time is 50 s ago; if that fails, the old token stays.
  // A plugin runs again when its credential has expired. Else NOT_FOUND for the file,
  // INVALID_ARGUMENT for a token that is no token, UNAUTHENTICATED for the plugin.
  absl::StatusOr<Current> Get();
  // The server answered 401 to that generation: what is newer is not touched. True when there is
  // something to read or run again, so that another attempt makes sense.
  bool Refused(uint64_t generation);

 private:
  absl::Status Renew();
  absl::Status ReadTokenFile();
  absl::Status RunPlugin();

  const std::string token_file_;
  const std::optional<ExecPlugin> exec_;
  std::string exec_info_;
  const Clock* const clock_;
  std::mutex mutex_;
  Current current_;                     // these are guarded by mutex_
  std::optional<TimePoint> read_at_;    // of a token file or plugin; reset: renew
  std::optional<WallTime> expires_at_;  // of a plugin's credential
};

}  // namespace squall
