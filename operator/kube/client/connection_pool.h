// Connections that wait for their next request. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/base/clock.h"
#include "operator/kube/client/connection.h"

namespace squall {

class KubeConnectionPool final {
 public:
  static constexpr size_t kIdleMax = 16;
  // API servers close idle connections after 90 s or later.
  static constexpr Nanos kIdleTime = std::chrono::seconds(60);

  explicit KubeConnectionPool(const Clock* clock) : clock_(clock) {}  // outlives the pool

  // The connection that was used last, if it is still good and of this TLS generation; nullptr when
  // a new one is needed.
  std::unique_ptr<KubeConnection> Take(uint64_t tls_generation);
  // Keeps it if it can be used again.
  void GiveBack(std::unique_ptr<KubeConnection> connection);
  // After one was found dead: its siblings have most likely met the same end.
  void Clear();

 private:
  struct Idle {
    std::unique_ptr<KubeConnection> connection;
    TimePoint since;
  };
  const Clock* const clock_;
  std::mutex mutex_;
  std::vector<Idle> idle_;  // guarded by mutex_; the last one was used last
};

}  // namespace squall
