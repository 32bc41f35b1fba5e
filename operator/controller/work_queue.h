// Which objects need a look, in which order, and not before when: client-go's work queue. A key
// that is added twice before somebody takes it is handed out once; a key that is added while
// somebody works on it is handed out again when that work is done. So no two workers ever have one
// key, and no change is lost.
//
// One entry a key: of several wishes the soonest wins, since a pass looks at everything anyway.
// Any thread may call everything.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "operator/controller/metric_values.h"
#include "operator/kube/api/object.h"

namespace squall {

enum class Priority : uint8_t {
  kLive,        // something happened to it
  kBackground,  // it was there when we looked: a restart must not delay somebody's stop
};

struct WorkQueueOptions {
  std::string name = "loadtest";  // the metrics' label
  Nanos retry_first = std::chrono::milliseconds(5);
  Nanos retry_max = std::chrono::seconds(60);  // client-go's 1000 s is longer than people wait
  double retry_jitter = 0.1;                   // ±; keys that failed together come back apart
  uint64_t seed = 1;
};

struct WorkQueueStats {
  std::string name;
  size_t depth_live = 0;        // ready to be taken
  size_t depth_background = 0;  // as well
  size_t delayed = 0;           // not due yet
  uint64_t adds = 0;
  uint64_t retries = 0;
  Nanos unfinished{};       // the sum over all that is being worked on
  Nanos longest_running{};  // the oldest of it
  BucketHistogram queue_duration;
  BucketHistogram work_duration;
};

class WorkQueue final {
 public:
  // `clock` outlives the queue.
  WorkQueue(WorkQueueOptions options, const Clock* clock);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Wanted now. A higher priority lifts a key that waits already.
  void Add(const ObjectKey& key, Priority priority = Priority::kLive);
  // Wanted in `delay`, unless it is wanted sooner already; zero or less is now.
  void AddAfter(const ObjectKey& key, Nanos delay, Priority priority = Priority::kLive);
  // It failed: wanted after 5 ms, 10 ms, 20 ms … since the last Forget. There is no common limit
  // over all keys: one object's failures must not hold up another's.
  void AddRateLimited(const ObjectKey& key, Priority priority = Priority::kLive);
  // It did not fail: the next retry is a quick one again.
  void Forget(const ObjectKey& key);
  int Failures(const ObjectKey& key) const;

  // The next key that is due and that nobody has; nullopt when there is none or the queue is shut.
  // Whoever gets a key owes Done(key).
  std::optional<ObjectKey> TryTake();
  // The same, but waits for at most `patience`. Blocks in real time: a test with a ManualClock uses
  // TryTake.
  std::optional<ObjectKey> Take(Nanos patience);
  void Done(const ObjectKey& key);

  // Ignores all later adds and hands nothing out any more: what is left is still there when the
  // next leader looks. Wakes all that wait.
  void ShutDown();
  bool shut_down() const;
  // Waits for at most `patience` of real time; true when it is shut.
  bool WaitForShutDown(Nanos patience);
  // Waits until nobody works on a key, at most for `patience` of real time. False: somebody does.
  bool WaitUntilIdle(Nanos patience);

  // When TryTake can have something next, if nothing is added; nullopt: never.
  std::optional<TimePoint> NextDue() const;
  WorkQueueStats Stats() const;

 private:
  struct Entry {
    bool wanted = false;  // ready, or to be ready once the work on it is done
    bool taken = false;
    Priority priority = Priority::kBackground;
    uint64_t order = 0;            // its place among the ready
    TimePoint wanted_since{};      // if wanted
    TimePoint taken_at{};          // if taken
    std::optional<TimePoint> due;  // delayed until then; never with `wanted`
  };
  using Entries = std::unordered_map<ObjectKey, Entry>;

  // All with mutex_ held.
  void WantNow(Entries::iterator entry, Priority priority, TimePoint now);
  void WantAt(Entries::iterator entry, Priority priority, TimePoint due);
  void CancelDue(Entries::iterator entry);
  void PromoteDue(TimePoint now);
  std::optional<ObjectKey> TakeReady(TimePoint now);
  Nanos NextRetry(const ObjectKey& key);

  const WorkQueueOptions options_;
  const Clock* const clock_;

  mutable std::mutex mutex_;
  // All below are guarded by mutex_.
  std::condition_variable changed_;  // for those who wait in Take
  std::condition_variable idle_;
  std::condition_variable shut_;
  Entries entries_;  // wanted, taken or delayed; nothing else is kept
  std::set<std::tuple<Priority, uint64_t, ObjectKey>> ready_;
  std::set<std::pair<TimePoint, ObjectKey>> delayed_;
  std::unordered_map<ObjectKey, int> failures_;
  uint64_t next_order_ = 0;
  size_t taken_ = 0;
  bool shut_down_ = false;
  Rng rng_;
  uint64_t adds_ = 0;
  uint64_t retries_ = 0;
  BucketHistogram queue_duration_;
  BucketHistogram work_duration_;
};

}  // namespace squall
