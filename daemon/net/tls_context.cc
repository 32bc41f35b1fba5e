#include "daemon/net/tls_context.h"

#include <arpa/inet.h>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PemBio = std::unique_ptr<BIO, BioDeleter>;
using X509Ptr = std::unique_ptr<X509, X509Deleter>;

std::string LastError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no PEM block found" : reason;
}

PemBio OpenPem(const std::string& pem) {
  return PemBio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Without this, OpenSSL asks the terminal for the passphrase of an encrypted key, and waits.
int NoPassphrase(char*, int, int, void*) { return -1; }

// All certificates of a text, with whatever stands between them. INVALID_ARGUMENT for a block that
// is broken, or when there is none.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view what,
                                                      const std::string& pem) {
  std::vector<X509Ptr> certificates;
  const PemBio bio = OpenPem(pem);
  while (true) {
    X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (certificate == nullptr) {
      break;
    }
    certificates.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = LastError();
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{} must hold PEM certificates: {}", what, reason));
  }
  if (!at_end) {
    return absl::InvalidArgumentError(
        fmt::format("{} must hold PEM certificates, number {} cannot be read: {}", what,
                    certificates.size() + 1, reason));
  }
  return certificates;
}

absl::Status AddTrusted(SSL_CTX* context, const std::string& pem) {
  SQUALL_ASSIGN_OR_RETURN(const std::vector<X509Ptr> trusted, ReadCertificates("CA file", pem));
  for (const X509Ptr& certificate : trusted) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  return absl::OkStatus();
}

absl::Status UseClientCertificate(SSL_CTX* context, const TlsOptions& options) {
  SQUALL_ASSIGN_OR_RETURN(const std::vector<X509Ptr> chain,
                          ReadCertificates("client certificate", options.client_cert_pem));
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return absl::InvalidArgumentError(
        fmt::format("client certificate must be usable: {}", LastError()));
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, chain[i].get());
  }
  const PemBio bio = OpenPem(options.client_key_pem);
  const std::unique_ptr<EVP_PKEY, KeyDeleter> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return absl::InvalidArgumentError(
        fmt::format("client key must be the PEM private key of the client certificate, without a "
                    "passphrase: {}",
                    LastError()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Make(const TlsOptions& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) {
    return absl::InternalError(fmt::format("SSL_CTX_new: {}", LastError()));
  }
  std::unique_ptr<TlsContext> result(new TlsContext(context));  // private constructor
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Servers that cut the connection without close_notify are common; the reply's own framing
  // tells whether it was complete.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  constexpr std::string_view kAlpn = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(kAlpn.data()),
                          static_cast<unsigned>(kAlpn.size()));
  if (options.insecure_skip_verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_verify_paths(context);
  }
  if (!options.ca_pem.empty()) {
    SQUALL_RETURN_IF_ERROR(AddTrusted(context, options.ca_pem));
  }
  if (options.client_cert_pem.empty() != options.client_key_pem.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("client certificate and key must be given together, there is only the {}",
                    options.client_key_pem.empty() ? "certificate" : "key"));
  }
  if (!options.client_cert_pem.empty()) {
    SQUALL_RETURN_IF_ERROR(UseClientCertificate(context, options));
  }
  return result;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

ssl_st* TlsContext::NewSession(int fd, const std::string& server_name) const {
  SSL* session = SSL_new(context_);
  if (session == nullptr || SSL_set_fd(session, fd) != 1) {
    SSL_free(session);
    return nullptr;
  }
  in6_addr address{};
  const bool is_ip = inet_pton(AF_INET, server_name.c_str(), &address) == 1 ||
                     inet_pton(AF_INET6, server_name.c_str(), &address) == 1;
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), server_name.c_str());
  } else {
    SSL_set_tlsext_host_name(session, server_name.c_str());
    SSL_set1_host(session, server_name.c_str());
  }
  SSL_set_connect_state(session);
  return session;
}

}  // namespace squall
