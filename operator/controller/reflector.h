// Keeps somebody informed of all objects of one type in one namespace (or all of them): lists, then
// watches, for ever. A thread of its own; operator/controller/reflector_policy.h decides its steps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/telemetry/event_log.h"
#include "operator/controller/metric_values.h"
#include "operator/controller/reflector_policy.h"
#include "operator/kube/api/resource.h"
#include "operator/kube/api/watch_frames.h"
#include "operator/kube/client/kube_client.h"
#include "operator/kube/client/stop_signal.h"

namespace squall {

// Where objects come from. Both calls block the reflector's thread.
class ListWatcher {
 public:
  virtual ~ListWatcher() = default;
  virtual absl::StatusOr<ObjectList> List() = 0;
  // Returns when the server ends the watch, something fails or `stop` rings.
  virtual absl::Status Watch(const std::string& resource_version, Nanos timeout,
                             const std::function<void(WatchEvent)>& on_event, StopSignal* stop) = 0;
};

// Of an API server. `ns` empty: all namespaces. `client` outlives it.
std::unique_ptr<ListWatcher> MakeKubeListWatcher(KubeClient* client, const ResourceType& type,
                                                 std::string ns, std::string label_selector = "");

// Whoever keeps the objects. Called on the reflector's thread.
struct ReflectorSink {
  // All objects there are: what is not among them is gone.
  std::function<void(std::vector<boost::json::object>)> replace;
  std::function<void(WatchEvent)> apply;  // never a bookmark
};

struct ReflectorOptions {
  std::string resource = "loadtests";  // for the log and metrics
  std::string ns;                      // as well; "" for all
  uint64_t seed = 1;
  BackoffOptions backoff;
  Nanos watch_timeout_min = std::chrono::seconds(300);
  Nanos watch_timeout_max = std::chrono::seconds(600);
  EventLog* log = nullptr;  // outlives the reflector; may be nullptr
  // How to wait between steps; true to give up. Tests replace it; empty: real time, until Stop.
  std::function<bool(Nanos)> pause;
};

struct ReflectorStats {
  bool synced = false;                     // the objects have been listed once
  bool forbidden = false;                  // a role is missing
  std::string last_error;                  // "" when the last step went well
  std::map<std::string, uint64_t> lists;   // by reason
  std::map<std::string, uint64_t> events;  // by type, "ADDED"
};

class Reflector final {
 public:
  // `source` and `clock` outlive the reflector.
  Reflector(ReflectorOptions options, ListWatcher* source, ReflectorSink sink, const Clock* clock);
  ~Reflector();  // stops
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  void Start();
  // Interrupts what is under way and joins the thread.
  void Stop();
  // The thread's own work, for tests without one; returns after Stop, or when `pause` gives up.
  void Run();

  // Any thread.
  bool synced() const;
  ReflectorStats Stats() const;
  const ReflectorOptions& options() const { return options_; }

 private:
  ReflectorStep List(const ReflectorStep& step);
  ReflectorStep Watch();
  void OnEvent(WatchEvent event);
  bool Pause(Nanos wait);
  void NoteFailure(std::string_view what, const absl::Status& status);
  void NoteSuccess();

  const ReflectorOptions options_;
  ListWatcher* const source_;
  const ReflectorSink sink_;
  const Clock* const clock_;
  StopSignal stop_;
  std::thread thread_;
  // Of the reflector's thread.
  ReflectorPolicy policy_;
  Rng rng_;

  mutable std::mutex mutex_;
  ReflectorStats stats_;  // guarded by mutex_
};

// loadtest_watch_relists_total and loadtest_watch_events_total. Once a resource: `stats` is the sum
// over its namespaces (Informer::Stats).
std::vector<MetricGroup> MetricsOf(std::string_view resource, const ReflectorStats& stats);

}  // namespace squall
