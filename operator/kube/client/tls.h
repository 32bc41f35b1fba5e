// TLS contexts that follow their files: CAs and client certificates are rotated under a running
// operator. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "operator/kube/client/kube_config.h"

namespace boost::asio::ssl {
class context;  // NOLINT(readability-identifier-naming): Asio's
}  // namespace boost::asio::ssl

namespace squall {

// PEM texts. An empty CA means the system's store, and nothing else is trusted besides a given one.
struct TlsMaterial {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  bool insecure_skip_verify = false;
  bool operator==(const TlsMaterial&) const = default;
};

using TlsContextPtr = std::shared_ptr<boost::asio::ssl::context>;

// A client context: TLS 1.2 or later, ALPN http/1.1. INVALID_ARGUMENT says which text is wrong; a
// key is never shown.
absl::StatusOr<TlsContextPtr> MakeTlsContext(const TlsMaterial& material);

class TlsKeeper final {
 public:
  struct Current {
    TlsContextPtr context;
    uint64_t generation = 0;  // a connection of an older one should not be used again
  };

  // `clock` outlives this.
  TlsKeeper(PemSource ca, PemSource certificate, PemSource key, bool insecure_skip_verify,
            const Clock* clock);

  // The files are read again when the last time is 50 s ago; if that fails, what they held stays.
  // A certificate and key of a plugin go before the configured ones. NOT_FOUND for a missing file
  // the first time, INVALID_ARGUMENT for text that is not PEM.
  absl::StatusOr<Current> Get(const std::string& plugin_certificate, const std::string& plugin_key);
  // After a failed handshake: the files may be newer than what we know.
  void ReadAgainSoon();
  // The CA as it was last read.
  std::string CaPem();

 private:
  absl::Status ReadFiles();

  const PemSource ca_, certificate_, key_;
  const bool insecure_skip_verify_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::optional<TimePoint> read_at_;  // these are guarded by mutex_
  TlsMaterial files_;
  TlsMaterial used_;
  Current current_;
};

}  // namespace squall
