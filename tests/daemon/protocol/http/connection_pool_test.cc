// How connections are opened, and every way in which that fails.
#include "daemon/protocol/http/connection_pool.h"

#include <chrono>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/net/certificate.h"
#include "tests/daemon/protocol/http/lone_user.h"
#include "tests/daemon/protocol/http/scripted_server.h"
#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

using std::chrono::milliseconds;

// ---- TCP -----------------------------------------------------------------------------------

TEST(ConnectionPoolTest, AConnectionIsOpenedOnceAndKept) {
  ScriptedServer server({Answers({Reply("200 OK", ""), Reply("200 OK", "")})});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(user.total().times.connect.count(), 1U);
  EXPECT_EQ(user.total().times.dns.count(), 0U) << "an address needs no look-up";
}

TEST(ConnectionPoolTest, EachUserHasItsOwnConnection) {
  ScriptedServer server({Once(Reply("200 OK", "")), Once(Reply("200 OK", ""))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.RunAsOther(GetStep("/")));
  EXPECT_EQ(server.connections(), 2);
}

TEST(ConnectionPoolTest, AConnectionThatThePeerHasClosedIsNotUsedAgain) {
  ScriptedServer server({Once(Reply("200 OK", ""))});
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  server.Join();
  user.TurnLoop();
  // A new connection was tried; on the old one a POST would fail as "closed" or "reset".
  EXPECT_FALSE(user.Run(PostStep("/", "x")));
  EXPECT_EQ(user.failures(), "1x connection refused");
}

TEST(ConnectionPoolTest, ARefusedConnectionIsAFailureOfTheTarget) {
  LoneUser user(fmt::format("http://127.0.0.1:{}", ClosedPort()));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x connection refused");
  EXPECT_EQ(user.total().bytes_sent, 0U);
  EXPECT_EQ(user.total().service.count(), 1U);
}

TEST(ConnectionPoolTest, ANameIsLookedUpOnceAndItsAddressesTriedInTurn) {
  ScriptedServer server({Once(Reply("200 OK", "")), Once(Reply("200 OK", ""))});
  // Where localhost is ::1 first, that is refused and 127.0.0.1 answers.
  LoneUser user(fmt::format("http://localhost:{}", server.port()));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_TRUE(user.RunAsOther(GetStep("/")));
  EXPECT_EQ(user.total().times.dns.count(), 1U);
  EXPECT_EQ(user.total().times.connect.count(), 2U);
}

TEST(ConnectionPoolTest, ANameThatCannotBeResolvedIsNamed) {
  const std::string name = std::string(64, 'a') + ".invalid";  // a label has at most 63 letters
  LoneUser user("http://" + name);
  EXPECT_FALSE(user.Get("/"));
  EXPECT_TRUE(user.failures().starts_with("1x name not resolved: " + name + ": "))
      << user.failures();
  EXPECT_EQ(user.total().timeouts, 0U);
}

// A port whose queue of connections is full: the kernel drops what else comes.
class FullQueue final {
 public:
  FullQueue() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(listener_, address, size), 0);
    ::getsockname(listener_, address, &size);
    EXPECT_EQ(::listen(listener_, 0), 0);
    for (int i = 0; i < 4; ++i) {
      const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      std::ignore = ::connect(filler, address, size);  // it must not come through
      fillers_.push_back(filler);
    }
  }
  ~FullQueue() {
    for (const int filler : fillers_) {
      ::close(filler);
    }
    ::close(listener_);
  }
  FullQueue(const FullQueue&) = delete;
  FullQueue& operator=(const FullQueue&) = delete;
  uint16_t port() const { return ntohs(address_.sin_port); }

 private:
  sockaddr_in address_{};
  int listener_ = -1;
  std::vector<int> fillers_;
};

TEST(ConnectionPoolTest, AConnectThatNobodyAnswersTimesOut) {
  const FullQueue queue;
  LoneUser user(fmt::format("http://127.0.0.1:{}", queue.port()),
                [](Service* service) { service->connect_timeout = milliseconds(30); });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x timed out (connect)");
  EXPECT_EQ(user.total().timeouts, 1U);
}

TEST(ConnectionPoolTest, ManyOriginsTakeTurns) {
  const std::string ok = Reply("200 OK", "");
  std::vector<std::unique_ptr<ScriptedServer>> servers;
  for (int i = 0; i < 6; ++i) {
    servers.push_back(std::make_unique<ScriptedServer>(
        std::vector<ServerScript>{Answers({ok, ok}), Answers({ok, ok})}));
  }
  LoneUser user(servers[0]->url());
  for (int round = 0; round < 2; ++round) {
    for (const auto& server : servers) {
      EXPECT_TRUE(user.Get(server->url() + "/"));
    }
  }
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().times.connect.count(), 12U) << "four are kept, and six want one";
}

