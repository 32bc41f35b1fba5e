#include "daemon/telemetry/http_endpoint.h"

#include <arpa/inet.h>
#include <atomic>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

// A raw connection; reads give up after half a minute, so that a broken server fails a test.
class Connection final {
 public:
  explicit Connection(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const std::string& text) { send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Reads until `text` has come or the peer has closed.
  std::string ReadUntil(const std::string& text) {
    while (received_.find(text) == std::string::npos && Fill()) {
    }
    return std::exchange(received_, "");
  }
  std::string ReadAll() {
    while (Fill()) {
    }
    return std::exchange(received_, "");
  }

 private:
  bool Fill() {
    char block[4096];
    const ssize_t size = recv(fd_, block, sizeof block, 0);
    received_.append(block, size > 0 ? static_cast<size_t>(size) : 0);
    return size > 0;
  }

  const int fd_;
  std::string received_;
};

class HttpEndpointTest : public testing::Test {
 protected:
  std::unique_ptr<HttpEndpoint> Start(HttpEndpointOptions options = {}) {
    options.listen = "127.0.0.1:0";
    auto endpoint =
        HttpEndpoint::Start(options, {[this](MetricFormat format) {
                                        return format == MetricFormat::kText ? metrics_ : "# EOF\n";
                                      },
                                      [this] { return ready_.load(); }});
    EXPECT_TRUE(endpoint.ok()) << endpoint.status();
    return *std::move(endpoint);
  }
  static std::string Ask(const HttpEndpoint& endpoint, const std::string& request) {
    Connection connection(endpoint.port());
    connection.Send(request);
    return connection.ReadAll();
  }
  static std::string Get(const HttpEndpoint& endpoint, const std::string& target) {
    return Ask(endpoint, fmt::format("GET {} HTTP/1.1\r\nConnection: close\r\n\r\n", target));
  }

