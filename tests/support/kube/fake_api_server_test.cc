// The server in this process, asked over real sockets.
#include "tests/support/kube/fake_api_server.h"

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/sample_paths.h"

namespace squall {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr const char* kMap = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})";

class FakeApiServerTest : public testing::Test {
 protected:
  FakeApiServer& Start(FakeApiServerOptions options = {}) {
    auto started = FakeApiServer::Start(std::move(options), &clock_);
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    return *server_;
  }

  tcp::socket Connect() {
    tcp::socket socket(context_);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    return socket;
  }

  // One request on a connection of its own; the code, 0 when it was cut.
  template <typename Stream>
  static int Ask(Stream& stream, const std::string& target) {
    http::request<http::string_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "127.0.0.1");
    boost::system::error_code error;
    http::write(stream, request, error);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    if (!error) {
      http::read(stream, buffer, response, error);
    }
    return error ? 0 : response.result_int();
  }
  int Ask(const std::string& target) {
    tcp::socket socket = Connect();
    return Ask(socket, target);
  }

  asio::io_context context_;
  ManualClock clock_;
  std::unique_ptr<FakeApiServer> server_;
};

TEST_F(FakeApiServerTest, ServesOnLoopbackOnly) {
  FakeApiServerOptions options;
  options.listen = "0.0.0.0:0";
  EXPECT_FALSE(FakeApiServer::Start(options, &clock_).ok());
  options.listen = "127.0.0.1:0";
  options.crd_yaml = "kind: Pod";
  EXPECT_FALSE(FakeApiServer::Start(options, &clock_).ok());
}

TEST_F(FakeApiServerTest, KeepsConnections) {
  Start().Seed(kMaps, kMap);
  tcp::socket socket = Connect();
  EXPECT_EQ(Ask(socket, std::string(kMaps) + "/a"), 200);
  EXPECT_EQ(Ask(socket, std::string(kMaps) + "/b"), 404);
  EXPECT_EQ(server_->requests().Count("get", "configmaps"), 2U);
  EXPECT_EQ(server_->requests().Writes(), 0U);  // a seed is no request
}

TEST_F(FakeApiServerTest, ServesTlsWithACertificateThatItHandsOut) {
  FakeApiServerOptions options;
  options.tls = true;
  const SystemClock now;  // certificates are judged by the real time
  auto started = FakeApiServer::Start(options, &now);
  ASSERT_TRUE(started.ok()) << started.status();
  server_ = *std::move(started);
  asio::ssl::context trust(asio::ssl::context::tls_client);
  trust.add_certificate_authority(asio::buffer(server_->ca_pem()));
  trust.set_verify_mode(asio::ssl::verify_peer);
  asio::ssl::stream<tcp::socket> stream(Connect(), trust);
  stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
  stream.handshake(asio::ssl::stream_base::client);
  EXPECT_EQ(Ask(stream, "/version"), 200);
  EXPECT_EQ(server_->url().substr(0, 8), "https://");
}

TEST_F(FakeApiServerTest, FaultsHitAsOftenAsTheyShould) {
  Start().faults().Add({.code = 503, .path = "configmaps", .verb = "list", .skip = 1, .count = 2});
  for (const int expected : {200, 503, 503, 200}) {
    EXPECT_EQ(Ask(kMaps), expected);
  }
  EXPECT_EQ(server_->faults().hits(), 2U);
  server_->faults().Add({.kind = ApiFault::Kind::kReset});
  EXPECT_EQ(Ask(kMaps), 0);
  server_->faults().Clear();
  EXPECT_EQ(Ask(kMaps), 200);
}

TEST_F(FakeApiServerTest, ChancesAreSeeded) {
  std::string hits[2];
  for (std::string& run : hits) {
    Start().faults().Add({.code = 500, .probability = 0.5});
    for (int i = 0; i < 20; ++i) {
      run += Ask(kMaps) == 500 ? 'x' : '.';
    }
  }
  EXPECT_EQ(hits[0], hits[1]);
  EXPECT_NE(hits[0].find('x'), std::string::npos);
  EXPECT_NE(hits[0].find('.'), std::string::npos);
}

TEST_F(FakeApiServerTest, CutsConnectionsAndGoesOn) {
  Start();
  tcp::socket socket = Connect();
  EXPECT_EQ(Ask(socket, "/version"), 200);
  server_->CutConnections();
  EXPECT_EQ(Ask(socket, "/version"), 0);
  EXPECT_EQ(Ask("/version"), 200);
}

TEST_F(FakeApiServerTest, StopsUnderAnOpenWatch) {
  Start();
  tcp::socket socket = Connect();
  asio::write(socket, asio::buffer(fmt::format("GET {}?watch=true HTTP/1.1\r\n\r\n", kMaps)));
  std::string head(16, '\0');
  asio::read(socket, asio::buffer(head));
  EXPECT_EQ(head, "HTTP/1.1 200 OK\r");
  EXPECT_EQ(server_->open_watches(), 1);
  server_.reset();
}

TEST_F(FakeApiServerTest, HousekeepingCanBeDoneStepByStep) {
  FakeCluster cluster({}, &clock_);
  Housekeeping housekeeping(&cluster, &clock_, {.kubelet = true});
  cluster.Call("POST", "/api/v1/namespaces/default/pods",
               R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},
                   "spec":{"containers":[{"name":"c","image":"i"}]}})");
  const auto phase = [&cluster] {
    return DigText(cluster.Call("GET", "/api/v1/namespaces/default/pods/p").body, "status.phase");
  };
  EXPECT_TRUE(housekeeping.Step());  // bound
  EXPECT_EQ(phase(), "Pending");
  EXPECT_TRUE(housekeeping.Step());
  EXPECT_EQ(phase(), "Running");
  EXPECT_FALSE(housekeeping.Step());
  cluster.Call("DELETE", "/api/v1/namespaces/default/pods/p");
  EXPECT_EQ(phase(), "Running");
  EXPECT_TRUE(housekeeping.Step());
  EXPECT_EQ(phase(), "");
}

}  // namespace
}  // namespace squall
