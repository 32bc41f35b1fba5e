#include "daemon/protocol/http/connection_pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "daemon/protocol/http/response_reader.h"

namespace squall {
namespace {

constexpr size_t kConnectionsMax = 4;  // per user; more origins than that take turns

void SetPort(Endpoint* endpoint, uint16_t port) {
  if (endpoint->address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&endpoint->address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&endpoint->address)->sin_port = htons(port);
  }
}

// Gives the addresses of `to` its port, and drops those that the agent must not connect to.
void KeepAllowed(const TargetAllowList& allowed, const Origin& to,
                 std::vector<Endpoint>* endpoints) {
  for (Endpoint& endpoint : *endpoints) {
    SetPort(&endpoint, to.port);
  }
  if (!allowed.AllowsHost(to.host, to.port)) {
    std::erase_if(*endpoints, [&allowed](const Endpoint& endpoint) {
      return !allowed.AllowsAddress(endpoint.address);
    });
  }
}

NetError NotAllowed(std::string_view what) {
  return {NetError::Kind::kForbidden, fmt::format("{} not allowed by the agent", what)};
}

// Users spread over the addresses of the preferred family; the other family is the fallback.
void Rotate(std::vector<Endpoint>* endpoints, uint64_t by) {
  const auto other = std::find_if(endpoints->begin(), endpoints->end(), [&](const Endpoint& e) {
    return e.address.ss_family != endpoints->front().address.ss_family;
  });
  const auto count = static_cast<uint64_t>(other - endpoints->begin());
  std::rotate(endpoints->begin(), endpoints->begin() + static_cast<ptrdiff_t>(by % count), other);
}

}  // namespace

Connection* ConnectionPool::FindReusable(const Origin& origin) {
  for (const auto& connection : connections_) {
    if (connection->origin == origin) {
      if (connection->stream.Reusable()) {
        return connection.get();
      }
      Close(connection.get());
      return nullptr;
    }
  }
  return nullptr;
}

void ConnectionPool::Close(Connection* connection) {
  std::erase_if(connections_, [connection](const auto& item) { return item.get() == connection; });
}

Co<NetError> ConnectionPool::Open(Origin origin, TimePoint deadline, OpenTimes* times,
                                  Connection** opened) {
  if (connections_.size() >= kConnectionsMax) {
    connections_.erase(connections_.begin());
  }
  connections_.push_back(
      std::make_unique<Connection>(std::move(origin), user_->reactor(), user_->waiter()));
  Connection* connection = connections_.back().get();
  const Service& service = shard_->service();
  Reactor* reactor = user_->reactor();
  NetError error = co_await ConnectTcp(
      connection, std::min(deadline, reactor->Fresh() + service.connect_timeout), times);
  if (error.ok() && connection->origin.tls) {
    if (shard_->proxy().has_value()) {
      error = co_await Tunnel(connection, deadline);
    }
    if (error.ok()) {
      const TimePoint begin = reactor->Fresh();
      const std::string name =
          service.tls.server_name.empty() ? connection->origin.host : service.tls.server_name;
      const TlsContext* tls = shard_->tls();
      if (tls == nullptr) {
        error = NetErrorFromErrno(ENOMEM);
      } else {
        error = co_await connection->stream.Handshake(
            tls, name, std::min(deadline, begin + service.tls_timeout));
      }
      times->tls = reactor->Fresh() - begin;
    }
  }
  if (!error.ok()) {
    user_->CountExhaustion(error);
    Close(connection);
    connection = nullptr;
  }
  *opened = connection;
  co_return error;
}

Co<NetError> ConnectionPool::ConnectTcp(Connection* connection, TimePoint deadline,
                                        OpenTimes* times) {
  const std::optional<Url>& proxy = shard_->proxy();
  const Origin& via = proxy.has_value() ? proxy->origin : connection->origin;
  const TargetAllowList& allowed = shard_->allowed_targets();
  // The proxy resolves the target's name, elsewhere: here only the name can be judged.
  if (proxy.has_value() && !allowed.AllowsHost(connection->origin.host, connection->origin.port)) {
    co_return NotAllowed("target");
  }
  Reactor* reactor = user_->reactor();
  DnsAnswer answer;
  if (const DnsAnswer* cached = shard_->dns()->Cached(via.host); cached != nullptr) {
    answer = *cached;
  } else {
    const TimePoint begin = reactor->Fresh();
    answer = co_await shard_->dns()->Resolve(via.host, user_->waiter(), deadline);
    times->dns = reactor->Fresh() - begin;
  }
  if (!answer.error.ok()) {
    co_return answer.error;
  }
  KeepAllowed(allowed, via, &answer.endpoints);
  if (answer.endpoints.empty()) {
    co_return NotAllowed(proxy.has_value() ? "proxy" : "target");
  }
  Rotate(&answer.endpoints, user_->user_number());
  const TimePoint begin = reactor->Fresh();
  NetError error;
  for (const Endpoint& endpoint : answer.endpoints) {
    error = co_await connection->stream.Connect(endpoint, deadline);
    if (error.ok() || error.kind == NetError::Kind::kTimedOut ||
        error.kind == NetError::Kind::kCancelled) {
      break;
    }
  }
  times->connect = reactor->Fresh() - begin;
  co_return error;
}

Co<NetError> ConnectionPool::Tunnel(Connection* connection, TimePoint deadline) {
  const Url& proxy = *shard_->proxy();
  const std::string authority = connection->origin.Authority();
  std::string wire = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
  if (!proxy.userinfo.empty()) {
    wire += fmt::format("Proxy-Authorization: Basic {}\r\n", Base64(proxy.userinfo));
  }
  wire += "\r\n";
  const IoResult sent = connection->stream.TrySend(wire.data(), wire.size());
  if (sent.kind != IoResult::Kind::kDone || sent.bytes != wire.size()) {
    co_return NetError{NetError::Kind::kProtocol, "proxy: CONNECT could not be sent"};
  }
  // Like a reply to HEAD: a successful CONNECT has no body, whatever its headers say.
  ResponseReader reader(ResponseSink{}, /*head_request=*/true, 16 * 1024, 0);
  std::string text;
  while (!reader.is_done()) {
    const Wake wake = co_await connection->stream.WaitReadable(deadline);
    if (wake == Wake::kCancelled) {
      co_return NetError{NetError::Kind::kCancelled, "cancelled"};
    }
    if (wake == Wake::kDeadline) {
      co_return NetError{NetError::Kind::kTimedOut, "timed out (proxy CONNECT)"};
    }
    char byte = 0;  // one at a time: what follows the head belongs to TLS
    const IoResult got = connection->stream.TryReceive(&byte, 1);
    if (got.kind == IoResult::Kind::kWouldBlock) {
      continue;
    }
    text.push_back(byte);
    std::string_view error;
    if (got.kind != IoResult::Kind::kDone) {
      error = "connection closed";
    } else if (text.ends_with("\r\n\r\n") || text.size() > size_t{16} * 1024) {
      reader.Feed(text, &error);
    }
    if (!error.empty()) {
      co_return NetError{NetError::Kind::kProtocol, fmt::format("proxy: {}", error)};
    }
  }
  if (reader.status() / 100 != 2) {
    co_return NetError{NetError::Kind::kProtocol,
                       fmt::format("proxy: CONNECT refused with {}", reader.status())};
  }
  co_return NetError{};
}

}  // namespace squall
