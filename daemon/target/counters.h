// What the target saw, for tests that compare it with what the load generator claims. One slot per
// thread, so that threads do not share cache lines; added up when somebody asks. Any thread may
// call anything.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

// The methods that are told apart; anything else is kOther.
enum class TargetMethod { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
constexpr size_t kTargetMethodCount = 8;

TargetMethod ParseTargetMethod(std::string_view method);
// "GET", …, "OTHER".
std::string_view TargetMethodName(TargetMethod method);

class TargetCounters final {
 public:
  static constexpr size_t kRoutesMax = 32;
  static constexpr size_t kStatusMax = 600;

  using Count = std::atomic<uint64_t>;

  struct Slot {
    // Requests whose head and body arrived complete, by route and method.
    std::array<std::array<Count, kTargetMethodCount>, kRoutesMax> requests{};
    // Answers to those and to malformed ones, by status code.
    std::array<Count, kStatusMax> responses{};
    Count malformed{};  // requests that were not HTTP or above a limit
    Count connections_accepted{};
    Count connections_refused{};  // above the limit
    Count connections_closed{};
    Count bytes_received{};
    Count bytes_sent{};
  };

  // `routes` are the labels after the method ("/products/{id}"), at most kRoutesMax.
  TargetCounters(size_t threads, std::vector<std::string> routes);

  Slot& slot(size_t thread) { return *slots_.at(thread); }

  size_t OpenConnections() const;
  // Requests counted, over all routes and threads.
  uint64_t TotalRequests() const;
  // {"requests":{"GET /products":3,…},"total":3,"malformed":0,"responses":{"200":3},
  //  "connections":{"accepted":1,"refused":0,"open":1},"bytes":{"received":90,"sent":300}}
  std::string Json() const;
  // Zeroes all but the number of open connections. Requests that are counted at the same instant
  // may fall on either side.
  void Reset();

 private:
  uint64_t Sum(Count Slot::*field) const;

  const std::vector<std::string> routes_;
  std::vector<std::unique_ptr<Slot>> slots_;
  // Connections open at the last reset: accepted and closed start from zero then.
  std::atomic<uint64_t> open_at_reset_{0};
};

inline void Add(TargetCounters::Count& count, uint64_t by = 1) {
  count.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace squall
