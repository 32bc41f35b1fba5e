#include "operator/kube/client/connection.h"

#include <string>
#include <thread>

#include <boost/asio/ssl/context.hpp>
#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "daemon/net/certificate.h"
#include "tests/operator/kube/client/scripted_server.h"

namespace squall {
namespace {

namespace http = boost::beast::http;

constexpr Nanos kPatience = std::chrono::seconds(60);
constexpr Nanos kNoPatience = std::chrono::milliseconds(20);
constexpr int64_t kBodyMax = 1 << 20;

KubeRoute RouteTo(const ScriptedApiServer& server) {
  return {*ParseServerUrl("server", server.Url()), std::nullopt, ""};
}

KubeRequest Request(std::string body = "") {
  KubeRequest request(http::verb::put, "/x", 11);
  request.set(http::field::host, "h");
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

// Everything from opening to the end of the body; the body, or the error.
std::string Talk(KubeConnection* connection, Nanos timeout = kPatience) {
  std::string body;
  HttpOutcome outcome = connection->reused() ? HttpOutcome{} : connection->Open(kPatience);
  if (outcome.status.ok()) {
    outcome = connection->Begin(Request(), timeout, kBodyMax);
  }
  if (outcome.status.ok()) {
    outcome = connection->ReadBody(&body);
  }
  return outcome.status.ok() ? body : std::string(outcome.status.message());
}

TEST(ConnectionTest, ServesOneRequestAfterAnother) {
  ScriptedApiServer server(Answering([](const auto&) { return AnswerText(200, "hello"); }));
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_FALSE(connection.reused());
  EXPECT_EQ(Talk(&connection), "hello");
  EXPECT_TRUE(connection.reused());
  EXPECT_TRUE(connection.Reusable());
  EXPECT_EQ(Talk(&connection), "hello");
  EXPECT_EQ(server.connections(), 1);
}

TEST(ConnectionTest, ReadsAnAnswerThatComesByteByByte) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->Read();
    peer->WriteOneByOne(StreamHead() + ChunkText("hel") + ChunkText("lo") +
                        std::string(kLastChunk));
    peer->Linger();
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "hello");
}

TEST(ConnectionTest, AHeadOfManyKilobytesIsRead) {
  const std::string header = "X-Long: " + std::string(40'000, 'x') + "\r\n";
  ScriptedApiServer server(Answering([&](const auto&) { return AnswerText(200, "{}", header); }));
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "{}");
}

TEST(ConnectionTest, ABodyBeyondTheLimitFails) {
  ScriptedApiServer server(
      Answering([](const auto&) { return AnswerText(200, std::string(kBodyMax + 1, 'x')); }));
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_NE(Talk(&connection).find("body limit"), std::string::npos);
  EXPECT_FALSE(connection.Reusable());
}

TEST(ConnectionTest, SaysThatTheServerAskedToClose) {
  ScriptedApiServer server(
      Answering([](const auto&) { return AnswerText(200, "x", "Connection: close\r\n"); }));
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "x");
  EXPECT_FALSE(connection.Reusable());
}

TEST(ConnectionTest, NoticesThatTheServerHasClosedMeanwhile) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(AnswerText(200, "x"));
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "x");
  while (connection.Reusable()) {
    std::this_thread::yield();
  }
}

TEST(ConnectionTest, ARefusedConnectionSaysSo) {
  auto server = std::make_unique<ScriptedApiServer>([](ScriptedPeer*) {});
  const KubeRoute route = RouteTo(*server);
  server.reset();
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "connect to " + route.server.HostPort() + ": Connection refused");
}

TEST(ConnectionTest, SilenceEndsInATimeout) {
  ScriptedApiServer server([](ScriptedPeer* peer) { peer->Linger(); });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection, kNoPatience), "read the answer: timed out");
}

TEST(ConnectionTest, AResetAndAnEarlyEndAreCuts) {
  for (const bool reset : {true, false}) {
    ScriptedApiServer server([reset](ScriptedPeer* peer) {
      peer->Read();
      if (reset) {
        peer->Reset();
      }
    });
    const KubeRoute route = RouteTo(server);
    KubeConnection connection(&route, {});
    ASSERT_TRUE(connection.Open(kPatience).status.ok());
    const HttpOutcome outcome = connection.Begin(Request(), kPatience, kBodyMax);
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(outcome.cut);
    EXPECT_FALSE(connection.answer_begun());
  }
}

TEST(ConnectionTest, ACutInsideAnAnswerIsKnownAsSuch) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write("HTTP/1.1 200 OK\r\nContent-Le");
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  ASSERT_TRUE(connection.Open(kPatience).status.ok());
  const HttpOutcome outcome = connection.Begin(Request(), kPatience, kBodyMax);
  EXPECT_TRUE(outcome.cut);
  EXPECT_TRUE(connection.answer_begun());
}

TEST(ConnectionTest, ReadsARefusalThatComesBeforeTheRequestIsSent) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->ReadRaw();
    peer->Write(AnswerText(413, "too large"));
    peer->Linger();
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  ASSERT_TRUE(connection.Open(kPatience).status.ok());
  const HttpOutcome outcome =
      connection.Begin(Request(std::string(8 << 20, 'x')), kPatience, kBodyMax);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(connection.head().result_int(), 413U);
}

TEST(ConnectionTest, StreamsWhatComesAndItsEnd) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(StreamHead() + ChunkText("one"));
    peer->WriteOneByOne(ChunkText("two") + std::string(kLastChunk));
    peer->Linger();
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  ASSERT_TRUE(connection.Open(kPatience).status.ok());
  ASSERT_TRUE(connection.Begin(Request(), kPatience, kBodyMax).status.ok());
  std::string all;
  std::string data;
  for (bool ended = false; !ended;) {
    const HttpOutcome outcome = connection.ReadSome(kPatience, &data, &ended);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    all += data;
  }
  EXPECT_EQ(all, "onetwo");
}

