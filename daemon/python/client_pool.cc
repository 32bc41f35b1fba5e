#include "daemon/python/client_pool.h"

#include <algorithm>
#include <utility>

namespace squall {
namespace {

constexpr size_t kIdleMax = 10;  // what requests keeps of each host

}  // namespace

PooledConnection::~PooledConnection() {
  stream.Close();  // before the waiter, which the reactor knows by the stream's watch
  reactor->Abandon(&waiter);
}

PooledConnection* ClientPool::Take(const Origin& origin, const TlsContext* tls) {
  for (size_t i = connections_.size(); i-- > 0;) {
    PooledConnection* connection = connections_[i].get();
    if (connection->busy || connection->tls != tls || !(connection->origin == origin)) {
      continue;
    }
    if (connection->stream.Reusable()) {
      connection->busy = true;
      return connection;
    }
    Close(connection);
  }
  return nullptr;
}

PooledConnection* ClientPool::Add(const Origin& origin, const TlsContext* tls) {
  DropIdle(kIdleMax - 1);
  connections_.push_back(std::make_unique<PooledConnection>(reactor_, origin, tls));
  return connections_.back().get();
}

void ClientPool::GiveBack(PooledConnection* connection) {
  if (connection->closing) {
    Close(connection);
    return;
  }
  connection->busy = false;
  if (connections_.size() > 1) {
    const auto at = std::find_if(connections_.begin(), connections_.end(),
                                 [&](const auto& item) { return item.get() == connection; });
    std::rotate(at, at + 1, connections_.end());
  }
}

void ClientPool::Close(PooledConnection* connection) {
  std::erase_if(connections_, [&](const auto& item) { return item.get() == connection; });
}

void ClientPool::CloseAll() {
  DropIdle(0);
  for (const auto& connection : connections_) {
    connection->closing = true;
  }
}

void ClientPool::DropIdle(size_t keep) {
  auto idle = static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                [](const auto& item) { return !item->busy; }));
  std::erase_if(connections_, [&](const auto& item) {
    const bool drop = !item->busy && idle > keep;
    idle -= drop ? 1 : 0;
    return drop;
  });
}

}  // namespace squall
