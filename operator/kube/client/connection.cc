#include "operator/kube/client/connection.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "daemon/base/base64.h"

namespace squall {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<beast::tcp_stream&>;

constexpr uint32_t kHeadBytesMax = 64 << 10;  // Beast's 8 KiB is too little for some proxies
constexpr int kKeepAliveSeconds = 30;
constexpr int kKeepAliveProbes = 3;
// How long sent bytes may wait for an acknowledgement: ends writes to a machine that is gone.
constexpr unsigned kUserTimeoutMs = 30'000;

bool IsCut(const error_code& error) {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::connection_aborted || error == asio::error::broken_pipe ||
         error == asio::ssl::error::stream_truncated || error == http::error::end_of_stream ||
         error == http::error::partial_message;
}

std::string TextOf(const error_code& error) {
  if (error == beast::error::timeout) {
    return "timed out";
  }
  return IsCut(error) ? "the connection was closed before the end of the answer" : error.message();
}

// Ends connections whose other side has vanished; HTTP/1.1 has no ping.
void WatchOverSocket(tcp::socket* socket) {
  error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  socket->set_option(asio::socket_base::keep_alive(true), ignored);
  const int fd = socket->native_handle();
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof kKeepAliveProbes);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
}

// The name that is verified; it is sent as SNI unless it is an address.
bool ExpectName(SSL* session, const std::string& name) {
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (!not_an_address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1;
  }
  return SSL_set_tlsext_host_name(session, name.c_str()) == 1 &&
         SSL_set1_host(session, name.c_str()) == 1;
}

}  // namespace

class KubeConnection::Impl {
 public:
  Impl(const KubeRoute* route, TlsKeeper::Current tls)
      : route_(*route), context_(std::move(tls)), resolver_(io_), tcp_(io_) {}

  HttpOutcome Open(Nanos timeout) {
    const ServerUrl& first = route_.proxy ? *route_.proxy : route_.server;
    std::vector<tcp::endpoint> endpoints;
    if (const error_code error = Resolve(first, &endpoints)) {
      return Failed(fmt::format("look up '{}'", first.host), error);
    }
    if (const error_code error = Connect(endpoints, timeout)) {
      return Failed(fmt::format("connect to {}", first.HostPort()), error);
    }
    WatchOverSocket(&tcp_.socket());
    tcp_.expires_after(timeout);
    if (route_.proxy) {
      if (HttpOutcome outcome = PassProxy(); !outcome.status.ok()) {
        return outcome;
      }
    }
    return route_.server.tls ? Handshake() : HttpOutcome{};
  }

  HttpOutcome Begin(const KubeRequest& request, Nanos timeout, int64_t body_bytes_max) {
    keep_alive_ = false;  // until the answer was read to its end
    body_bytes_max_ = static_cast<uint64_t>(body_bytes_max);
    parser_.emplace();
    parser_->header_limit(kHeadBytesMax);
    parser_->body_limit(body_bytes_max_);
    tcp_.expires_after(timeout);
    const error_code sent = OnStream(
        [&](auto& stream, auto done) { http::async_write(stream, request, std::move(done)); });
    // A server that refuses a request early answers, and closes while we still send.
    if (sent && !IsCut(sent)) {
      return Failed("send", sent);
    }
    const error_code read = OnStream([&](auto& stream, auto done) {
      http::async_read_header(stream, buffer_, *parser_, std::move(done));
    });
    return read ? Failed("read the answer", sent ? sent : read) : HttpOutcome{};
  }

  bool answer_begun() const { return parser_ && (parser_->got_some() || buffer_.size() > 0); }
  const HttpHead& head() const { return parser_->get(); }

  HttpOutcome ReadBody(std::string* body) {
    const error_code error = OnStream([&](auto& stream, auto done) {
      http::async_read(stream, buffer_, *parser_, std::move(done));
    });
    if (error) {
      return Failed("read the answer", error);
    }
    *body = std::move(parser_->get().body());
    FinishAnswer();
    return {};
  }

  HttpOutcome ReadSome(Nanos patience, std::string* data, bool* ended) {
    data->clear();
    *ended = parser_->is_done();
    if (*ended) {
      return {};
    }
    parser_->body_limit(body_bytes_max_);  // starts to count again
    tcp_.expires_after(patience);
    const error_code error = OnStream([&](auto& stream, auto done) {
      http::async_read_some(stream, buffer_, *parser_, std::move(done));
    });
    // Also what came before the error is good.
    data->swap(parser_->get().body());
    parser_->get().body().clear();
    if (error) {
      return Failed("read", error);
    }
    *ended = parser_->is_done();
    return {};
  }

  void Interrupt() {
    asio::post(io_, [this] {
      interrupted_ = true;
      resolver_.cancel();
      tcp_.close();
    });
  }