TEST(ConnectionTest, AStreamThatFallsSilentTimesOut) {
  ScriptedApiServer server([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write(StreamHead());
    peer->Linger();
  });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  ASSERT_TRUE(connection.Open(kPatience).status.ok());
  ASSERT_TRUE(connection.Begin(Request(), kPatience, kBodyMax).status.ok());
  std::string data;
  bool ended = false;
  EXPECT_EQ(std::string(connection.ReadSome(kNoPatience, &data, &ended).status.message()),
            "read: timed out");
}

TEST(ConnectionTest, AnotherThreadCanInterruptIt) {
  ScriptedApiServer server([](ScriptedPeer* peer) { peer->Linger(); });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  ASSERT_TRUE(connection.Open(kPatience).status.ok());
  std::thread other([&] { connection.Interrupt(); });
  EXPECT_EQ(connection.Begin(Request(), kPatience, kBodyMax).status.code(),
            absl::StatusCode::kCancelled);
  other.join();
  EXPECT_FALSE(connection.Reusable());
}

TEST(ConnectionTest, AnInterruptThatComesFirstCounts) {
  ScriptedApiServer server([](ScriptedPeer* peer) { peer->Linger(); });
  const KubeRoute route = RouteTo(server);
  KubeConnection connection(&route, {});
  connection.Interrupt();
  EXPECT_EQ(connection.Open(kPatience).status.code(), absl::StatusCode::kCancelled);
}

class ConnectionTlsTest : public testing::Test {
 protected:
  // "" or the error of a connection to a server that shows `shown`.
  static std::string Connect(const CertificatePair& shown, const TlsMaterial& material,
                             const std::string& name = "", const std::string& client_ca = "") {
    const ScriptedTls tls{shown.certificate_pem, shown.key_pem, client_ca};
    ScriptedApiServer server(Answering([](const auto&) { return AnswerText(200, "ok"); }), &tls);
    KubeRoute route = RouteTo(server);
    route.tls_server_name = name;
    KubeConnection connection(&route, {*MakeTlsContext(material), 1});
    return Talk(&connection);
  }
  static CertificatePair Pair(const CertificateSpec& spec = {}) {
    return *MakeSelfSigned(spec, SystemClock().Wall());
  }
};

TEST_F(ConnectionTlsTest, AnAddressIsVerifiedAgainstTheCertificatesAddresses) {
  const CertificatePair pair = Pair();
  EXPECT_EQ(Connect(pair, {pair.certificate_pem}), "ok");
  const CertificatePair elsewhere = Pair({"x", {"x"}, {"10.0.0.1"}});
  EXPECT_NE(Connect(elsewhere, {elsewhere.certificate_pem}).find("IP address mismatch"),
            std::string::npos);
}

TEST_F(ConnectionTlsTest, AServerNameTakesTheHostsPlace) {
  const CertificatePair pair = Pair({"kubernetes", {"kubernetes"}, {}});
  EXPECT_EQ(Connect(pair, {pair.certificate_pem}, "kubernetes"), "ok");
  EXPECT_NE(Connect(pair, {pair.certificate_pem}, "other").find("ostname mismatch"),
            std::string::npos);
}

TEST_F(ConnectionTlsTest, AnUnknownCaIsRefusedUnlessToldOtherwise) {
  const std::string error = Connect(Pair(), {Pair().certificate_pem});
  EXPECT_NE(error.find("cannot be trusted"), std::string::npos) << error;
  TlsMaterial careless;
  careless.insecure_skip_verify = true;
  EXPECT_EQ(Connect(Pair(), careless), "ok");
}

TEST_F(ConnectionTlsTest, ShowsItsOwnCertificate) {
  const CertificatePair server = Pair();
  const CertificatePair client = Pair({"me", {}, {}});
  EXPECT_EQ(Connect(server, {server.certificate_pem, client.certificate_pem, client.key_pem}, "",
                    client.certificate_pem),
            "ok");
  EXPECT_NE(Connect(server, {server.certificate_pem}, "", client.certificate_pem), "ok");
}

TEST(ConnectionProxyTest, AsksTheProxyForTheServer) {
  ScriptedApiServer proxy([](ScriptedPeer* peer) {
    peer->Read();
    peer->Write("HTTP/1.1 200 Connection established\r\n\r\n");
    peer->Read();
    peer->Write(AnswerText(200, "through"));
    peer->Linger();
  });
  KubeRoute route{*ParseServerUrl("server", "http://api.invalid:6443"),
                  *ParseServerUrl("proxy-url", proxy.Url()), ""};
  route.proxy->user = "me";
  route.proxy->password = "pw";
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "through");
  ASSERT_EQ(proxy.requests().size(), 2U);
  EXPECT_EQ(proxy.requests()[0].method, "CONNECT");
  EXPECT_EQ(proxy.requests()[0].target, "api.invalid:6443");
  EXPECT_EQ(proxy.requests()[0].Header("proxy-authorization"), "Basic bWU6cHc=");
}

TEST(ConnectionProxyTest, AProxyThatRefusesIsNamed) {
  ScriptedApiServer proxy(Answering([](const auto&) { return AnswerText(407, ""); }));
  const KubeRoute route{*ParseServerUrl("server", "http://api.invalid:6443"),
                        *ParseServerUrl("proxy-url", proxy.Url()), ""};
  KubeConnection connection(&route, {});
  EXPECT_EQ(Talk(&connection), "pass proxy " + route.proxy->HostPort() + ": it answered 407");
}

}  // namespace
}  // namespace squall
