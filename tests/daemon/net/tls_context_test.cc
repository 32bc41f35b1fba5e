#include "daemon/net/tls_context.h"

#include <array>
#include <future>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "daemon/net/certificate.h"
#include "tests/daemon/net/peer.h"
#include "tests/daemon/net/stream_fixture.h"

namespace squall {
namespace {

CertificatePair MakeCertificate(const CertificateSpec& spec = {}, Nanos from_now = Nanos(0)) {
  const auto pair = MakeSelfSigned(spec, SystemClock().Wall() + from_now);
  EXPECT_TRUE(pair.ok()) << pair.status();
  return pair.value_or(CertificatePair{});
}

const CertificatePair& ServerIdentity() {
  static const CertificatePair pair = MakeCertificate();
  return pair;
}

std::string EncryptedKey() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  unsigned char secret[] = "secret";
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(),
                                          reinterpret_cast<char*>(secret), 6, nullptr, nullptr),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

TEST(TlsContextTest, NeedsNoOptions) { EXPECT_TRUE(TlsContext::Make({}).ok()); }

TEST(TlsContextTest, TakesSeveralCertificatesWithTextBetweenThem) {
  TlsOptions options;
  options.ca_pem = "the first:\n" + MakeCertificate().certificate_pem + "\nthe second:\n" +
                   MakeCertificate().certificate_pem + "the end\n";
  const auto context = TlsContext::Make(options);
  EXPECT_TRUE(context.ok()) << context.status();
}

TEST(TlsContextTest, SaysWhichTextIsWrong) {
  const CertificatePair& good = ServerIdentity();
  const std::string broken =
      "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
  const CertificatePair other = MakeCertificate();
  const std::string key_must =
      "client key must be the PEM private key of the client certificate, without a passphrase: ";
  const struct {
    const char* what;
    TlsOptions options;
    std::string message;  // its beginning: OpenSSL's own words follow
  } rows[] = {
      {"a CA that is no PEM", {.ca_pem = "hello"}, "CA file must hold PEM certificates: "},
      {"a CA that is a key", {.ca_pem = good.key_pem}, "CA file must hold PEM certificates: "},
      {"a block with rubbish inside", {.ca_pem = broken}, "CA file must hold PEM certificates: "},
      {"a good CA before a bad one",
       {.ca_pem = good.certificate_pem + broken},
       "CA file must hold PEM certificates, number 2 cannot be read: "},
      {"a certificate without its key",
       {.client_cert_pem = good.certificate_pem},
       "client certificate and key must be given together, there is only the certificate"},
      {"a key without its certificate",
       {.client_key_pem = good.key_pem},
       "client certificate and key must be given together, there is only the key"},
      {"a client certificate that is no PEM",
       {.client_cert_pem = "hello", .client_key_pem = good.key_pem},
       "client certificate must hold PEM certificates: "},
      {"a key that is no PEM",
       {.client_cert_pem = good.certificate_pem, .client_key_pem = "hello"},
       key_must},
      {"the key of another certificate",
       {.client_cert_pem = good.certificate_pem, .client_key_pem = other.key_pem},
       key_must + "key values mismatch"},
      {"a key with a passphrase, which must not be asked for",
       {.client_cert_pem = good.certificate_pem, .client_key_pem = EncryptedKey()},
       key_must},
  };
  for (const auto& row : rows) {
    const auto context = TlsContext::Make(row.options);
    ASSERT_FALSE(context.ok()) << row.what;
    EXPECT_EQ(context.status().code(), absl::StatusCode::kInvalidArgument) << row.what;
    const std::string message(context.status().message());
    EXPECT_EQ(message.substr(0, row.message.size()), row.message) << row.what;
    EXPECT_EQ(message.find('\n'), std::string::npos) << row.what;
    EXPECT_EQ(message.find("PRIVATE KEY"), std::string::npos) << row.what;
  }
}

// Handshakes with a real OpenSSL server on loopback.
class TlsStreamTest : public StreamFixture {
 protected:
  std::unique_ptr<TlsContext> Client(const TlsOptions& options) {
    auto context = TlsContext::Make(options);
    EXPECT_TRUE(context.ok()) << context.status();
    return *std::move(context);
  }
  TlsOptions Trusting(const CertificatePair& identity) {
    TlsOptions options;
    options.ca_pem = identity.certificate_pem;
    return options;
  }
  // The error of a handshake with a server that has `identity`.
  NetError HandshakeWith(const CertificatePair& identity, const TlsOptions& options,
                         const std::string& server_name) {
    Peer peer([&identity](int fd) {
      ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""}, [](SSL*) {});
    });
    NetError error = Connect(peer.endpoint());
    if (error.ok()) {
      error = Handshake(*Client(options), server_name);
    }
    stream.Close();
    return error;
  }
  void ExpectTlsError(const NetError& error, const std::string& text) {
    EXPECT_EQ(error.kind, NetError::Kind::kTls);
    EXPECT_EQ(error.text, text);
  }
};

