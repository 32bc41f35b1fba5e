// A plain blocking HTTP client over a raw socket or TLS, and a target that runs on a free port.
// Every read gives up after half a minute, so that a broken server fails a test and does not hang
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "daemon/base/clock.h"
#include "daemon/net/certificate.h"
#include "daemon/target/server.h"

namespace squall {

struct TestTls {
  std::string trusted_pem;  // the certificate to trust
  CertificatePair client;   // shown when not empty
};

class TestClient final {
 public:
  explicit TestClient(uint16_t port);
  TestClient(uint16_t port, const TestTls& tls);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // "" or why the connection or its handshake failed.
  const std::string& error() const { return error_; }
  // False when the peer is gone.
  bool Send(std::string_view text);
  // One response with its Content-Length body or without a body; the head, an empty line, the body.
  std::string ReadResponse();
  // Everything until the peer closes.
  std::string ReadUntilClose();
  // Send and ReadResponse.
  std::string Ask(std::string_view request);
  // No more requests: the peer sees the end of our stream.
  void ShutdownSend();

 private:
  void StartTls(const TestTls& tls);
  bool Fill();

  int descriptor_ = -1;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
  std::string error_;
  std::string received_;
};

// "GET path HTTP/1.1" with a Host; `rest` are further header lines, each with its \r\n.
std::string Get(std::string_view path, std::string_view rest = "");
std::string Post(std::string_view path, std::string_view body, std::string_view method = "POST");
// The status code of a response, 0 when it is none.
int StatusOf(std::string_view response);
std::string BodyOf(std::string_view response);

// A server with everything it needs.
class RunningTarget final {
 public:
  explicit RunningTarget(TargetServerOptions options = {}, StallPlan stall = {});

  uint16_t port() const { return server->address().port; }
  // Returns when the counters say that many requests have arrived.
  void AwaitRequests(uint64_t count) const;

  const SystemClock clock;
  ProductStore store;
  TargetCounters counters;
  StallSwitch stall;
  const TargetRouter router;
  std::unique_ptr<TargetServer> server;
};

}  // namespace squall
