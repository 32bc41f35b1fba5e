#include "daemon/telemetry/http_endpoint.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <absl/status/status.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/net/listen_address.h"

namespace squall {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Response = http::response<http::string_body>;

constexpr const char* kTextPage = "text/plain; charset=utf-8";
constexpr int kBacklog = 64;
// Out of descriptors, which a load generator can be: accepting again at once would only spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// What all connections share. Endpoint thread.
struct Shared {
  const HttpEndpointOptions options;
  const HttpEndpoint::Pages pages;
  size_t open = 0;
};

Response Page(http::status status, const char* type, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(body);
  return response;
}

Response Answer(const Shared& shared, http::verb method, std::string_view target,
                std::string_view accept) {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto health = path != "/metrics" && shared.pages.health != nullptr
                          ? shared.pages.health(target)
                          : std::nullopt;
  const bool known = path == "/metrics" || path == "/healthz" || path == "/readyz";
  if (!known && !health.has_value()) {
    return Page(http::status::not_found, kTextPage, "try /metrics, /healthz or /readyz\n");
  }
  if (method != http::verb::get && method != http::verb::head) {
    Response response = Page(http::status::method_not_allowed, kTextPage, "must be GET or HEAD\n");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  if (path == "/metrics") {
    const MetricFormat format = MetricFormatFor(accept);
    Response response =
        Page(http::status::ok, MetricContentType(format), shared.pages.metrics(format));
    response.set(http::field::vary, "Accept");
    return response;
  }
  if (health.has_value()) {
    return Page(health->first ? http::status::ok : http::status::service_unavailable, kTextPage,
                health->second);
  }
  if (path == "/healthz" || shared.pages.ready()) {
    return Page(http::status::ok, kTextPage, "ok\n");
  }
  return Page(http::status::service_unavailable, kTextPage, "shutting down\n");
}

// One connection, request after request. Its handlers own it: it lives as long as something is
// under way, and every step has a deadline.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared* shared) : stream_(std::move(socket)), shared_(shared) {
    ++shared_->open;
  }
  ~Connection() { --shared_->open; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read(Nanos patience) {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_->options.head_bytes_max));
    stream_.expires_after(patience);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(error_code error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      Refuse(http::status::request_header_fields_too_large, "the head is too large\n");
    } else if (error == http::error::unexpected_body) {
      Refuse(http::status::payload_too_large, "must have no body\n");
    } else if (error.category() == http::make_error_code(http::error::bad_value).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      Refuse(http::status::bad_request, "must be HTTP/1.1\n");
    } else if (!error) {
      const auto& request = parser_->get();
      const auto target = request.target();
      const auto accept = request[http::field::accept];
      response_ = Answer(*shared_, request.method(), std::string_view(target.data(), target.size()),
                         std::string_view(accept.data(), accept.size()));
      Write(request.keep_alive(), request.method() == http::verb::head);
    }
  }

  void Refuse(http::status status, const char* text) {
    response_ = Page(status, kTextPage, text);
    Write(/*keep_alive=*/false, /*head_only=*/false);
  }

  void Write(bool keep_alive, bool head_only) {
    response_.keep_alive(keep_alive);
    response_.prepare_payload();
    stream_.expires_after(shared_->options.request_timeout);
    const auto done = [self = shared_from_this(), keep_alive](error_code error, size_t) {
      self->OnWritten(error, keep_alive);
    };
    if (head_only) {
      serializer_.emplace(response_);
      serializer_->split(true);
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, response_, done);
    }
  }

  void OnWritten(error_code error, bool keep_alive) {
    if (!error && keep_alive) {
      Read(shared_->options.idle_timeout);
    } else {
      stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    }
  }

  beast::tcp_stream stream_;
  Shared* const shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

}  // namespace

class HttpEndpoint::Impl {
 public:
  Impl(HttpEndpointOptions options, Pages pages)
      : shared_{std::move(options), std::move(pages)}, acceptor_(context_), pause_(context_) {}

  ~Impl() {
    context_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  absl::Status Listen(const ListenAddress& address) {
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
    if (!error) {
      acceptor_.open(endpoint.protocol(), error);
    }
    if (!error) {
      acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
      acceptor_.bind(endpoint, error);
    }
    if (!error) {
      acceptor_.listen(kBacklog, error);
    }
    if (error) {
      return absl::UnavailableError(fmt::format("must be a free address, '{}' is not: {}",
                                                shared_.options.listen, error.message()));
    }
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

  uint16_t port() const { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error) {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](error_code) { Accept(); });
        return;
      }
      if (shared_.open < shared_.options.connections_max) {
        std::make_shared<Connection>(std::move(socket), &shared_)
            ->Read(shared_.options.request_timeout);
      }
      Accept();
    });
  }

  Shared shared_;  // outlives the connections, which the context's handlers own
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  uint16_t port_ = 0;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(HttpEndpointOptions options,
                                                                  Pages pages) {
  SQUALL_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen));
  if (!IsLoopback(address) && !options.insecure) {
    return absl::FailedPreconditionError(fmt::format(
        "must be a loopback address unless --insecure is given, got '{}'", options.listen));
  }
  auto impl = std::make_unique<Impl>(std::move(options), std::move(pages));
  SQUALL_RETURN_IF_ERROR(impl->Listen(address));
  return std::unique_ptr<HttpEndpoint>(new HttpEndpoint(std::move(impl)));
}

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpEndpoint::~HttpEndpoint() = default;

uint16_t HttpEndpoint::port() const { return impl_->port(); }

}  // namespace squall
