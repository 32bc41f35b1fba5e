#include "daemon/target/server.h"

#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "daemon/target/shard.h"
#include "daemon/target/tls_context.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr auto kAcceptToken = asio::as_tuple(asio::use_awaitable);
constexpr int kBacklog = 4096;
constexpr int kAcceptsPerWake = 64;  // then the connections of this shard get a turn
constexpr Nanos kAcceptPause = std::chrono::milliseconds(20);

absl::StatusOr<Tcp::acceptor> Listen(asio::io_context* io, const ListenAddress& address) {
  error_code error;
  const auto host = asio::ip::make_address(address.host, error);
  if (error) {
    return absl::InvalidArgumentError(
        fmt::format("listen must be an IP address and a port, got '{}'", address.host));
  }
  const Tcp::endpoint endpoint(host, address.port);
  Tcp::acceptor acceptor(*io);
  const bool listening = !acceptor.open(endpoint.protocol(), error) &&
                         !acceptor.set_option(Tcp::acceptor::reuse_address(true), error) &&
                         !acceptor.bind(endpoint, error) && !acceptor.listen(kBacklog, error) &&
                         !acceptor.native_non_blocking(true, error);
  if (!listening) {
    return absl::UnavailableError(
        fmt::format("listen on {}: {}", FormatListenAddress(address), error.message()));
  }
  return acceptor;
}

bool IsLoopbackPeer(const sockaddr_storage& peer) {
  Tcp::endpoint endpoint;
  endpoint.resize(peer.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  std::memcpy(endpoint.data(), &peer, endpoint.size());
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

class TargetServer::Impl final {
 public:
  Impl(TargetServerOptions options, Parts parts, std::unique_ptr<asio::ssl::context> tls)
      : options_(std::move(options)), parts_(parts), tls_(std::move(tls)) {
    for (size_t i = 0; i < options_.threads; ++i) {
      TargetShardContext context;
      context.router = parts_.router;
      context.stall = parts_.stall;
      context.clock = parts_.clock;
      context.counters = &parts_.counters->slot(i);
      context.limits = options_.limits;
      FaultDice dice(options_.latency, options_.error_rate, MixSeed(options_.seed + i));
      shards_.push_back(std::make_unique<TargetShard>(context, std::move(dice), tls_.get()));
    }
  }

  absl::Status Start() {
    auto acceptor = Listen(&shards_[0]->io(), options_.listen);
    SQUALL_RETURN_IF_ERROR(acceptor.status());
    acceptor_.emplace(*std::move(acceptor));
    pause_.emplace(shards_[0]->io());
    address_ = options_.listen;
    address_.port = acceptor_->local_endpoint().port();
    asio::co_spawn(shards_[0]->io(), AcceptLoop(),
                   [](const std::exception_ptr& bug) { SQUALL_CHECK(bug == nullptr); });
    for (const auto& shard : shards_) {
      shard->Start();
    }
    running_ = true;
    return absl::OkStatus();
  }

  void Stop(Nanos drain_max) {
    if (!std::exchange(running_, false)) {
      return;
    }
    // First no more hand-overs, then the drain: a shard that has ended must not be given a socket.
    std::promise<void> closed;
    asio::post(shards_[0]->io(), [this, &closed] {
      error_code ignored;
      ignored = acceptor_->close(ignored);
      pause_->cancel();
      closed.set_value();
    });
    closed.get_future().wait();
    for (const auto& shard : shards_) {
      shard->Drain(drain_max);
    }
    for (const auto& shard : shards_) {
      shard->Join();
    }
  }

  const ListenAddress& address() const { return address_; }

 private:
  asio::awaitable<void> AcceptLoop() {
    while (acceptor_->is_open()) {
      const auto [error] = co_await acceptor_->async_wait(Tcp::acceptor::wait_read, kAcceptToken);
      if (error) {
        co_return;
      }
      if (!AcceptSome()) {
        pause_->expires_after(kAcceptPause);
        co_await pause_->async_wait(kAcceptToken);
      }
    }
  }

  // False when the process is out of descriptors or memory: trying again at once would spin.
  bool AcceptSome() {
    for (int i = 0; i < kAcceptsPerWake; ++i) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      const int descriptor = ::accept4(acceptor_->native_handle(),
                                       reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
      if (descriptor >= 0) {
        HandOver(descriptor, peer);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return true;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return false;
      }
    }
    return true;
  }

  void HandOver(int descriptor, const sockaddr_storage& peer) {
    if (parts_.counters->OpenConnections() >= options_.limits.connections_max) {
      // Counted first: who sees the close may ask for the count.
      Add(parts_.counters->slot(0).connections_refused);
      ::close(descriptor);
      return;
    }
    Add(parts_.counters->slot(next_).connections_accepted);
    shards_[next_]->Adopt(descriptor, peer.ss_family == AF_INET6, IsLoopbackPeer(peer));
    next_ = (next_ + 1) % shards_.size();
  }

  const TargetServerOptions options_;
  const Parts parts_;
  const std::unique_ptr<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<TargetShard>> shards_;
  std::optional<Tcp::acceptor> acceptor_;    // lives on the first shard
  std::optional<asio::steady_timer> pause_;  // so does this
  ListenAddress address_;
  size_t next_ = 0;
  bool running_ = false;
};

absl::StatusOr<std::unique_ptr<TargetServer>> TargetServer::Start(TargetServerOptions options,
                                                                  Parts parts) {
  SQUALL_CHECK(options.threads > 0);
  std::unique_ptr<asio::ssl::context> tls;
  SQUALL_ASSIGN_OR_RETURN(tls, MakeTargetTlsContext(options.tls));
  auto impl = std::make_unique<Impl>(std::move(options), parts, std::move(tls));
  SQUALL_RETURN_IF_ERROR(impl->Start());
  return std::make_unique<TargetServer>(std::move(impl));
}

TargetServer::TargetServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TargetServer::~TargetServer() { impl_->Stop(Nanos(0)); }

ListenAddress TargetServer::address() const { return impl_->address(); }

void TargetServer::Stop(Nanos drain_max) { impl_->Stop(drain_max); }

}  // namespace squall
