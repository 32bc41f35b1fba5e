#include "daemon/trace/span_recorder.h"

#include <cmath>
#include <cstring>

#include "daemon/base/check.h"

namespace squall {

SpanRecorder::SpanRecorder(double ratio, size_t capacity, uint64_t seed)
    : ratio_(ratio),
      rng_(seed),
      ring_(std::make_unique<RequestSpan[]>(capacity)),
      mask_(capacity - 1) {
  SQUALL_CHECK(capacity > 0 && (capacity & mask_) == 0);
  countdown_ = NextGap();
}

bool SpanRecorder::Rearm() {
  countdown_ = NextGap();
  return true;
}

uint64_t SpanRecorder::NextGap() {
  if (ratio_ >= 1) {
    return 0;
  }
  if (!(ratio_ > 0)) {
    return kNever;
  }
  // The number of failures before the first success, by inversion (Devroye 1986, X.2). 1 - Unit()
  // is above 0.
  const double gap = std::floor(std::log(1 - rng_.Unit()) / std::log1p(-ratio_));
  constexpr double kGapMax = 1e18;  // the same as never, and below kNever
  return static_cast<uint64_t>(std::min(gap, kGapMax));
}

TraceContext SpanRecorder::NewContext() {
  TraceContext context;
  const uint64_t high = rng_.Next();
  const uint64_t low = rng_.Next() | 1;  // all zero would mean "no id"
  const uint64_t span = rng_.Next() | 1;
  std::memcpy(context.trace_id.data(), &high, sizeof(high));
  std::memcpy(context.trace_id.data() + sizeof(high), &low, sizeof(low));
  std::memcpy(context.span_id.data(), &span, sizeof(span));
  return context;
}

RequestSpan* SpanRecorder::Reserve() {
  sampled_.store(sampled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const uint64_t next = committed_.load(std::memory_order_relaxed);
  if (next - drained_.load(std::memory_order_acquire) > mask_) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return nullptr;
  }
  return &ring_[next & mask_];
}

void SpanRecorder::Commit() {
  committed_.store(committed_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

size_t SpanRecorder::Drain(const std::function<void(const RequestSpan&)>& take) {
  const uint64_t from = drained_.load(std::memory_order_relaxed);
  const uint64_t to = committed_.load(std::memory_order_acquire);
  for (uint64_t i = from; i != to; ++i) {
    take(ring_[i & mask_]);
    drained_.store(i + 1, std::memory_order_release);
  }
  return static_cast<size_t>(to - from);
}

}  // namespace squall
