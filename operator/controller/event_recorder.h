// Tells people what happens to an object, as `kubectl describe` shows it. Recording never blocks
// and never fails: an event that cannot be written is not worth a pass of a controller. A thread of
// its own writes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <absl/status/status.h>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "daemon/telemetry/event_log.h"
#include "operator/controller/backoff.h"
#include "operator/controller/event_series.h"
#include "operator/kube/api/object.h"
#include "operator/kube/client/kube_client.h"
#include "operator/kube/client/stop_signal.h"

namespace squall {

// Where Events go. Both block; errors as KubeClient's.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual absl::Status Create(const boost::json::object& event) = 0;
  virtual absl::Status Patch(const ObjectKey& key, const boost::json::object& merge_patch) = 0;
};

std::unique_ptr<EventSink> MakeKubeEventSink(KubeClient* client);  // `client` outlives it

struct EventRecorderOptions {
  EventSeriesOptions series;
  size_t queue_max = 1000;  // more are dropped
  int attempts = 3;         // when the server is not there
  BackoffOptions backoff;
  uint64_t seed = 1;
  EventLog* log = nullptr;  // outlives the recorder; may be nullptr
  // How to wait before another attempt; true to give up. Tests replace it; empty: real time.
  std::function<bool(Nanos)> pause;
};

struct EventRecorderStats {
  uint64_t written = 0;
  uint64_t dropped = 0;  // the queue was full, or the object too noisy
  uint64_t failed = 0;   // the server did not take it
};

class EventRecorder final {
 public:
  // `sink` and `clock` outlive the recorder.
  EventRecorder(EventRecorderOptions options, EventSink* sink, const Clock* clock);
  ~EventRecorder();  // stops without a flush
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void Start();
  // Any thread. Returns at once. The time is filled in.
  void Record(KubeEvent event);
  // Writes what waits, for at most `flush` of real time (and one request), and joins the thread.
  void Stop(Nanos flush);
  // Writes what waits, on this thread: for tests without another.
  void WriteAll();

  EventRecorderStats Stats() const;

 private:
  void Run();
  void WriteQueued(std::unique_lock<std::mutex>* lock);  // of mutex_
  void Write(const KubeEvent& event);
  absl::Status Send(const KubeEvent& event);
  absl::Status SendOnce(const EventStep& step);

  const EventRecorderOptions options_;
  EventSink* const sink_;
  const Clock* const clock_;
  std::thread thread_;
  StopSignal stop_;     // ends a wait before another attempt
  EventSeries series_;  // of the recorder's thread
  Backoff backoff_;     // as well

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<KubeEvent> queue_;  // guarded by mutex_
  bool writing_ = false;         // guarded by mutex_
  bool stopping_ = false;        // guarded by mutex_
  EventRecorderStats stats_;     // guarded by mutex_
};

}  // namespace squall
