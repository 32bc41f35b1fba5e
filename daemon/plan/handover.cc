#include "daemon/plan/handover.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/base/check.h"

namespace squall {
namespace {

// Enough for an agent that hears of several at once; a bound, since a run may last for weeks.
constexpr size_t kHandoversMax = 8;

// Computed from n, never summed up, so that the millionth is as exact as the first.
Nanos After(Nanos begin, uint64_t n, double rate) {
  const double nanos = std::round(static_cast<double>(n) * 1e9 / rate);
  const auto room = static_cast<double>((Nanos::max() - begin).count());
  return nanos < room ? begin + Nanos(static_cast<int64_t>(nanos)) : Nanos::max();
}

}  // namespace

Nanos Handover::MovesAt(uint64_t number) const {
  if (rate <= 0 || !Contains(moving, number)) {
    return at;
  }
  return After(at, CountBelow(moving, number), rate);
}

Nanos Handover::EndsAt(uint64_t count) const {
  return rate <= 0 ? at : After(at, CountBelow(moving, count), rate);
}

void Ownership::Add(Handover handover) {
  SQUALL_CHECK(handover.at >= Nanos(0));
  if (steps_.size() == kHandoversMax) {
    base_ = std::move(steps_.front().handover.after);
    steps_.erase(steps_.begin());
  }
  for (Step& step : steps_) {
    step.until = std::min(step.until, handover.at);
  }
  steps_.push_back({std::move(handover)});
}

bool Ownership::Moving(Nanos elapsed, uint64_t count) const {
  return !steps_.empty() && elapsed < steps_.back().handover.EndsAt(count);
}

bool Ownership::Owns(uint64_t number, Nanos elapsed) const {
  const auto last = std::find_if(steps_.rbegin(), steps_.rend(), [&](const Step& step) {
    // The begin first: it costs nothing to ask for.
    return (step.handover.at <= elapsed || step.until <= elapsed) &&
           step.MovesAt(number) <= elapsed;
  });
  return (last == steps_.rend() ? base_ : last->handover.after).Owns(number);
}

std::optional<Nanos> Ownership::NextMove(uint64_t number, Nanos elapsed) const {
  const bool owned = Owns(number, elapsed);
  for (const Step& step : steps_) {  // a later step never moves a number before an earlier one does
    if (const Nanos at = step.MovesAt(number); at > elapsed && Owns(number, at) != owned) {
      return at;
    }
  }
  return std::nullopt;
}

uint64_t Ownership::Share(uint64_t count, Nanos elapsed) const {
  if (!Moving(elapsed, count)) {
    return latest().Share(count);
  }
  uint64_t share = 0;
  for (uint64_t number = 0; number < count; ++number) {
    share += Owns(number, elapsed) ? 1 : 0;
  }
  return share;
}

const Assignment& Ownership::AssignmentAt(Nanos elapsed) const {
  const auto last = std::find_if(steps_.rbegin(), steps_.rend(), [elapsed](const Step& step) {
    return step.handover.at <= elapsed;
  });
  return last == steps_.rend() ? base_ : last->handover.after;
}

}  // namespace squall
