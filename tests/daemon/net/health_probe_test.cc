#include "daemon/net/health_probe.h"

#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "daemon/net/certificate.h"
#include "tests/daemon/net/peer.h"

namespace squall {
namespace {

constexpr Nanos kTimeout = std::chrono::seconds(20);

std::string PortOf(const Endpoint& endpoint) {
  sockaddr_in address{};
  std::memcpy(&address, &endpoint.address, sizeof(address));
  return std::to_string(ntohs(address.sin_port));
}

// What a server that answers one connection with `reply` and closes it makes of the probe.
absl::StatusOr<std::string> ProbeOf(const std::string& reply, std::string* request = nullptr,
                                    const char* host = "127.0.0.1",
                                    HealthAddress::Scheme scheme = HealthAddress::Scheme::kHttp) {
  const SystemClock clock;
  const Peer peer([&](int fd) {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const std::string byte = ReceiveExactly(fd, 1);
      if (byte.empty()) {
        break;
      }
      head += byte;
    }
    if (request != nullptr) {
      *request = head;
    }
    SendAll(fd, reply);
  });
  return ProbeHealth({host, PortOf(peer.endpoint()), "/healthz", scheme}, kTimeout, clock);
}

TEST(ParseHealthAddressTest, ReadsWhatPeopleType) {
  EXPECT_EQ(*ParseHealthAddress("127.0.0.1:9646"),
            (HealthAddress{"127.0.0.1", "9646", "/healthz"}));
  EXPECT_EQ(*ParseHealthAddress("agent:9646/readyz"), (HealthAddress{"agent", "9646", "/readyz"}));
  EXPECT_EQ(*ParseHealthAddress("http://[::1]:8082/"),
            (HealthAddress{"::1", "8082", "/healthz", HealthAddress::Scheme::kHttp}));
  EXPECT_EQ(*ParseHealthAddress("https://shop:443/up"),
            (HealthAddress{"shop", "443", "/up", HealthAddress::Scheme::kHttps}));
}

TEST(ParseHealthAddressTest, RefusesTheRest) {
  for (const char* text :
       {"", "9646", ":9646", "host", "host:", "host:0", "host:65536", "host:x", "::1:80",
        "ftp://host:1", "host:1/a b", "user@host:1", "host:1/\r\nX: y", "host:-1"}) {
    EXPECT_FALSE(ParseHealthAddress(text).ok()) << text;
  }
}

TEST(ProbeHealthTest, IsWellAfter200) {
  std::string request;
  const auto said =
      ProbeOf("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n", &request);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "200 ok");
  EXPECT_TRUE(request.starts_with("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:")) << request;
}

TEST(ProbeHealthTest, SaysWhatWasAnsweredWhenItIsNot) {
  const auto said = ProbeOf("HTTP/1.1 503 Unavailable\r\n\r\nshutting\x1b[0m down\nmore");
  EXPECT_EQ(said.status(), absl::UnavailableError("503 shutting?[0m down"));
}

TEST(ProbeHealthTest, WhatIsNotHttpIsNotWell) {
  for (const char* reply : {"", "220 smtp ready\r\n", "HTTP/1.1", "HTTP/1.1 abc\r\n\r\n"}) {
    EXPECT_EQ(ProbeOf(reply).status().code(), absl::StatusCode::kUnavailable) << reply;
  }
}

TEST(ProbeHealthTest, ReadsNoMoreThanItNeeds) {
  EXPECT_TRUE(ProbeOf("HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x')).ok());
}

// The peer listens on 127.0.0.1 alone, and localhost may be ::1 first.
TEST(ProbeHealthTest, ANameIsTriedAtAllItsAddresses) {
  const auto said = ProbeOf("HTTP/1.1 204 No Content\r\n\r\n", nullptr, "localhost");
  EXPECT_TRUE(said.ok()) << said.status();
}

// What a server that asks for TLS makes of the probe.
absl::StatusOr<std::string> ProbeOverTls(bool asks_for_certificate, size_t path_bytes = 8) {
  const auto pair = MakeSelfSigned({}, SystemClock().Wall());
  EXPECT_TRUE(pair.ok()) << pair.status();
  const TlsPeerOptions options = {pair->certificate_pem, pair->key_pem,
                                  asks_for_certificate ? pair->certificate_pem : ""};
  const SystemClock clock;
  const Peer peer([&](int fd) {
    ServeTls(fd, options, [](SSL* ssl) {
      std::string head(4096, '\0');
      SSL_read(ssl, head.data(), static_cast<int>(head.size()));
      constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\nok";
      SSL_write(ssl, kReply.data(), static_cast<int>(kReply.size()));
    });
  });
  return ProbeHealth({"127.0.0.1", PortOf(peer.endpoint()), "/" + std::string(path_bytes, 'h'),
                      HealthAddress::Scheme::kHttps},
                     kTimeout, clock);
}

TEST(ProbeHealthTest, OverTlsOnLoopbackAnyCertificateWillDo) {
  const auto said = ProbeOverTls(false);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "200 ok");
}

TEST(ProbeHealthTest, AServerThatAsksForACertificateAnswers) {
  const auto said = ProbeOverTls(true);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "asks for a client certificate");
}

// A request that is larger than all buffers is still being sent when the connection is closed.
TEST(ProbeHealthTest, AServerThatAsksForACertificateAnswersALateRequestToo) {
  signal(SIGPIPE, SIG_IGN);  // as every program of ours does; OpenSSL writes without MSG_NOSIGNAL
  const auto said = ProbeOverTls(true, size_t{16} << 20);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "asks for a client certificate");
}

TEST(ProbeHealthTest, AnAnswerThatIsNotGoodIsNotAskedForAgainInTls) {
  EXPECT_EQ(ProbeOf("HTTP/1.1 500 X\r\n\r\n", nullptr, "127.0.0.1", HealthAddress::Scheme::kEither)
                .status(),
            absl::UnavailableError("500"));
}

TEST(JudgeHealthTest, NothingThereIsWellOnlyWhereThatIsSaid) {
  const SystemClock clock;
  Endpoint endpoint;
  const int bound = BindLoopback(&endpoint);
  close(bound);  // nobody else gets the port so soon
  const std::string address = "127.0.0.1:" + PortOf(endpoint);
  const HealthVerdict absent = JudgeHealth(address, false, clock);
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_NE(absent.line.find("refused"), std::string::npos) << absent.line;
  EXPECT_EQ(JudgeHealth(address, true, clock).exit_code, 0);
}

TEST(JudgeHealthTest, ABadAddressIsUsage) {
  const HealthVerdict verdict = JudgeHealth("nowhere", true, SystemClock());
  EXPECT_EQ(verdict.exit_code, 2);
  EXPECT_NE(verdict.line.find("must be HOST:PORT"), std::string::npos) << verdict.line;
}

}  // namespace
}  // namespace squall
