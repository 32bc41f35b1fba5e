#include "daemon/otel/span_backlog.h"

#include <algorithm>

namespace squall {

bool SpanBacklog::Add(const RequestSpan& span) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_ || spans_.size() >= capacity_) {
    return false;
  }
  spans_.push_back(span);
  if (spans_.size() == batch_) {
    wake_.notify_all();
  }
  return true;
}

std::vector<RequestSpan> SpanBacklog::Take(Nanos patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, patience, [&] { return closed_ || spans_.size() >= batch_; });
  const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(std::min(batch_, spans_.size()));
  std::vector<RequestSpan> taken(spans_.begin(), end);
  spans_.erase(spans_.begin(), end);
  return taken;
}

void SpanBacklog::Wait(Nanos time) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait_for(lock, time, [&] { return closed_; });
}

void SpanBacklog::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  wake_.notify_all();
}

bool SpanBacklog::closed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closed_;
}

size_t SpanBacklog::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t left = spans_.size();
  spans_.clear();
  return left;
}

}  // namespace squall
