#include "daemon/target/tls_context.h"

#include <absl/status/status.h>
#include <boost/asio/buffer.hpp>
#include <fmt/format.h>

namespace squall {

namespace asio = boost::asio;
using boost::system::error_code;

absl::StatusOr<std::unique_ptr<asio::ssl::context>> MakeTargetTlsContext(const TargetTls& tls) {
  if (tls.certificate_pem.empty()) {
    return nullptr;
  }
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  constexpr auto kOptions = asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv3 |
                            asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1;
  if (context->set_options(kOptions, error)) {
    return absl::InternalError(fmt::format("set TLS options: {}", error.message()));
  }
  if (context->use_certificate_chain(asio::buffer(tls.certificate_pem), error)) {
    return absl::InvalidArgumentError(
        fmt::format("the certificate must be a PEM chain: {}", error.message()));
  }
  if (context->use_private_key(asio::buffer(tls.key_pem), asio::ssl::context::pem, error) ||
      SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return absl::InvalidArgumentError(
        fmt::format("the key must be a PEM private key that fits the certificate: {}",
                    error ? error.message() : "it is another certificate's"));
  }
  if (!tls.client_ca_pem.empty()) {
    if (context->add_certificate_authority(asio::buffer(tls.client_ca_pem), error)) {
      return absl::InvalidArgumentError(
          fmt::format("the client CA must be a PEM certificate: {}", error.message()));
    }
    constexpr auto kVerify = asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert;
    if (context->set_verify_mode(kVerify, error)) {
      return absl::InternalError(fmt::format("require client certificates: {}", error.message()));
    }
    // Resuming a session of a client that showed a certificate needs this; any bytes will do.
    constexpr unsigned char kSessionId[] = "squall-target";
    SSL_CTX_set_session_id_context(context->native_handle(), kSessionId, sizeof kSessionId - 1);
  }
  return context;
}

}  // namespace squall
