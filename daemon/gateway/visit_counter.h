// Counts what a web page answers: for the metrics. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "daemon/http/http_message.h"
#include "daemon/http/http_server.h"

namespace squall {

class VisitCounter final {
 public:
  VisitCounter();

  // The same handler, watched. It and its event streams may live on after the counter.
  HttpHandler Watch(HttpHandler handler) const;

  // For replies that another gives. It may live on after the counter.
  std::function<void(int status)> Count() const;

  std::map<int, uint64_t> replies() const;  // by status code
  uint64_t open_streams() const;

 private:
  struct Counts {
    std::mutex mutex;
    std::map<int, uint64_t> replies;  // guarded by mutex
    std::atomic<uint64_t> open_streams = 0;
  };
  class CountedFeed;

  const std::shared_ptr<Counts> counts_;
};

}  // namespace squall
