// Some workers that take keys from a queue and have each looked at: controller-runtime's loop, with
// its metrics. main() makes one a type of object and starts it when this process leads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/telemetry/event_log.h"
#include "operator/controller/metric_values.h"
#include "operator/controller/reconciler.h"
#include "operator/controller/work_queue.h"

namespace squall {

struct ControllerOptions {
  std::string name = "loadtest";  // for the log and metrics
  int workers = 4;
  WorkQueueOptions queue;  // its name is set here
  // Workers take no key before it says true: a pass that trusts caches must not see them half
  // filled. Asked on their threads, until it does. Empty: at once.
  std::function<bool()> ready;
  // A pass that takes longer is counted. It is not cut off: its requests have their own deadlines.
  Nanos slow_pass = std::chrono::seconds(60);
  // Not healthy when no worker has come round for so long. Above what a pass takes when the API
  // server answers nothing: that is no reason to be killed.
  Nanos stuck_after = std::chrono::minutes(2);
  EventLog* log = nullptr;  // outlives the controller; may be nullptr
};

struct ControllerStats {
  std::string name;
  int workers = 0;
  int active = 0;  // in a pass
  uint64_t succeeded = 0;
  uint64_t requeued = 0;        // ABORTED
  uint64_t requeued_after = 0;  // as the pass asked
  uint64_t failed = 0;          // every error, terminal or not
  uint64_t terminal = 0;
  uint64_t panics = 0;  // exceptions
  uint64_t timeouts = 0;
  BucketHistogram pass_time;
};

class Controller final {
 public:
  // `reconciler` and `clock` outlive the controller.
  Controller(ControllerOptions options, Reconciler* reconciler, const Clock* clock);
  // Waits for passes that are under way, for ever: see Stop.
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Filled from the start, also while another process leads: nothing is lost by waiting.
  WorkQueue& queue() { return queue_; }

  void Start();
  // Hands out no more keys and waits for passes under way, at most for `patience` of real time.
  // False: one still runs, so the caller must leave the process by _exit.
  bool Stop(Nanos patience);

  // Has one key looked at on this thread; false when none is due. For tests without workers.
  bool RunOne();

  // Any thread.
  ControllerStats Stats() const;
  // True before Start and while at least one worker comes round.
  bool Healthy() const;

 private:
  enum class Outcome : uint8_t { kSuccess, kRequeue, kRequeueAfter, kError };

  void Work();
  void WaitUntilReady();
  void Pass(const ObjectKey& key);
  absl::StatusOr<ReconcileResult> Call(const ObjectKey& key);
  absl::Status Panic(std::string_view what);
  Outcome Settle(const ObjectKey& key, const absl::StatusOr<ReconcileResult>& result);
  void Beat();
  void LogError(const ObjectKey& key, uint64_t pass, const absl::Status& status);

  const ControllerOptions options_;
  Reconciler* const reconciler_;
  const Clock* const clock_;
  WorkQueue queue_;
  std::vector<std::thread> threads_;
  std::atomic<int64_t> beat_ns_{-1};  // when a worker last came round; -1 before Start
  std::atomic<uint64_t> passes_{0};

  mutable std::mutex mutex_;
  ControllerStats stats_;  // guarded by mutex_
};

}  // namespace squall
