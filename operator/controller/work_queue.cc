#include "operator/controller/work_queue.h"

#include <algorithm>
#include <cmath>

#include "daemon/base/check.h"

namespace squall {
namespace {

// client-go's buckets: 10 ns to 1000 s.
std::vector<double> DurationBounds() { return ExponentialBounds(10e-9, 10, 12); }

}  // namespace

WorkQueue::WorkQueue(WorkQueueOptions options, const Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      rng_(options_.seed),
      queue_duration_(DurationBounds()),
      work_duration_(DurationBounds()) {}

void WorkQueue::Add(const ObjectKey& key, Priority priority) { AddAfter(key, Nanos(0), priority); }

void WorkQueue::AddAfter(const ObjectKey& key, Nanos delay, Priority priority) {
  const TimePoint now = clock_->Now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (shut_down_) {
      return;
    }
    const auto entry = entries_.try_emplace(key).first;
    if (delay <= Nanos(0)) {
      WantNow(entry, priority, now);
    } else {
      WantAt(entry, priority, now + delay);
    }
  }
  changed_.notify_one();
}

void WorkQueue::AddRateLimited(const ObjectKey& key, Priority priority) {
  Nanos delay{};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (shut_down_) {
      return;
    }
    ++retries_;
    delay = NextRetry(key);
  }
  AddAfter(key, delay, priority);
}

void WorkQueue::Forget(const ObjectKey& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  failures_.erase(key);
}

int WorkQueue::Failures(const ObjectKey& key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto failures = failures_.find(key);
  return failures == failures_.end() ? 0 : failures->second;
}

std::optional<ObjectKey> WorkQueue::TryTake() {
  const TimePoint now = clock_->Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  return TakeReady(now);
}

std::optional<ObjectKey> WorkQueue::Take(Nanos patience) {
  const TimePoint give_up = clock_->Now() + patience;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const TimePoint now = clock_->Now();
    std::optional<ObjectKey> key = TakeReady(now);
    if (key.has_value() || shut_down_ || now >= give_up) {
      // Another one may be ready as well, or due next: somebody else must look after it from here.
      changed_.notify_one();
      return key;
    }
    const TimePoint wake = delayed_.empty() ? give_up : std::min(give_up, delayed_.begin()->first);
    changed_.wait_for(lock, wake - now);
  }
}

void WorkQueue::Done(const ObjectKey& key) {
  const TimePoint now = clock_->Now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto entry = entries_.find(key);
    SQUALL_CHECK(entry != entries_.end() && entry->second.taken);
    entry->second.taken = false;
    --taken_;
    work_duration_.Observe(now - entry->second.taken_at);
    if (entry->second.wanted) {
      entry->second.order = next_order_++;
      ready_.emplace(entry->second.priority, entry->second.order, key);
    } else if (!entry->second.due.has_value()) {
      entries_.erase(entry);
    }
  }
  changed_.notify_one();
  idle_.notify_all();
}

void WorkQueue::ShutDown() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    shut_down_ = true;
  }
  changed_.notify_all();
  shut_.notify_all();
}

bool WorkQueue::shut_down() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return shut_down_;
}

bool WorkQueue::WaitForShutDown(Nanos patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  return shut_.wait_for(lock, patience, [this] { return shut_down_; });
}

bool WorkQueue::WaitUntilIdle(Nanos patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  return idle_.wait_for(lock, patience, [this] { return taken_ == 0; });
}

std::optional<TimePoint> WorkQueue::NextDue() const {
  const TimePoint now = clock_->Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!ready_.empty()) {
    return now;
  }
  return delayed_.empty() ? std::nullopt : std::optional(delayed_.begin()->first);
}

WorkQueueStats WorkQueue::Stats() const {
  const TimePoint now = clock_->Now();
  const std::lock_guard<std::mutex> lock(mutex_);
  WorkQueueStats stats{.name = options_.name,
                       .delayed = delayed_.size(),
                       .adds = adds_,
                       .retries = retries_,
                       .queue_duration = queue_duration_,
                       .work_duration = work_duration_};
  for (const auto& [priority, order, key] : ready_) {
    ++(priority == Priority::kLive ? stats.depth_live : stats.depth_background);
  }
  for (const auto& [key, entry] : entries_) {
    if (entry.taken) {
      stats.unfinished += now - entry.taken_at;
      stats.longest_running = std::max<Nanos>(stats.longest_running, now - entry.taken_at);
    }
  }
  return stats;
}

void WorkQueue::WantNow(Entries::iterator entry, Priority priority, TimePoint now) {
  Entry& state = entry->second;
  const Priority best = std::min(state.priority, priority);
  if (state.wanted) {
    if (best != state.priority && !state.taken) {  // lifted: to the end of the better line
      ready_.erase({state.priority, state.order, entry->first});
      state.order = next_order_++;
      ready_.emplace(best, state.order, entry->first);
    }
    state.priority = best;
    return;
  }
  CancelDue(entry);
  ++adds_;
  state.wanted = true;
  state.wanted_since = now;
  state.priority = best;
  if (!state.taken) {
    state.order = next_order_++;
    ready_.emplace(best, state.order, entry->first);
  }
}

void WorkQueue::WantAt(Entries::iterator entry, Priority priority, TimePoint due) {
  Entry& state = entry->second;
  if (state.wanted) {
    return;
  }
  state.priority = std::min(state.priority, priority);
  if (!state.due.has_value() || due < *state.due) {
    CancelDue(entry);
    state.due = due;
    delayed_.emplace(due, entry->first);
  }
}

void WorkQueue::CancelDue(Entries::iterator entry) {
  if (entry->second.due.has_value()) {
    delayed_.erase({*entry->second.due, entry->first});
    entry->second.due.reset();
  }
}

void WorkQueue::PromoteDue(TimePoint now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const auto entry = entries_.find(delayed_.begin()->second);
    // It has waited in the queue since it was due, not since somebody looked.
    WantNow(entry, entry->second.priority, *entry->second.due);
  }
}

std::optional<ObjectKey> WorkQueue::TakeReady(TimePoint now) {
  if (shut_down_) {
    return std::nullopt;
  }
  PromoteDue(now);
  if (ready_.empty()) {
    return std::nullopt;
  }
  ObjectKey key = std::get<ObjectKey>(*ready_.begin());
  ready_.erase(ready_.begin());
  Entry& state = entries_.find(key)->second;
  queue_duration_.Observe(now - state.wanted_since);
  state.wanted = false;
  state.taken = true;
  state.taken_at = now;
  state.priority = Priority::kBackground;  // what comes while it is worked on says its own
  ++taken_;
  return key;
}

Nanos WorkQueue::NextRetry(const ObjectKey& key) {
  const int failures = failures_[key]++;
  const double wait = std::min(
      std::ldexp(static_cast<double>(options_.retry_first.count()), std::min(failures, 62)),
      static_cast<double>(options_.retry_max.count()));
  const double jitter = options_.retry_jitter * (2 * rng_.Unit() - 1);
  return Nanos(static_cast<int64_t>(wait * (1 + jitter)));
}

}  // namespace squall
