#include "tests/support/kube/fake_api_server.h"

#include <chrono>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <absl/status/status.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/status_macros.h"
#include "daemon/net/certificate.h"
#include "daemon/net/listen_address.h"
#include "tests/support/kube/api_session.h"
#include "tests/support/kube/fake_backend.h"
#include "tests/support/kube/fake_link.h"

namespace squall {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 128;

FakeClusterOptions ClusterOptions(const FakeApiServerOptions& options,
                                  std::vector<FakeResource> resources) {
  FakeClusterOptions cluster;
  cluster.resources = std::move(resources);
  cluster.log_length_max = options.log_length_max;
  cluster.seed = options.seed;
  return cluster;
}

// The built-in types; the CRD's takes the place of the one of its name.
absl::StatusOr<std::vector<FakeResource>> Resources(const std::string& crd_yaml) {
  std::vector<FakeResource> resources = BuiltinResources();
  if (!crd_yaml.empty()) {
    SQUALL_ASSIGN_OR_RETURN(FakeResource custom, ReadCrd(crd_yaml));
    std::erase_if(resources, [&custom](const FakeResource& resource) {
      return resource.storage == custom.storage;
    });
    resources.push_back(std::move(custom));
  }
  return resources;
}

}  // namespace

class FakeApiServer::Impl {
 public:
  Impl(FakeApiServerOptions given, std::vector<FakeResource> resources, const Clock* clock)
      : options(std::move(given)),
        cluster(ClusterOptions(options, std::move(resources)), clock),
        faults(options.seed),
        housekeeping(&cluster, clock, options.housekeeping),
        acceptor_(context_) {
    backend.cluster = &cluster;
    backend.faults = &faults;
    backend.counts = &counts;
    backend.clock = clock;
    backend.bookmark_period = options.bookmark_period;
    backend.SetToken(options.token);
  }

  ~Impl() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    error_code ignored;
    // Wakes the blocking accept(), which closing alone would not.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    if (accepting_.joinable()) {
      accepting_.join();
    }
    acceptor_.close(ignored);
    housekeeping.Stop();
    CutConnections();
    cluster.Wake();
    for (Connection& connection : connections_) {
      connection.thread.join();
    }
  }

  absl::Status Listen(const ListenAddress& address, WallTime now) {
    if (options.tls) {
      SQUALL_ASSIGN_OR_RETURN(const CertificatePair pair, MakeSelfSigned({}, now));
      ca_pem = pair.certificate_pem;
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->use_certificate_chain(asio::buffer(pair.certificate_pem));
      tls_->use_private_key(asio::buffer(pair.key_pem), asio::ssl::context::pem);
    }
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
      return absl::UnavailableError(
          fmt::format("must be a free address, '{}' is not: {}", options.listen, error.message()));
    }
    bound.host = address.host;
    bound.port = acceptor_.local_endpoint(error).port();
    accepting_ = std::thread([this] { Accept(); });
    housekeeping.Start();
    return absl::OkStatus();
  }

  void CutConnections() {
    const std::scoped_lock lock(mutex_);
    for (Connection& connection : connections_) {
      connection.link->Cut();
    }
  }

  const FakeApiServerOptions options;
  FakeCluster cluster;
  ApiFaults faults;
  RequestCounts counts;
  Housekeeping housekeeping;
  FakeBackend backend;
  ListenAddress bound;
  std::string ca_pem;

 private:
  struct Connection {
    std::unique_ptr<FakeLink> link;
    std::thread thread;
    bool done = false;
  };

  void Accept() {
    while (true) {
      error_code error;
      tcp::socket socket = acceptor_.accept(error);
      const std::scoped_lock lock(mutex_);
      if (stopping_) {
        return;
      }
      Reap();
      if (error || connections_.size() >= options.connections_max) {
        continue;
      }
      Connection& connection = connections_.emplace_back();
      connection.link = std::make_unique<FakeLink>(std::move(socket), tls_ ? &*tls_ : nullptr);
      connection.thread = std::thread([this, &connection] { Serve(&connection); });
    }
  }

  void Serve(Connection* connection) {
    ApiSession(connection->link.get(), &backend).Run();
    connection->link->Cut();
    const std::scoped_lock lock(mutex_);
    connection->done = true;
  }

  // Joins the threads that are through. They set `done` as the last thing under the lock.
  void Reap() {
    for (auto at = connections_.begin(); at != connections_.end();) {
      if (at->done) {
        at->thread.join();
        at = connections_.erase(at);
      } else {
        ++at;
      }
    }
  }

  asio::io_context context_;
  std::optional<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  std::thread accepting_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<Connection> connections_;  // stable addresses: the threads know theirs
};

absl::StatusOr<std::unique_ptr<FakeApiServer>> FakeApiServer::Start(FakeApiServerOptions options,
                                                                    const Clock* clock) {
  SQUALL_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen));
  if (!IsLoopback(address)) {
    return absl::InvalidArgumentError(
        fmt::format("listen: must be a loopback address, got '{}'", options.listen));
  }
  SQUALL_ASSIGN_OR_RETURN(std::vector<FakeResource> resources, Resources(options.crd_yaml));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(resources), clock);
  SQUALL_RETURN_IF_ERROR(impl->Listen(address, clock->Wall()));
  return std::unique_ptr<FakeApiServer>(new FakeApiServer(std::move(impl)));
}

FakeApiServer::FakeApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FakeApiServer::~FakeApiServer() = default;

uint16_t FakeApiServer::port() const { return impl_->bound.port; }

std::string FakeApiServer::url() const {
  return fmt::format("{}://{}", impl_->options.tls ? "https" : "http",
                     FormatListenAddress(impl_->bound));
}

const std::string& FakeApiServer::ca_pem() const { return impl_->ca_pem; }

int FakeApiServer::open_watches() const { return impl_->backend.open_watches; }

FakeCluster& FakeApiServer::cluster() { return impl_->cluster; }

ApiFaults& FakeApiServer::faults() { return impl_->faults; }

RequestCounts& FakeApiServer::requests() { return impl_->counts; }

Housekeeping& FakeApiServer::housekeeping() { return impl_->housekeeping; }

void FakeApiServer::SetToken(std::string token) { impl_->backend.SetToken(std::move(token)); }

void FakeApiServer::CutConnections() { impl_->CutConnections(); }

boost::json::object FakeApiServer::Seed(std::string_view collection, std::string body) {
  ApiAnswer answer = impl_->cluster.Call("POST", collection, std::move(body));
  SQUALL_CHECK(answer.ok());
  return std::move(answer.body);
}

}  // namespace squall
