#include "daemon/net/certificate.h"

#include <memory>

#include <absl/status/status.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

absl::Status OpenSslError(std::string_view doing) {
  char reason[256] = "unknown error";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof reason);
  }
  ERR_clear_error();
  return absl::InternalError(fmt::format("{}: {}", doing, reason));
}

std::string AlternativeNames(const CertificateSpec& spec) {
  std::string text;
  for (const std::string& name : spec.dns_names) {
    text += fmt::format("{}DNS:{}", text.empty() ? "" : ",", name);
  }
  for (const std::string& address : spec.ip_addresses) {
    text += fmt::format("{}IP:{}", text.empty() ? "" : ",", address);
  }
  return text;
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetSerial(X509* certificate) {
  unsigned char bytes[8];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    return false;
  }
  uint64_t serial = 1;
  for (const unsigned char byte : bytes) {
    serial = serial << 8 | byte;
  }
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

bool SetName(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool SetValidity(X509* certificate, Nanos valid_for, WallTime now) {
  using std::chrono::duration_cast;
  const time_t at = duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const time_t until = at + duration_cast<std::chrono::seconds>(valid_for).count();
  return ASN1_TIME_set(X509_getm_notBefore(certificate), at - 3600) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), until) != nullptr;
}

absl::StatusOr<CertificatePtr> MakeCertificate(const CertificateSpec& spec, EVP_PKEY* key,
                                               WallTime now) {
  CertificatePtr certificate(X509_new());
  const bool filled =
      certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      SetSerial(certificate.get()) && SetName(certificate.get(), spec.common_name) &&
      SetValidity(certificate.get(), spec.valid_for, now) &&
      X509_set_pubkey(certificate.get(), key) == 1;
  if (!filled) {
    return OpenSslError("fill the certificate");
  }
  // CA:TRUE, as `openssl req -x509` makes them: some clients accept nothing less as a trust anchor.
  const std::string names = AlternativeNames(spec);
  const bool extended =
      AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE") &&
      AddExtension(certificate.get(), NID_subject_key_identifier, "hash") &&
      (names.empty() || AddExtension(certificate.get(), NID_subject_alt_name, names));
  if (!extended) {
    return OpenSslError(fmt::format("add the names '{}' to the certificate", names));
  }
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) {
    return OpenSslError("sign the certificate");
  }
  return certificate;
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

absl::StatusOr<CertificatePair> MakeSelfSigned(const CertificateSpec& spec, WallTime now) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return OpenSslError("make a key");
  }
  CertificatePtr certificate;
  SQUALL_ASSIGN_OR_RETURN(certificate, MakeCertificate(spec, key.get(), now));
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  const bool written = certificate_text != nullptr && key_text != nullptr &&
                       PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
                       PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                                nullptr, nullptr) == 1;
  if (!written) {
    return OpenSslError("write the certificate");
  }
  return CertificatePair{Contents(certificate_text.get()), Contents(key_text.get())};
}

}  // namespace squall
