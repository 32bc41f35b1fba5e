#include "daemon/target/tls_context.h"

#include <gtest/gtest.h>

#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

CertificatePair Certificate(const std::string& name = "localhost") {
  CertificateSpec spec;
  spec.common_name = name;
  const auto pair = MakeSelfSigned(spec, SystemClock().Wall());
  EXPECT_TRUE(pair.ok()) << pair.status();
  return *pair;
}

TargetServerOptions WithTls(const CertificatePair& pair, const std::string& client_ca = "") {
  TargetServerOptions options;
  options.tls = {pair.certificate_pem, pair.key_pem, client_ca};
  return options;
}

TEST(TargetTlsTest, WithoutACertificateThereIsNoTls) {
  const auto context = MakeTargetTlsContext({});
  ASSERT_TRUE(context.ok());
  EXPECT_EQ(*context, nullptr);
}

TEST(TargetTlsTest, SaysWhichPemCannotBeUsed) {
  const CertificatePair pair = Certificate();
  const struct {
    TargetTls tls;
    const char* complaint;
  } rows[] = {
      {{"nonsense", pair.key_pem, ""}, "the certificate must be"},
      {{pair.certificate_pem, "nonsense", ""}, "the key must be"},
      {{pair.certificate_pem, Certificate().key_pem, ""}, "fits the certificate"},
      {{pair.certificate_pem, pair.key_pem, "nonsense"}, "the client CA must be"},
  };
  for (const auto& row : rows) {
    const auto context = MakeTargetTlsContext(row.tls);
    ASSERT_FALSE(context.ok()) << row.complaint;
    EXPECT_EQ(context.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(context.status().message().find(row.complaint), std::string::npos)
        << context.status();
  }
}

TEST(TargetTlsTest, ServesThoseWhoTrustTheCertificate) {
  const CertificatePair pair = Certificate();
  const RunningTarget target(WithTls(pair));
  TestClient client(target.port(), TestTls{pair.certificate_pem, {}});
  ASSERT_EQ(client.error(), "");
  EXPECT_EQ(StatusOf(client.Ask(Get("/products/1"))), 200);
  EXPECT_EQ(BodyOf(client.Ask(Get("/bytes/1000000"))), std::string(1'000'000, 'x'));
  ASSERT_TRUE(client.Send(Get("/close")));
  EXPECT_EQ(BodyOf(client.ReadUntilClose()), R"({"framing":"until close"})");
}

TEST(TargetTlsTest, AStrangersCertificateIsNotTrusted) {
  const RunningTarget target(WithTls(Certificate()));
  const TestClient client(target.port(), TestTls{Certificate().certificate_pem, {}});
  EXPECT_NE(client.error().find("certificate verify failed"), std::string::npos) << client.error();
}

TEST(TargetTlsTest, PlainTextGetsNoAnswer) {
  const RunningTarget target(WithTls(Certificate()));
  TestClient client(target.port());
  ASSERT_TRUE(client.Send(Get("/products")));
  EXPECT_EQ(StatusOf(client.ReadUntilClose()), 0);
  EXPECT_EQ(target.counters.TotalRequests(), 0U);
}

TEST(TargetTlsTest, ClientsMustShowTheirCertificateWhenOneIsRequired) {
  const CertificatePair server = Certificate();
  const CertificatePair known = Certificate("known client");
  const RunningTarget target(WithTls(server, known.certificate_pem));

  TestClient welcome(target.port(), TestTls{server.certificate_pem, known});
  EXPECT_EQ(StatusOf(welcome.Ask(Get("/products/1"))), 200);

  // In TLS 1.3 the refusal arrives after the client's side of the handshake is done.
  TestClient nameless(target.port(), TestTls{server.certificate_pem, {}});
  EXPECT_EQ(StatusOf(nameless.Ask(Get("/products/1"))), 0);
  TestClient stranger(target.port(), TestTls{server.certificate_pem, Certificate("stranger")});
  EXPECT_EQ(StatusOf(stranger.Ask(Get("/products/1"))), 0);
  EXPECT_EQ(target.counters.TotalRequests(), 1U);
}

}  // namespace
}  // namespace squall