void Say(SSL* session, const std::string& text) {
  SSL_write(session, text.data(), static_cast<int>(text.size()));
}
std::string Hear(SSL* session, size_t size) {
  std::string text(size, '\0');
  size_t got = 0;
  while (got < size) {
    const int count = SSL_read(session, text.data() + got, static_cast<int>(size - got));
    if (count <= 0) {
      break;
    }
    got += static_cast<size_t>(count);
  }
  text.resize(got);
  return text;
}

TEST_F(TlsStreamTest, TrustsTheAuthorityThatItWasGiven) {
  const CertificatePair& identity = ServerIdentity();
  Peer peer([&identity](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""}, [](SSL* session) {
      const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
      Say(session, Hear(session, 4) + " " + (name == nullptr ? "nobody" : name));
    });
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client(Trusting(identity));
  const NetError error = Handshake(*context, "localhost");
  ASSERT_TRUE(error.ok()) << error.text;
  EXPECT_TRUE(stream.tls());
  EXPECT_TRUE(Write("ping"));
  EXPECT_EQ(Read(14), "ping localhost") << "the server name must be sent";
  stream.Close();
  EXPECT_FALSE(stream.tls());
}

TEST_F(TlsStreamTest, VerifiesAnAddressAndSendsNoServerNameThen) {
  const CertificatePair& identity = ServerIdentity();
  Peer peer([&identity](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""}, [](SSL* session) {
      const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
      Say(session, name == nullptr ? "nobody" : name);
    });
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client(Trusting(identity));
  const NetError error = Handshake(*context, "127.0.0.1");
  ASSERT_TRUE(error.ok()) << error.text;
  EXPECT_EQ(Read(6), "nobody");
}

TEST_F(TlsStreamTest, SaysWhyACertificateIsNotTrusted) {
  const CertificatePair& good = ServerIdentity();
  const std::string prefix = "TLS: certificate not trusted: ";
  ExpectTlsError(HandshakeWith(good, {}, "localhost"), prefix + "self-signed certificate");
  ExpectTlsError(
      HandshakeWith(good, Trusting(MakeCertificate({.common_name = "another"})), "localhost"),
      prefix + "self-signed certificate");
  ExpectTlsError(HandshakeWith(good, Trusting(good), "example.org"), prefix + "hostname mismatch");
  ExpectTlsError(HandshakeWith(good, Trusting(good), "127.0.0.2"), prefix + "IP address mismatch");
  const CertificatePair old = MakeCertificate({}, -std::chrono::hours(24 * 365));
  ExpectTlsError(HandshakeWith(old, Trusting(old), "localhost"),
                 prefix + "certificate has expired");
  const CertificatePair early = MakeCertificate({}, std::chrono::hours(24 * 365));
  ExpectTlsError(HandshakeWith(early, Trusting(early), "localhost"),
                 prefix + "certificate is not yet valid");
}

TEST_F(TlsStreamTest, VerifiesNothingWhenToldSo) {
  TlsOptions options;
  options.insecure_skip_verify = true;
  EXPECT_TRUE(HandshakeWith(ServerIdentity(), options, "example.org").ok());
}

TEST_F(TlsStreamTest, ShowsItsClientCertificate) {
  const CertificatePair& identity = ServerIdentity();
  const CertificatePair client = MakeCertificate({.common_name = "loader", .dns_names = {}});
  Peer peer([&](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, client.certificate_pem},
             [](SSL* session) { Say(session, "welcome"); });
  });
  TlsOptions options = Trusting(identity);
  options.client_cert_pem = client.certificate_pem;
  options.client_key_pem = client.key_pem;
  const auto context = Client(options);
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const NetError error = Handshake(*context, "localhost");
  ASSERT_TRUE(error.ok()) << error.text;
  EXPECT_EQ(Read(7), "welcome");
}

// In TLS 1.3 the client's handshake is over before the server looks at the certificate, so the
// refusal comes with the first read.
class RefusedClientTest : public TlsStreamTest {
 protected:
  NetError FirstError(const TlsOptions& options) {
    const CertificatePair& identity = ServerIdentity();
    const CertificatePair wanted = MakeCertificate({.common_name = "loader", .dns_names = {}});
    Peer peer([&](int fd) {
      EXPECT_FALSE(ServeTls(
          fd, {identity.certificate_pem, identity.key_pem, wanted.certificate_pem}, [](SSL*) {}));
    });
    const auto context = Client(options);
    EXPECT_TRUE(Connect(peer.endpoint()).ok());
    NetError error = Handshake(*context, "localhost");
    if (error.ok()) {
      EXPECT_EQ(Read(1), "");
      EXPECT_EQ(last.kind, IoResult::Kind::kError);
      EXPECT_EQ(last.error, 0);
      error = stream.TlsError();
    }
    stream.Close();
    return error;
  }
};

