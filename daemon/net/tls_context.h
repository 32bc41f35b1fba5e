// The client side's TLS settings, shared by all connections of a shard. Resource; one thread uses
// its sessions, but the context itself may be shared (OpenSSL counts references atomically).
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

// OpenSSL's own names, so that includers need no OpenSSL header.
struct ssl_ctx_st;
struct ssl_st;

namespace squall {

struct TlsOptions {
  bool insecure_skip_verify = false;  // set it only against a test target you own
  std::string ca_pem;                 // trusted besides the system's store
  std::string client_cert_pem;        // chain, leaf first; both or neither
  std::string client_key_pem;
};

class TlsContext final {
 public:
  // INVALID_ARGUMENT says which PEM text is wrong and why; the key itself is never in a message.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A client session on `fd` that sends `server_name` (SNI) and verifies the certificate against
  // it, as a host name or an IP address. Null when OpenSSL has no memory. The caller frees it.
  ssl_st* NewSession(int fd, const std::string& server_name) const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* const context_;
};

}  // namespace squall