  std::string metrics_ = "squall_users 3\n";
  std::atomic<bool> ready_ = true;
};

TEST_F(HttpEndpointTest, ServesTheMetricsAsPrometheusWantsThem) {
  const auto endpoint = Start();
  EXPECT_EQ(Get(*endpoint, "/metrics?x=1"),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "Cache-Control: no-store\r\n"
            "Vary: Accept\r\n"
            "Connection: close\r\n"
            "Content-Length: 15\r\n\r\n"
            "squall_users 3\n");
}

TEST_F(HttpEndpointTest, ServesOpenMetricsToWhomAsksForIt) {
  const auto endpoint = Start();
  const std::string reply =
      Ask(*endpoint,
          "GET /metrics HTTP/1.1\r\nConnection: close\r\n"
          "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n");
  EXPECT_NE(reply.find("\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
                       "charset=utf-8\r\n"),
            std::string::npos)
      << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\n# EOF\n")) << reply;
}

TEST_F(HttpEndpointTest, IsReadyUntilItIsNotButStaysHealthy) {
  const auto endpoint = Start();
  EXPECT_TRUE(Get(*endpoint, "/readyz").starts_with("HTTP/1.1 200 "));
  ready_ = false;
  EXPECT_TRUE(Get(*endpoint, "/readyz").starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(Get(*endpoint, "/healthz").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpEndpointTest, AProgramsOwnChecksAnswerAllBelowTheProbes) {
  HttpEndpointOptions options;
  options.listen = "127.0.0.1:0";
  auto endpoint = HttpEndpoint::Start(
      options, {[](MetricFormat) { return std::string(); }, [] { return true; },
                [](std::string_view target) -> std::optional<std::pair<bool, std::string>> {
                  if (target == "/readyz/nothing") {
                    return std::nullopt;
                  }
                  return std::pair(target != "/readyz/caches?verbose", std::string(target));
                }});
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  const std::string unready = Get(**endpoint, "/readyz/caches?verbose");
  EXPECT_TRUE(unready.starts_with("HTTP/1.1 503 ")) << unready;
  EXPECT_TRUE(unready.ends_with("\r\n\r\n/readyz/caches?verbose")) << unready;
  EXPECT_TRUE(Get(**endpoint, "/healthz").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Get(**endpoint, "/readyz/nothing").starts_with("HTTP/1.1 404 "));
}

TEST_F(HttpEndpointTest, RefusesWhatItDoesNotServe) {
  const auto endpoint = Start();
  const std::pair<const char*, const char*> table[] = {
      {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {"GET /readyz/caches HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {"GET /metricsx HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {"GET http://h/metrics HTTP/1.1\r\nConnection: close\r\n\r\n", "404"},
      {"DELETE /metrics HTTP/1.1\r\nConnection: close\r\n\r\n", "405"},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", "413"},
      {"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "413"},
      {"nonsense\r\n\r\n", "400"},
      {"GET /metrics HTTP/9.9\r\n\r\n", "400"},
  };
  for (const auto& [request, status] : table) {
    const std::string reply = Ask(*endpoint, request);
    EXPECT_TRUE(reply.starts_with(fmt::format("HTTP/1.1 {} ", status))) << request << reply;
  }
}

TEST_F(HttpEndpointTest, AHeadRequestGetsTheHeadOnly) {
  const auto endpoint = Start();
  const std::string reply = Ask(*endpoint, "HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 "));
  EXPECT_NE(reply.find("Content-Length: 15\r\n"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST_F(HttpEndpointTest, KeepsAConnectionForTheNextScrape) {
  const auto endpoint = Start();
  Connection connection(endpoint->port());
  for (int i = 0; i < 3; ++i) {
    metrics_ = fmt::format("squall_users {}\n", i);
    connection.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(connection.ReadUntil(metrics_).find("200 OK"), std::string::npos);
  }
  connection.Send("HEAD /healthz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");  // pipelined
  EXPECT_NE(connection.ReadUntil("ok\n").find("200 OK"), std::string::npos);
}

TEST_F(HttpEndpointTest, AnEndlessHeadIsCutShort) {
  HttpEndpointOptions options;
  options.head_bytes_max = 1024;
  const auto endpoint = Start(options);
  const std::string reply = Ask(*endpoint, "GET /metrics HTTP/1.1\r\nX: " + std::string(2000, 'x'));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 431 ")) << reply;
}

TEST_F(HttpEndpointTest, ASilentClientIsHungUpOn) {
  HttpEndpointOptions options;
  options.request_timeout = std::chrono::milliseconds(20);
  const auto endpoint = Start(options);
  Connection silent(endpoint->port());
  EXPECT_EQ(silent.ReadAll(), "");
  Connection slow(endpoint->port());
  slow.Send("GET /metrics HTTP/1.1\r\nHost");
  EXPECT_EQ(slow.ReadAll(), "");
}

TEST_F(HttpEndpointTest, AConnectionIsNotKeptForEver) {
  HttpEndpointOptions options;
  options.idle_timeout = std::chrono::milliseconds(20);
  const auto endpoint = Start(options);
  Connection idle(endpoint->port());
  idle.Send("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(idle.ReadAll().ends_with("ok\n"));
}

TEST_F(HttpEndpointTest, ConnectionsAboveTheLimitAreClosed) {
  HttpEndpointOptions options;
  options.connections_max = 2;
  const auto endpoint = Start(options);
  Connection first(endpoint->port());
  auto second = std::make_unique<Connection>(endpoint->port());
  Connection third(endpoint->port());
  EXPECT_EQ(third.ReadAll(), "");
  first.Send("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_NE(first.ReadUntil("ok\n").find("200 OK"), std::string::npos);
  second->Send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(second->ReadAll().ends_with("ok\n"));
  second.reset();
  // The place is free as soon as the endpoint has seen the end.
  std::string reply;
  for (int i = 0; i < 1000 && reply.empty(); ++i) {
    reply = Get(*endpoint, "/healthz");
  }
  EXPECT_TRUE(reply.ends_with("ok\n")) << reply;
}

TEST_F(HttpEndpointTest, EndsWithOpenConnections) {
  auto endpoint = Start();
  Connection idle(endpoint->port());
  idle.Send("GET /healthz HTTP/1.1\r\n\r\n");
  idle.ReadUntil("ok\n");
  endpoint.reset();
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST_F(HttpEndpointTest, AddressesAreCheckedBeforeTheyAreBound) {
  const HttpEndpoint::Pages pages = {[](MetricFormat) { return ""; }, [] { return true; }};
  const auto code = [&](const std::string& listen, bool insecure) {
    HttpEndpointOptions options;
    options.listen = listen;
    options.insecure = insecure;
    return HttpEndpoint::Start(options, pages).status().code();
  };
  EXPECT_EQ(code("nowhere", false), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("127.0.0.1.example.org:1", false), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("0.0.0.0:0", false), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code("0.0.0.0:0", true), absl::StatusCode::kOk);
  EXPECT_EQ(code("localhost:0", false), absl::StatusCode::kOk);
}

TEST_F(HttpEndpointTest, APortInUseIsNamed) {
  const auto endpoint = Start();
  HttpEndpointOptions options;
  options.listen = fmt::format("127.0.0.1:{}", endpoint->port());
  const auto second =
      HttpEndpoint::Start(options, {[](MetricFormat) { return ""; }, [] { return true; }});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      second.status().message(),
      fmt::format("must be a free address, '{}' is not: Address already in use", options.listen));
}

}  // namespace
}  // namespace squall