  bool Reusable() {
    if (!keep_alive_ || interrupted_ || !tcp_.socket().is_open() || buffer_.size() > 0) {
      return false;
    }
    // Whatever comes while nothing is asked is a farewell.
    char byte = 0;
    const ssize_t count = recv(tcp_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  uint64_t tls_generation() const { return context_.generation; }
  bool reused() const { return answers_ > 0; }

 private:
  // Starts an operation and runs the loop until it has ended.
  template <typename Start>
  error_code Await(Start start) {
    error_code result;
    bool done = false;
    start([&](const error_code& error, const auto&...) {
      result = error;
      done = true;
    });
    io_.restart();
    while (!done) {
      io_.run_one();
    }
    return interrupted_ ? error_code(asio::error::operation_aborted) : result;
  }

  template <typename Start>
  error_code OnStream(Start start) {
    return tls_ ? Await([&](auto done) { start(*tls_, std::move(done)); })
                : Await([&](auto done) { start(tcp_, std::move(done)); });
  }

  HttpOutcome Failed(const std::string& what, const error_code& error) const {
    if (interrupted_) {
      return {absl::CancelledError("stopped")};
    }
    return {absl::UnavailableError(fmt::format("{}: {}", what, TextOf(error))), IsCut(error)};
  }

  error_code Resolve(const ServerUrl& url, std::vector<tcp::endpoint>* endpoints) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(url.host, not_an_address);
    if (!not_an_address) {
      endpoints->emplace_back(address, url.port);
      return {};
    }
    tcp::resolver::results_type found;
    const error_code error = Await([&](auto done) {
      resolver_.async_resolve(url.host, std::to_string(url.port),
                              [&found, done = std::move(done)](
                                  const error_code& failure, tcp::resolver::results_type results) {
                                found = std::move(results);
                                done(failure);
                              });
    });
    for (const auto& entry : found) {
      endpoints->push_back(entry.endpoint());
    }
    return !error && endpoints->empty() ? error_code(asio::error::host_not_found) : error;
  }

  error_code Connect(const std::vector<tcp::endpoint>& endpoints, Nanos timeout) {
    error_code error;
    for (const tcp::endpoint& endpoint : endpoints) {
      tcp_.close();
      // Shared out, so that one address that swallows packets does not hide the next.
      tcp_.expires_after(timeout / static_cast<int64_t>(endpoints.size()));
      error = Await([&](auto done) { tcp_.async_connect(endpoint, std::move(done)); });
      if (!error || interrupted_) {
        break;
      }
    }
    return error;
  }

  HttpOutcome PassProxy() {
    const std::string target = route_.server.HostPort();
    http::request<http::empty_body> request(http::verb::connect, target, 11);
    request.set(http::field::host, target);
    if (!route_.proxy->user.empty()) {
      request.set(http::field::proxy_authorization,
                  "Basic " + EncodeBase64(
                                 fmt::format("{}:{}", route_.proxy->user, route_.proxy->password)));
    }
    const std::string what = fmt::format("pass proxy {}", route_.proxy->HostPort());
    http::response_parser<http::empty_body> parser;
    parser.skip(true);  // what follows the head is the server's
    error_code error = Await([&](auto done) { http::async_write(tcp_, request, std::move(done)); });
    if (!error) {
      error = Await(
          [&](auto done) { http::async_read_header(tcp_, buffer_, parser, std::move(done)); });
    }
    if (error) {
      return Failed(what, error);
    }
    if (parser.get().result_int() / 100 != 2 || buffer_.size() > 0) {
      return {absl::UnavailableError(
          fmt::format("{}: it answered {}", what, parser.get().result_int()))};
    }
    return {};
  }

  HttpOutcome Handshake() {
    tls_.emplace(tcp_, *context_.context);
    const std::string& name =
        route_.tls_server_name.empty() ? route_.server.host : route_.tls_server_name;
    if (!ExpectName(tls_->native_handle(), name)) {
      return {absl::UnavailableError(fmt::format("TLS: '{}' cannot be verified", name))};
    }
    const error_code error = Await(
        [&](auto done) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(done)); });
    if (!error) {
      return {};
    }
    HttpOutcome outcome = Failed(fmt::format("TLS with {}", route_.server.HostPort()), error);
    const long verified = SSL_get_verify_result(tls_->native_handle());
    if (!interrupted_ && verified != X509_V_OK) {
      outcome.status = absl::UnavailableError(
          fmt::format("TLS with {}: the certificate for '{}' cannot be trusted: {}",
                      route_.server.HostPort(), name, X509_verify_cert_error_string(verified)));
    }
    outcome.cut = false;  // nothing was asked yet; a client certificate may be refused this way
    outcome.tls_failed = true;
    return outcome;
  }

  void FinishAnswer() {
    ++answers_;
    keep_alive_ = parser_->keep_alive();
    tcp_.expires_never();
  }

  const KubeRoute& route_;
  const TlsKeeper::Current context_;
  asio::io_context io_{1};
  tcp::resolver resolver_;
  beast::tcp_stream tcp_;
  std::optional<TlsStream> tls_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  uint64_t body_bytes_max_ = 0;
  int64_t answers_ = 0;
  bool keep_alive_ = false;
  bool interrupted_ = false;
};

KubeConnection::KubeConnection(const KubeRoute* route, TlsKeeper::Current tls)
    : impl_(std::make_unique<Impl>(route, std::move(tls))) {}

KubeConnection::~KubeConnection() = default;

HttpOutcome KubeConnection::Open(Nanos timeout) { return impl_->Open(timeout); }

HttpOutcome KubeConnection::Begin(const KubeRequest& request, Nanos timeout,
                                  int64_t body_bytes_max) {
  return impl_->Begin(request, timeout, body_bytes_max);
}

bool KubeConnection::answer_begun() const { return impl_->answer_begun(); }

const HttpHead& KubeConnection::head() const { return impl_->head(); }

HttpOutcome KubeConnection::ReadBody(std::string* body) { return impl_->ReadBody(body); }

HttpOutcome KubeConnection::ReadSome(Nanos patience, std::string* data, bool* ended) {
  return impl_->ReadSome(patience, data, ended);
}

void KubeConnection::Interrupt() { impl_->Interrupt(); }

bool KubeConnection::Reusable() { return impl_->Reusable(); }

uint64_t KubeConnection::tls_generation() const { return impl_->tls_generation(); }

bool KubeConnection::reused() const { return impl_->reused(); }

}  // namespace squall