// ---- TLS -----------------------------------------------------------------------------------

CertificatePair Certificate(std::vector<std::string> names, std::vector<std::string> addresses) {
  CertificateSpec spec;
  spec.dns_names = std::move(names);
  spec.ip_addresses = std::move(addresses);
  const auto pair = MakeSelfSigned(spec, SystemClock().Wall());
  EXPECT_TRUE(pair.ok()) << pair.status();
  return *pair;
}

CertificatePair Loopback() { return Certificate({"localhost"}, {"127.0.0.1"}); }

TargetServerOptions WithTls(const CertificatePair& pair, const std::string& client_ca = "") {
  TargetServerOptions options;
  options.tls = {pair.certificate_pem, pair.key_pem, client_ca};
  return options;
}

std::string HttpsUrl(uint16_t port) { return fmt::format("https://127.0.0.1:{}", port); }

TEST(ConnectionPoolTest, TlsToATrustedServerIsTimedAndKept) {
  const CertificatePair pair = Loopback();
  const RunningTarget target(WithTls(pair));
  LoneUser user(HttpsUrl(target.port()),
                [&](Service* service) { service->tls.ca_pem = pair.certificate_pem; });
  EXPECT_TRUE(user.Get("/bytes/100000"));
  EXPECT_TRUE(user.Get("/bytes/1"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().bytes_received, 100'001U);
  EXPECT_EQ(user.total().times.tls.count(), 1U);
}

TEST(ConnectionPoolTest, AnUntrustedServerIsAFailureUnlessToldToTrust) {
  const RunningTarget target(WithTls(Loopback()));
  LoneUser user(HttpsUrl(target.port()));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x TLS: certificate not trusted: self-signed certificate");
  EXPECT_EQ(user.total().bytes_sent, 0U);
  LoneUser bold(HttpsUrl(target.port()),
                [](Service* service) { service->tls.insecure_skip_verify = true; });
  EXPECT_TRUE(bold.Get("/products"));
}

TEST(ConnectionPoolTest, ACertificateForAnotherHostIsRefused) {
  const CertificatePair pair = Certificate({"other.test"}, {"127.0.0.9"});
  const RunningTarget target(WithTls(pair));
  const auto trusting = [&](Service* service) { service->tls.ca_pem = pair.certificate_pem; };
  LoneUser user(HttpsUrl(target.port()), trusting);
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x TLS: certificate not trusted: IP address mismatch");
  LoneUser by_name(fmt::format("https://localhost:{}", target.port()), trusting);
  EXPECT_FALSE(by_name.Get("/"));
  EXPECT_EQ(by_name.failures(), "1x TLS: certificate not trusted: hostname mismatch");
  LoneUser told(HttpsUrl(target.port()), [&](Service* service) {
    trusting(service);
    service->tls.server_name = "other.test";
  });
  EXPECT_TRUE(told.Get("/products"));
}

TEST(ConnectionPoolTest, AServerMayAskForAClientCertificate) {
  const CertificatePair server = Loopback();
  const CertificatePair client = Loopback();
  const RunningTarget target(WithTls(server, client.certificate_pem));
  LoneUser nameless(HttpsUrl(target.port()),
                    [&](Service* service) { service->tls.ca_pem = server.certificate_pem; });
  EXPECT_FALSE(nameless.Get("/products"));
  EXPECT_EQ(nameless.failures(), "1x TLS: tlsv13 alert certificate required");
  LoneUser known(HttpsUrl(target.port()), [&](Service* service) {
    service->tls.ca_pem = server.certificate_pem;
    service->tls.client_cert_pem = client.certificate_pem;
    service->tls.client_key_pem = client.key_pem;
  });
  EXPECT_TRUE(known.Get("/products"));
  EXPECT_EQ(known.failures(), "");
}

TEST(ConnectionPoolTest, APlainServerCannotSpeakTls) {
  ScriptedServer server({[](HttpPeer* peer) {
    peer->Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer->ReadUntilClose();
  }});
  LoneUser user(HttpsUrl(server.port()));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x TLS: wrong version number");
}

TEST(ConnectionPoolTest, AHandshakeThatNobodyAnswersTimesOut) {
  ScriptedServer server({[](HttpPeer* peer) { peer->ReadUntilClose(); }});
  LoneUser user(HttpsUrl(server.port()),
                [](Service* service) { service->tls_timeout = milliseconds(30); });
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x timed out (TLS handshake)");
  EXPECT_EQ(user.total().timeouts, 1U);
}

// ---- proxies -------------------------------------------------------------------------------

TEST(ConnectionPoolTest, APlainRequestGoesThroughTheProxyWhole) {
  std::vector<std::string> requests;
  ScriptedServer proxy({[&](HttpPeer* peer) {
    for (int i = 0; i < 2; ++i) {
      requests.push_back(peer->ReadRequest());
      peer->Send(Reply("200 OK", "x"));
    }
    peer->ReadUntilClose();
  }});
  // Only the proxy could resolve this name.
  LoneUser user("http://behind.invalid:8080", [&](Service* service) {
    service->proxy = fmt::format("http://me:pw@127.0.0.1:{}", proxy.port());
  });
  EXPECT_TRUE(user.Get("/a"));
  EXPECT_TRUE(user.Get("/b"));
  EXPECT_EQ(user.failures(), "");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(
      requests[0].starts_with("GET http://behind.invalid:8080/a HTTP/1.1\r\n"
                              "Host: behind.invalid:8080\r\n"
                              "Proxy-Authorization: Basic bWU6cHc=\r\n"))
      << requests[0];
}

TEST(ConnectionPoolTest, TlsGoesThroughATunnel) {
  const CertificatePair pair = Certificate({"behind.invalid"}, {});
  const RunningTarget target(WithTls(pair));
  std::string connect;
  ScriptedServer proxy({[&](HttpPeer* peer) {
    connect = peer->ReadHead();
    peer->Send("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
    peer->RelayTo(target.port());
  }});
  LoneUser user("https://behind.invalid", [&](Service* service) {
    service->proxy = fmt::format("http://me:pw@127.0.0.1:{}", proxy.port());
    service->tls.ca_pem = pair.certificate_pem;
  });
  EXPECT_TRUE(user.Get("/bytes/50000"));
  EXPECT_TRUE(user.Get("/products"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(proxy.connections(), 1);
  EXPECT_EQ(connect,
            "CONNECT behind.invalid:443 HTTP/1.1\r\nHost: behind.invalid:443\r\n"
            "Proxy-Authorization: Basic bWU6cHc=\r\n\r\n");
}

TEST(ConnectionPoolTest, AProxySaysWhyThereIsNoTunnel) {
  const struct {
    std::string reply;
    std::string failure;
  } rows[] = {
      {Reply("407 Proxy Authentication Required", "no"), "proxy: CONNECT refused with 407"},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy: CONNECT refused with 502"},
      {"", "proxy: connection closed"},
      {"what?\r\n\r\n", "proxy: malformed reply (bad version)"},
  };
  for (const auto& row : rows) {
    ScriptedServer proxy({Once(row.reply)});
    LoneUser user("https://behind.invalid",
                  [&](Service* service) { service->proxy = proxy.url(); });
    EXPECT_FALSE(user.Get("/"));
    EXPECT_EQ(user.failures(), "1x " + row.failure);
  }
}

TEST(ConnectionPoolTest, ASilentProxyTimesOut) {
  ScriptedServer proxy({Stalls("")});
  LoneUser user("https://behind.invalid", [&](Service* service) { service->proxy = proxy.url(); });
  RequestStep step = GetStep("/");
  step.timeout = milliseconds(50);
  EXPECT_FALSE(user.Run(step));
  EXPECT_EQ(user.failures(), "1x timed out (proxy CONNECT)");
}

// ---- allowed targets -----------------------------------------------------------------------

HttpProtocolOptions Only(const std::string& entries) {
  HttpProtocolOptions options;
  options.allowed_targets = *ParseTargetAllowList({entries});
  return options;
}

// A path that is rendered, so that the plan does not tell where it leads.
RequestStep GetAt(LoneUser* user, const std::string& url) {
  user->user.variables.Set("url", url);
  return GetStep("{{url}}");
}

// What a server hears first is what this user asks; nobody was there before.
void ExpectUntouched(const ScriptedServer& server) {
  LoneUser user(server.url());
  EXPECT_TRUE(user.Get("/"));
  EXPECT_EQ(server.connections(), 1);
}

TEST(ConnectionPoolTest, OnlyAllowedTargetsAreConnectedTo) {
  ScriptedServer allowed({Answers({Reply("200 OK", ""), Reply("200 OK", "")})});
  ScriptedServer forbidden({Once(Reply("200 OK", ""))}, "127.0.0.2");
  LoneUser user(allowed.url(), nullptr, Only("127.0.0.1"));
  EXPECT_TRUE(user.Run(GetAt(&user, allowed.url() + "/")));
  EXPECT_FALSE(user.Run(GetAt(&user, forbidden.url() + "/")));
  EXPECT_TRUE(user.Run(GetAt(&user, allowed.url() + "/")));
  EXPECT_EQ(user.failures(), "1x target not allowed by the agent");
  EXPECT_EQ(user.user.task_errors.size(), 0U);
  ExpectUntouched(forbidden);
}

TEST(ConnectionPoolTest, AnotherPortIsAnotherTarget) {
  ScriptedServer allowed({Once(Reply("200 OK", ""))});
  ScriptedServer forbidden({Once(Reply("200 OK", ""))});
  LoneUser user(allowed.url(), nullptr, Only(fmt::format("127.0.0.0/8:{}", allowed.port())));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_FALSE(user.Run(GetAt(&user, forbidden.url() + "/")));
  EXPECT_EQ(user.failures(), "1x target not allowed by the agent");
  ExpectUntouched(forbidden);
}

TEST(ConnectionPoolTest, ARedirectDoesNotLeadToAForbiddenTarget) {
  ScriptedServer forbidden({Once(Reply("200 OK", ""))}, "127.0.0.2");
  ScriptedServer allowed(
      {Once(Reply("302 Found", "", fmt::format("Location: {}/elsewhere\r\n", forbidden.url())))});
  LoneUser user(allowed.url(), nullptr, Only("127.0.0.1"));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x target not allowed by the agent");
  ExpectUntouched(forbidden);
}

TEST(ConnectionPoolTest, ANameIsJudgedByWhatItResolvesTo) {
  ScriptedServer server({Once(Reply("200 OK", "")), Once(Reply("200 OK", ""))});
  const std::string by_name = fmt::format("http://localhost:{}", server.port());
  LoneUser stranger(by_name, nullptr, Only("10.0.0.0/8"));
  EXPECT_FALSE(stranger.Get("/"));
  EXPECT_EQ(stranger.failures(), "1x target not allowed by the agent");
  EXPECT_EQ(stranger.total().times.dns.count(), 1U) << "it was looked up first";
  // ::1, where localhost has it, is left out: nothing but 127.0.0.1 is tried.
  LoneUser by_address(by_name, nullptr, Only("127.0.0.1"));
  EXPECT_TRUE(by_address.Get("/"));
  LoneUser by_host(by_name, nullptr, Only(fmt::format("localhost:{}", server.port())));
  EXPECT_TRUE(by_host.Get("/"));
  EXPECT_EQ(server.connections(), 2);
}

TEST(ConnectionPoolTest, AnotherSpellingOfAnAddressIsNoWayRound) {
  ScriptedServer server({Once(Reply("200 OK", ""))});
  for (const char* host : {"127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"}) {
    LoneUser user("http://127.0.0.2", nullptr, Only("127.0.0.2"));
    EXPECT_FALSE(user.Run(GetAt(&user, fmt::format("http://{}:{}/", host, server.port()))));
    EXPECT_EQ(user.failures(), "1x target not allowed by the agent") << host;
  }
  ExpectUntouched(server);
}

TEST(ConnectionPoolTest, WhatIsNotAllowedIsNotRetried) {
  LoneUser user("http://localhost:1", nullptr, Only("10.0.0.0/8"));
  RequestStep step = GetStep("/");
  step.retry.attempts_max = 3;
  EXPECT_FALSE(user.Run(step));
  EXPECT_EQ(user.failures(), "1x target not allowed by the agent");
}

TEST(ConnectionPoolTest, ThroughAProxyTheNameOfTheTargetIsJudged) {
  ScriptedServer proxy({Answers({Reply("200 OK", ""), Reply("200 OK", "")})});
  const auto through = [&](Service* service) { service->proxy = proxy.url(); };
  LoneUser user("http://behind.invalid:8080", through, Only("127.0.0.0/8,behind.invalid:8080"));
  EXPECT_TRUE(user.Get("/"));
  EXPECT_FALSE(user.Run(GetAt(&user, "http://other.invalid/")));
  EXPECT_FALSE(user.Run(GetAt(&user, "https://behind.invalid/")));
  EXPECT_FALSE(user.Run(GetAt(&user, "http://10.0.0.1/")));
  EXPECT_EQ(user.failures(), "3x target not allowed by the agent");
  EXPECT_EQ(proxy.connections(), 1);
}

TEST(ConnectionPoolTest, TheProxyItselfMustBeAllowed) {
  ScriptedServer proxy({Once(Reply("200 OK", ""))});
  LoneUser user(
      "http://behind.invalid",
      [&](Service* service) { service->proxy = fmt::format("http://localhost:{}", proxy.port()); },
      Only("behind.invalid,10.0.0.0/8"));
  EXPECT_FALSE(user.Get("/"));
  EXPECT_EQ(user.failures(), "1x proxy not allowed by the agent");
  ExpectUntouched(proxy);
}

// ---- limits --------------------------------------------------------------------------------

TEST(ConnectionPoolTest, LimitsOfTheGeneratorAreReportedAsSuch) {
  LoneUser user(fmt::format("http://127.0.0.1:{}", ClosedPort()));
  EXPECT_FALSE(user.Get("/"));
  // Every failed opening is reported; the user tells the generator's own limits from the target's.
  EXPECT_EQ(user.user.exhaustions, (std::vector{NetError::Kind::kRefused}));
}

}  // namespace
}  // namespace squall
