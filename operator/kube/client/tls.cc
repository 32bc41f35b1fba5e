#include "operator/kube/client/tls.h"

#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include "daemon/base/status_macros.h"
#include "operator/kube/client/small_file.h"

namespace squall {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr Nanos kFilesGoodFor = std::chrono::seconds(50);  // client-go: a minute less ten seconds

asio::const_buffer BufferOf(const std::string& text) { return asio::buffer(text); }

absl::Status PemError(std::string_view what, const error_code& error) {
  return absl::InvalidArgumentError(fmt::format("{} must be PEM: {}", what, error.message()));
}

// Without this, OpenSSL asks the terminal for the passphrase of an encrypted key, and waits.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<std::string> ReadPem(const PemSource& source) {
  if (!source.pem.empty() || source.file.empty()) {
    return source.pem;
  }
  return ReadSmallFile(source.file);
}

}  // namespace

absl::StatusOr<TlsContextPtr> MakeTlsContext(const TlsMaterial& material) {
  // Made by hand: the constructor of ssl::context throws, and there is no other.
  SSL_CTX* const raw = SSL_CTX_new(TLS_client_method());
  if (raw == nullptr) {
    return absl::ResourceExhaustedError("no memory for a TLS context");
  }
  auto context = std::make_shared<ssl::context>(raw);
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_default_passwd_cb(raw, NoPassphrase);
  // The framing of an answer tells whether it is complete; close_notify is often left out.
  SSL_CTX_set_options(raw, SSL_OP_IGNORE_UNEXPECTED_EOF);
  constexpr std::string_view kAlpn = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(raw, reinterpret_cast<const unsigned char*>(kAlpn.data()),
                          static_cast<unsigned>(kAlpn.size()));
  error_code error;
  context->set_verify_mode(material.insecure_skip_verify ? ssl::verify_none : ssl::verify_peer,
                           error);
  if (material.ca_pem.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->add_certificate_authority(BufferOf(material.ca_pem), error);
    if (error) {
      return PemError("the certificate authority", error);
    }
  }
  if (material.certificate_pem.empty() && material.key_pem.empty()) {
    return context;
  }
  context->use_certificate_chain(BufferOf(material.certificate_pem), error);
  if (error) {
    return PemError("the client certificate", error);
  }
  context->use_private_key(BufferOf(material.key_pem), ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(raw) != 1) {
    return absl::InvalidArgumentError(
        "the client key must be the PEM private key of the client certificate, without a "
        "passphrase");
  }
  return context;
}

TlsKeeper::TlsKeeper(PemSource ca, PemSource certificate, PemSource key, bool insecure_skip_verify,
                     const Clock* clock)
    : ca_(std::move(ca)),
      certificate_(std::move(certificate)),
      key_(std::move(key)),
      insecure_skip_verify_(insecure_skip_verify),
      clock_(clock) {}

absl::StatusOr<TlsKeeper::Current> TlsKeeper::Get(const std::string& plugin_certificate,
                                                  const std::string& plugin_key) {
  const std::lock_guard lock(mutex_);
  const TimePoint now = clock_->Now();
  if (!read_at_ || now - *read_at_ >= kFilesGoodFor) {
    const absl::Status status = ReadFiles();
    if (!status.ok() && current_.context == nullptr) {
      return status;
    }
    read_at_ = now;
  }
  TlsMaterial wanted = files_;
  if (!plugin_certificate.empty()) {
    wanted.certificate_pem = plugin_certificate;
    wanted.key_pem = plugin_key;
  }
  if (current_.context != nullptr && wanted == used_) {
    return current_;
  }
  absl::StatusOr<TlsContextPtr> made = MakeTlsContext(wanted);
  if (made.ok()) {
    used_ = std::move(wanted);
    current_ = {*std::move(made), current_.generation + 1};
  } else if (current_.context == nullptr || !plugin_certificate.empty()) {
    return made.status();
  }
  // Else the files are half written: a certificate and its key are not replaced in one go.
  return current_;
}

void TlsKeeper::ReadAgainSoon() {
  const std::lock_guard lock(mutex_);
  read_at_.reset();
}

std::string TlsKeeper::CaPem() {
  const std::lock_guard lock(mutex_);
  return files_.ca_pem;
}

absl::Status TlsKeeper::ReadFiles() {
  TlsMaterial read;
  read.insecure_skip_verify = insecure_skip_verify_;
  SQUALL_ASSIGN_OR_RETURN(read.ca_pem, ReadPem(ca_));
  SQUALL_ASSIGN_OR_RETURN(read.certificate_pem, ReadPem(certificate_));
  SQUALL_ASSIGN_OR_RETURN(read.key_pem, ReadPem(key_));
  files_ = std::move(read);
  return absl::OkStatus();
}

}  // namespace squall
