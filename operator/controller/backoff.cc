#include "operator/controller/backoff.h"

#include <algorithm>

namespace squall {
namespace {

Nanos Scaled(Nanos span, double by) {
  return Nanos(static_cast<int64_t>(static_cast<double>(span.count()) * by));
}

}  // namespace

Backoff::Backoff(uint64_t seed, BackoffOptions options)
    : options_(options), rng_(seed), next_(options.first) {}

Nanos Backoff::Next(TimePoint now) {
  // Compared this way round: min() minus anything would overflow.
  if (last_failure_ < now - options_.reset_after) {
    next_ = options_.first;
  }
  last_failure_ = now;
  const Nanos wait = next_;
  next_ = std::min(Scaled(next_, options_.factor), options_.max);
  return Jittered(wait);
}

Nanos Backoff::Longest() { return Jittered(options_.max); }

Nanos Backoff::Jittered(Nanos wait) { return Scaled(wait, 1 + options_.jitter * rng_.Unit()); }

}  // namespace squall
