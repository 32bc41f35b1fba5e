// Chooses which requests of one event loop get a span, and keeps the finished ones until somebody
// takes them away. Made by a SpanHub.
//
// The loop's thread alone calls it, but for Drain: one other thread, one at a time. No lock, no
// allocation after construction; a request that is not chosen costs a decrement.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "daemon/base/rng.h"
#include "daemon/trace/request_span.h"

namespace squall {

class SpanRecorder final {
 public:
  // `ratio` from 0 to 1; `capacity` spans wait at most, a power of two. Ids come from `seed`, which
  // must differ between loops, agents and runs.
  SpanRecorder(double ratio, size_t capacity, uint64_t seed);
  SpanRecorder(const SpanRecorder&) = delete;
  SpanRecorder& operator=(const SpanRecorder&) = delete;

  // Once for each request, before it is sent: whether it gets a span. Independent draws of
  // probability `ratio`; the distance to the next one is drawn, not each.
  // One that comes to nothing, and so is in no statistics, is not committed either.
  bool Choose() {
    if (countdown_ > 0) {
      countdown_ -= countdown_ == kNever ? 0 : 1;
      return false;
    }
    return Rearm();
  }
  TraceContext NewContext();
  // The memory of the next span, to be filled in and committed; nullptr, counted as dropped, when
  // the queue is full. It holds what an earlier span left: every field must be set. One at a time,
  // without a wait between the two calls.
  RequestSpan* Reserve();
  void Commit();

  // Takes away what has been committed; the number of spans. Another thread.
  size_t Drain(const std::function<void(const RequestSpan&)>& take);

  // Finished requests that got a span, those that were dropped included. Any thread, as below.
  uint64_t sampled() const { return sampled_.load(std::memory_order_relaxed); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kNever = UINT64_MAX;
  bool Rearm();        // true
  uint64_t NextGap();  // requests that are passed over until the next one is chosen

  const double ratio_;
  Rng rng_;
  uint64_t countdown_ = kNever;
  const std::unique_ptr<RequestSpan[]> ring_;
  const uint64_t mask_;
  std::atomic<uint64_t> sampled_{0};
  std::atomic<uint64_t> dropped_{0};
  alignas(64) std::atomic<uint64_t> committed_{0};
  alignas(64) std::atomic<uint64_t> drained_{0};
};

}  // namespace squall
