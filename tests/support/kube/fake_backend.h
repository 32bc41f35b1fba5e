// What all connections of one fake server share. The parts are thread-safe and outlive the server.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "tests/support/kube/api_faults.h"
#include "tests/support/kube/fake_cluster.h"
#include "tests/support/kube/request_counts.h"

namespace squall {

struct FakeBackend {
  FakeCluster* cluster = nullptr;
  ApiFaults* faults = nullptr;
  RequestCounts* counts = nullptr;
  const Clock* clock = nullptr;
  Nanos bookmark_period = std::chrono::minutes(1);
  std::atomic<int> open_watches = 0;

  // "": everybody may; otherwise only who bears this token.
  void SetToken(std::string token) {
    const std::scoped_lock lock(mutex_);
    token_ = std::move(token);
  }
  bool Admits(std::string_view authorization) const {
    const std::scoped_lock lock(mutex_);
    return token_.empty() || authorization == "Bearer " + token_;
  }

 private:
  mutable std::mutex mutex_;
  std::string token_;
};

}  // namespace squall
