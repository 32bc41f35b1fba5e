// Sees to it that one of several replicas leads at a time. Each try is a decision of
// operator/controller/lease.h; this keeps the time and talks to the API server, on a thread of its
// own and with a client of its own, so that a burst of other requests cannot cost the leadership.
//
// What it promises: at most one leader among candidates whose monotonic clocks run at about one
// speed, *if* a leader that lost stops. A paused process does not notice that it lost until it runs
// again; whoever commands others must send the epoch along, and they must refuse lower ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/telemetry/event_log.h"
#include "operator/controller/lease.h"
#include "operator/controller/metric_values.h"
#include "operator/kube/client/kube_client.h"
#include "operator/kube/client/stop_signal.h"

namespace squall {

// Where the record is kept. Each call blocks for some seconds at most. Writes return what was
// stored, with its new resourceVersion; errors as KubeClient's.
class LeaseStore {
 public:
  virtual ~LeaseStore() = default;
  virtual absl::StatusOr<LeaseRecord> Get() = 0;
  virtual absl::StatusOr<LeaseRecord> Create(const LeaseRecord& record) = 0;
  virtual absl::StatusOr<LeaseRecord> Update(const LeaseRecord& record) = 0;
};

// The Lease `key` of an API server. `client` outlives it, and was made with LeaseClientOptions.
std::unique_ptr<LeaseStore> MakeKubeLeaseStore(KubeClient* client, ObjectKey key);
// `options` with the limits that a lease needs: nothing may take longer than a missed renewal.
KubeClientOptions LeaseClientOptions(KubeClientOptions options);

struct LeaderElectorOptions {
  std::string name = "squall-operator";  // of the Lease, for the log and metrics
  // client-go's numbers: duration > renew_deadline > retry · jitter.
  LeaseCandidate self;
  Nanos renew_deadline = std::chrono::seconds(10);  // a leader that cannot renew so long gives up
  Nanos retry = std::chrono::seconds(2);
  double retry_jitter = 0.2;  // a wait of d becomes d … d·(1 + jitter)
  uint64_t seed = 1;
  EventLog* log = nullptr;  // outlives the elector; may be nullptr
};

struct LeaderCallbacks {
  // On the elector's thread; must not block. Once each: who lost does not lead again, and ends.
  std::function<void(int64_t epoch)> on_started;
  std::function<void()> on_lost;
};

struct LeaderStats {
  bool leading = false;
  int64_t epoch = 0;        // if leading, or of the leader that was seen last
  std::string holder;       // whoever leads, as far as we know
  uint64_t slow_paths = 0;  // renewals that found the record changed behind the leader's back
};

class LeaderElector final {
 public:
  // `store` and `clock` outlive the elector.
  LeaderElector(LeaderElectorOptions options, LeaseStore* store, LeaderCallbacks callbacks,
                const Clock* clock);
  ~LeaderElector();  // stops
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  void Start();
  // Ends the candidacy and, if it leads, gives the Lease back, so that another one leads within a
  // retry. Call it when nothing acts in the leader's name any more.
  void Stop();

  // One try to acquire or renew; how long to wait for the next. The thread's own work, for tests
  // without one.
  Nanos Step();

  // Any thread.
  bool leading() const;
  // A leader that has not renewed for the lease's duration is not healthy: it should have stopped.
  bool Healthy() const;
  LeaderStats Stats() const;

 private:
  enum class State : uint8_t { kStandby, kLeading, kLost, kStopped };

  absl::Status TryAcquireOrRenew();
  absl::Status Write(const LeaseStep& step);
  void BecomeLeader();
  void Lose(const absl::Status& why);
  void Release();
  Nanos NextWait();

  const LeaderElectorOptions options_;
  LeaseStore* const store_;
  const LeaderCallbacks callbacks_;
  const Clock* const clock_;
  StopSignal stop_;
  std::thread thread_;
  Rng rng_;                // of the elector's thread
  LeaseObservation seen_;  // of the elector's thread

  mutable std::mutex mutex_;
  State state_ = State::kStandby;  // guarded by mutex_
  TimePoint renewed_at_{};         // guarded by mutex_; when the last good try began
  LeaderStats stats_;              // guarded by mutex_
};

// leader_election_master_status and leader_election_slowpath_total.
std::vector<MetricGroup> MetricsOf(const std::string& lease, const LeaderStats& stats);

}  // namespace squall
