// Connections over TLS, with OpenSSL's own client; those without are in http_server_test.cc.
#include "daemon/http/connection.h"

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/http/http_server.h"
#include "daemon/net/certificate.h"
#include "tests/daemon/http/raw_client.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class Feed final : public EventFeed {
  Piece Next() override { return {text_, ++asked_ == 3}; }
  const std::shared_ptr<const std::string> text_ =
      std::make_shared<const std::string>("data: 1\n\n");
  int asked_ = 0;
};

class TlsConnectionTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    const auto pair = MakeSelfSigned({}, WallTime(std::chrono::seconds(4'000'000'000)));
    ASSERT_TRUE(pair.ok()) << pair.status();
    options.listen = "127.0.0.1:0";
    options.tls_cert_pem = pair->certificate_pem;
    options.tls_key_pem = pair->key_pem;
    options.feed_interval = std::chrono::milliseconds(1);
    auto server = HttpServer::Start(options, [](const HttpRequest& request) {
      if (request.path == "/large") {
        return TextReply(200, std::string(3 << 20, 'x'), "image/png");
      }
      HttpReply reply = JsonReply(200, request.body);
      if (request.path == "/events") {
        reply.feed = std::make_unique<Feed>();
      }
      return reply;
    });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // One request that closes, and all that is answered.
  std::string Ask(const std::string& request) {
    asio::io_context io;
    asio::ssl::context tls(asio::ssl::context::tls_client);  // the certificate is not of interest
    asio::ssl::stream<tcp::socket> stream(io, tls);
    stream.next_layer().connect(tcp::endpoint(asio::ip::address_v4::loopback(), server_->port()));
    stream.handshake(asio::ssl::stream_base::client);
    asio::write(stream, asio::buffer(request));
    std::string reply;
    boost::system::error_code error;
    asio::read(stream, asio::dynamic_buffer(reply), error);
    EXPECT_EQ(error, asio::error::eof) << error.message();  // closed as TLS wants it
    return reply;
  }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsConnectionTest, AnswersOverTls) {
  Start();
  EXPECT_TRUE(server_->Url().starts_with("https://127.0.0.1:")) << server_->Url();
  const std::string reply =
      Ask("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 ")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\nhi")) << reply;
  const std::string large =
      Ask("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_GT(large.size(), 3U << 20);
}

TEST_F(TlsConnectionTest, StreamsOverTls) {
  Start();
  const std::string reply = Ask("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("\r\n\r\ndata: 1\n\ndata: 1\n\ndata: 1\n\n")) << reply;
}

TEST_F(TlsConnectionTest, WhoStopsInTheHandshakeIsClosed) {
  HttpServerOptions options;
  options.request_timeout = std::chrono::milliseconds(1);
  Start(options);
  RawClient client(server_->port());
  client.Send("\x16\x03\x01");
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(TlsConnectionTest, PlainHttpGetsNoAnswerThatLooksLikeOne) {
  Start();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadAll().find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(TlsConnectionTest, StopsInTheMiddleOfAHandshake) {
  Start();
  RawClient client(server_->port());
  client.Send("\x16\x03\x01");
  server_.reset();
  EXPECT_EQ(client.ReadAll(), "");
}

}  // namespace
}  // namespace squall