TEST_F(RefusedClientTest, WithoutACertificateTheServersReasonIsTold) {
  ExpectTlsError(FirstError(Trusting(ServerIdentity())), "TLS: tlsv13 alert certificate required");
}

TEST_F(RefusedClientTest, AStrangersCertificateIsRefused) {
  const CertificatePair stranger = MakeCertificate({.common_name = "stranger", .dns_names = {}});
  TlsOptions options = Trusting(ServerIdentity());
  options.client_cert_pem = stranger.certificate_pem;
  options.client_key_pem = stranger.key_pem;
  ExpectTlsError(FirstError(options), "TLS: tlsv1 alert unknown ca");
}

TEST_F(RefusedClientTest, AServerThatWasNotVerifiedIsNotBlamed) {
  TlsOptions options;
  options.insecure_skip_verify = true;
  ExpectTlsError(FirstError(options), "TLS: tlsv13 alert certificate required");
}

TEST_F(TlsStreamTest, APeerThatSpeaksPlainTextIsATlsError) {
  Peer peer([](int fd) {
    SendAll(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    ReceiveExactly(fd, 1 << 20);
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client({});
  ExpectTlsError(Handshake(*context, "localhost"), "TLS: wrong version number");
  stream.Close();
}

TEST_F(TlsStreamTest, APeerThatClosesInTheHandshakeIsATlsError) {
  Peer peer([](int fd) { ReceiveExactly(fd, 10); });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client({});
  const NetError error = Handshake(*context, "localhost");
  // Unread bytes at the close turn it into a reset.
  EXPECT_TRUE(error.text == "TLS: connection closed in the handshake" ||
              error.text == "connection reset by peer")
      << error.text;
}

TEST_F(TlsStreamTest, APeerThatHearsAndClosesIsNotAReset) {
  Peer peer([](int fd) {
    shutdown(fd, SHUT_WR);
    ReceiveExactly(fd, 1 << 20);
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client({});
  ExpectTlsError(Handshake(*context, "localhost"), "TLS: connection closed in the handshake");
  stream.Close();
}

TEST_F(TlsStreamTest, AConnectionThatIsCutAfterSomeDataIsClosed) {
  const CertificatePair& identity = ServerIdentity();
  Peer peer([&identity](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""},
             [](SSL* session) { Say(session, "half a rep"); });  // no close_notify follows
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client(Trusting(identity));
  ASSERT_TRUE(Handshake(*context, "localhost").ok());
  EXPECT_EQ(Read(100), "half a rep");
  EXPECT_EQ(last.kind, IoResult::Kind::kClosed);
  EXPECT_FALSE(stream.Reusable());
}

TEST_F(TlsStreamTest, ACloseNotifyIsAClose) {
  const CertificatePair& identity = ServerIdentity();
  Peer peer([&identity](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""}, [](SSL* session) {
      Say(session, "done");
      SSL_shutdown(session);
    });
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client(Trusting(identity));
  ASSERT_TRUE(Handshake(*context, "localhost").ok());
  EXPECT_EQ(Read(100), "done");
  EXPECT_EQ(last.kind, IoResult::Kind::kClosed);
}

TEST_F(TlsStreamTest, MovesMuchDataBothWaysThroughFullBuffers) {
  const CertificatePair& identity = ServerIdentity();
  const std::string up = PatternText(16 << 20);
  const std::string down = PatternText(3 << 20);
  std::promise<void> blocked;
  std::string received;
  Peer peer([&](int fd) {
    ServeTls(fd, {identity.certificate_pem, identity.key_pem, ""}, [&](SSL* session) {
      blocked.get_future().wait();
      received = Hear(session, up.size());
      Say(session, down);
    });
  });
  ASSERT_TRUE(Connect(peer.endpoint()).ok());
  const auto context = Client(Trusting(identity));
  ASSERT_TRUE(Handshake(*context, "localhost").ok());
  bool did_block = false;
  on_write_blocks = [&] {
    did_block = true;
    blocked.set_value();
  };
  EXPECT_TRUE(Write(up));
  EXPECT_TRUE(did_block);
  EXPECT_TRUE(Read(down.size()) == down);
  EXPECT_TRUE(received == up);
}

}  // namespace
}  // namespace squall
