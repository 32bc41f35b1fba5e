#include "daemon/net/certificate.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace squall {
namespace {

const WallTime kNow(std::chrono::seconds(1'700'000'000));

std::unique_ptr<X509, decltype(&X509_free)> Read(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return {certificate, X509_free};
}

TEST(MakeSelfSignedTest, NamesTheHostsThatItIsFor) {
  const auto pair = MakeSelfSigned({}, kNow);
  ASSERT_TRUE(pair.ok()) << pair.status();
  const auto certificate = Read(pair->certificate_pem);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "example.org", 0, 0, nullptr), 0);
}

TEST(MakeSelfSignedTest, SignsItself) {
  const auto pair = MakeSelfSigned({}, kNow);
  ASSERT_TRUE(pair.ok()) << pair.status();
  const auto certificate = Read(pair->certificate_pem);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  EXPECT_NE(pair->key_pem.find("PRIVATE KEY"), std::string::npos);
}

TEST(MakeSelfSignedTest, IsValidAroundNow) {
  CertificateSpec spec;
  spec.valid_for = std::chrono::hours(1);
  const auto pair = MakeSelfSigned(spec, kNow);
  ASSERT_TRUE(pair.ok()) << pair.status();
  const auto certificate = Read(pair->certificate_pem);
  const auto at = [](int64_t offset) { return time_t{1'700'000'000 + offset}; };
  const ASN1_TIME* from = X509_get0_notBefore(certificate.get());
  const ASN1_TIME* until = X509_get0_notAfter(certificate.get());
  EXPECT_EQ(ASN1_TIME_cmp_time_t(from, at(-3600)), 0);
  EXPECT_EQ(ASN1_TIME_cmp_time_t(until, at(3600)), 0);
}

TEST(MakeSelfSignedTest, TwoAreNeverTheSame) {
  EXPECT_NE(MakeSelfSigned({}, kNow)->certificate_pem, MakeSelfSigned({}, kNow)->certificate_pem);
}

TEST(MakeSelfSignedTest, SaysWhichNamesCannotBeUsed) {
  CertificateSpec spec;
  spec.ip_addresses = {"not an address"};
  const auto pair = MakeSelfSigned(spec, kNow);
  ASSERT_FALSE(pair.ok());
  EXPECT_NE(pair.status().message().find("not an address"), std::string::npos) << pair.status();
}

}  // namespace
}  // namespace squall
