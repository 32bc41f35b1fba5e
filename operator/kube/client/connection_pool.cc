#include "operator/kube/client/connection_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace squall {

std::unique_ptr<KubeConnection> KubeConnectionPool::Take(uint64_t tls_generation) {
  const TimePoint now = clock_->Now();
  std::vector<Idle> dead;  // closed after the lock is gone
  const std::lock_guard lock(mutex_);
  const auto stale = std::stable_partition(idle_.begin(), idle_.end(), [&](const Idle& idle) {
    return now - idle.since < kIdleTime && idle.connection->tls_generation() == tls_generation;
  });
  std::move(stale, idle_.end(), std::back_inserter(dead));
  idle_.erase(stale, idle_.end());
  while (!idle_.empty()) {
    std::unique_ptr<KubeConnection> connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->Reusable()) {
      return connection;
    }
  }
  return nullptr;
}

void KubeConnectionPool::GiveBack(std::unique_ptr<KubeConnection> connection) {
  if (!connection->Reusable()) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleMax) {
    idle_.push_back({std::move(connection), clock_->Now()});
  }
}

void KubeConnectionPool::Clear() {
  std::vector<Idle> dead;
  const std::lock_guard lock(mutex_);
  dead.swap(idle_);
}

}  // namespace squall
