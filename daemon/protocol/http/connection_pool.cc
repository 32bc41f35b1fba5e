#include "daemon/protocol/http/connection_pool.h"

#include <algorithm>
#include <utility>

namespace squall {
namespace {

constexpr size_t kConnectionsMax = 4;  // per user; more origins than that take turns

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
  Route route;
  route.proxy = shard_->proxy().has_value() ? &*shard_->proxy() : nullptr;
  route.tls = connection->origin.tls ? shard_->tls() : nullptr;
  route.server_name = service.tls.server_name;
  route.connect_timeout = service.connect_timeout;
  route.tls_timeout = service.tls_timeout;
  route.rotation = user_->user_number();
  Dialer dialer(user_->reactor(), shard_->dns(), &shard_->allowed_targets());
  NetError error = co_await dialer.Dial(&connection->stream, user_->waiter(), &connection->origin,
                                        std::move(route), deadline, times);
  if (!error.ok()) {
    user_->CountExhaustion(error);
    Close(connection);
    connection = nullptr;
  }
  *opened = connection;
  co_return error;
}

}  // namespace squall
