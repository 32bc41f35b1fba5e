#include "daemon/http/http_server.h"

#include <exception>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

#include <absl/status/status.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/machine_name.h"
#include "daemon/base/status_macros.h"
#include "daemon/http/connection.h"
#include "daemon/net/listen_address.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr auto kAcceptToken = asio::as_tuple(asio::use_awaitable);
constexpr int kBacklog = 256;
constexpr Nanos kTick = std::chrono::milliseconds(200);
// Out of descriptors, which a load generator can be: accepting again at once would only spin.
constexpr Nanos kAcceptPause = std::chrono::milliseconds(100);

absl::StatusOr<std::unique_ptr<asio::ssl::context>> MakeTls(const HttpServerOptions& options) {
  if (options.tls_cert_pem.empty() != options.tls_key_pem.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{} must have both a certificate and a key, or neither", options.flag));
  }
  if (options.tls_cert_pem.empty()) {
    return nullptr;
  }
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  constexpr auto kOptions = asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv3 |
                            asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1;
  if (context->set_options(kOptions, error)) {
    return absl::InternalError(fmt::format("set TLS options: {}", error.message()));
  }
  if (context->use_certificate_chain(asio::buffer(options.tls_cert_pem), error)) {
    return absl::InvalidArgumentError(fmt::format("the certificate of {} must be a PEM chain: {}",
                                                  options.flag, error.message()));
  }
  if (context->use_private_key(asio::buffer(options.tls_key_pem), asio::ssl::context::pem, error) ||
      SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return absl::InvalidArgumentError(
        fmt::format("the key of {} must be a PEM private key that fits the certificate: {}",
                    options.flag, error ? error.message() : "it is another certificate's"));
  }
  return context;
}

absl::Status CheckExposure(const HttpServerOptions& options, const ListenAddress& address) {
  const bool guarded = options.guard != nullptr || !options.basic_user.empty();
  if (IsLoopback(address) || guarded || options.insecure) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format(
      "{} must be a loopback address, or ask for a token or a password, or be allowed to do "
      "without by --insecure, got '{}'",
      options.flag, options.listen));
}

}  // namespace

class HttpServer::Impl final {
 public:
  Impl(HttpServerOptions options, HttpHandler handler, std::unique_ptr<asio::ssl::context> tls)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        tls_(std::move(tls)),
        acceptor_(io_),
        pause_(io_),
        tick_(io_) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status Start(const ListenAddress& address);
  const ListenAddress& address() const { return address_; }
  bool has_tls() const { return tls_ != nullptr; }

 private:
  absl::Status Listen();
  asio::awaitable<void> AcceptLoop();
  asio::awaitable<void> TickLoop();
  void Serve(Tcp::socket socket);
  template <class Coroutine, class Done>
  void Spawn(Coroutine coroutine, Done done);

  const HttpServerOptions options_;
  const HttpHandler handler_;
  const std::unique_ptr<asio::ssl::context> tls_;
  ListenAddress address_;
  std::optional<Gatekeeper> gatekeeper_;
  HttpConnectionContext context_;
  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::steady_timer tick_;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
  bool stopping_ = false;
  std::optional<WorkerQueue> workers_;
  std::thread thread_;
};

absl::Status HttpServer::Impl::Start(const ListenAddress& address) {
  address_ = address;
  SQUALL_RETURN_IF_ERROR(Listen());
  AccessRules rules;
  rules.listen_host = address.host;
  rules.loopback = IsLoopback(address);
  rules.allowed_hosts = options_.allowed_hosts;
  rules.changing_gets = options_.changing_gets;
  const Credentials credentials{options_.guard, options_.basic_user, options_.basic_password};
  rules.open = !credentials.asked_for();
  rules.machine = MachineName();
  gatekeeper_.emplace(std::move(rules), credentials, has_tls(), address_.port);
  workers_.emplace(options_.workers, options_.waiting_max);
  context_ = {&options_, &handler_, &*gatekeeper_, &*workers_, {}, 0};
  tick_.expires_after(kTick);
  context_.now = tick_.expiry() - kTick;
  Spawn(TickLoop(), [] {});
  Spawn(AcceptLoop(), [] {});
  thread_ = std::thread([this] { io_.run(); });
  return absl::OkStatus();
}

// Workers first: what they post still finds its connection. Then every coroutine is made to end,
// and the thread with the last of them.
HttpServer::Impl::~Impl() {
  if (!thread_.joinable()) {
    return;
  }
  workers_->Stop();
  asio::post(io_, [this] {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    tick_.cancel();
    for (const auto& connection : connections_) {
      connection->Abort();
    }
  });
  thread_.join();
}

absl::Status HttpServer::Impl::Listen() {
  error_code error;
  const Tcp::endpoint endpoint(asio::ip::make_address(address_.host, error), address_.port);
  const bool listening = !error && !acceptor_.open(endpoint.protocol(), error) &&
                         !acceptor_.set_option(Tcp::acceptor::reuse_address(true), error) &&
                         !acceptor_.bind(endpoint, error) && !acceptor_.listen(kBacklog, error);
  if (!listening) {
    return absl::UnavailableError(fmt::format("{} must be a free address, '{}' is not: {}",
                                              options_.flag, options_.listen, error.message()));
  }
  address_.port = acceptor_.local_endpoint(error).port();
  return absl::OkStatus();
}

template <class Coroutine, class Done>
void HttpServer::Impl::Spawn(Coroutine coroutine, Done done) {
  asio::co_spawn(io_, std::move(coroutine),
                 [done = std::move(done)](const std::exception_ptr& bug) {
                   SQUALL_CHECK(bug == nullptr);
                   done();
                 });
}

asio::awaitable<void> HttpServer::Impl::AcceptLoop() {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(kAcceptToken);
    if (stopping_) {
      co_return;
    }
    if (error) {
      pause_.expires_after(kAcceptPause);
      co_await pause_.async_wait(kAcceptToken);
    } else if (connections_.size() < options_.connections_max) {
      Serve(std::move(socket));
    }
  }
}

void HttpServer::Impl::Serve(Tcp::socket socket) {
  error_code ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
  auto connection = MakeHttpConnection(std::move(socket), tls_.get(), &context_);
  connections_.insert(connection);
  Spawn(connection->Run(), [this, connection] { connections_.erase(connection); });
}

// The timer's own schedule is the time that deadlines go by: no clock is asked.
asio::awaitable<void> HttpServer::Impl::TickLoop() {
  while (!stopping_) {
    co_await tick_.async_wait(kAcceptToken);
    context_.now = tick_.expiry();
    tick_.expires_at(context_.now + kTick);
    for (const auto& connection : connections_) {
      connection->CheckDeadline();
    }
  }
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              HttpHandler handler) {
  auto address = ParseListenAddress(options.listen);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{} {}", options.flag, std::string(address.status().message())));
  }
  SQUALL_RETURN_IF_ERROR(CheckExposure(options, *address));
  SQUALL_ASSIGN_OR_RETURN(auto tls, MakeTls(options));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler), std::move(tls));
  SQUALL_RETURN_IF_ERROR(impl->Start(*address));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return impl_->address().port; }

std::string HttpServer::Url() const {
  ListenAddress address = impl_->address();
  if (address.host == "0.0.0.0") {
    address.host = "127.0.0.1";
  } else if (address.host == "::") {
    address.host = "::1";
  }
  return fmt::format("{}://{}", impl_->has_tls() ? "https" : "http", FormatListenAddress(address));
}

}  // namespace squall
