// The runs of this process: those that go on, each on its thread, and those that are over, in the
// store. What `squall run` and `squall serve` have as their RunHost. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/gateway/active_run.h"
#include "daemon/gateway/coordinator_figures.h"
#include "daemon/gateway/run_host.h"
#include "daemon/gateway/start_order.h"
#include "daemon/store/retention.h"
#include "daemon/telemetry/coordinator_collector.h"

namespace squall {

struct RunManagerOptions {
  RunParts parts;
  AgentPool::Connect connect;
  RetentionPolicy retention;
  size_t active_max = 16;  // 1 when abilities.one_at_a_time
  // Of those that Start works for, `start` needs plans; `start_text` stands on its own.
  HostAbilities abilities;
  std::vector<OfferedPlan> plans;
  // Called with what Start has made of its request, its run_id chosen, and without any lock: may
  // take its time, change the order and give it a companion. An error is Start's.
  std::function<absl::Status(const StartRequest& request, RunOrder* order)> on_start;
};

class RunManager final : public RunHost {
 public:
  explicit RunManager(RunManagerOptions options);
  // Leaves the runs that go on to the next coordinator.
  ~RunManager() override;
  RunManager(const RunManager&) = delete;
  RunManager& operator=(const RunManager&) = delete;

  // Takes hold again of the runs that the store holds as running, and marks those that had not yet
  // begun as failed. Once, before anything else.
  absl::Status TakeOver();
  // An empty run_id is chosen here. The order's plan is checked first.
  absl::StatusOr<RunSummary> Create(RunOrder order);
  // Stops all runs and waits for their reports.
  void StopAll(const std::string& reason);
  // Whether a run goes on, or is about to.
  bool Busy();
  // For the metrics: the runs that go on, and what became of the others.
  CoordinatorFigures Figures();
  // The run that was begun last, also when it is over; nullptr when there is none in memory.
  std::shared_ptr<const RunView> Newest();

  HostAbilities Abilities() const override { return options_.abilities; }
  std::vector<PlanOffer> Plans() override;
  std::vector<HostAgent> Agents() override;
  absl::StatusOr<RunSummary> Start(const StartRequest& request) override;
  absl::StatusOr<std::vector<RunSummary>> List(const RunFilter& filter,
                                               std::string* next_page) override;
  absl::StatusOr<RunSummary> Summary(const std::string& run_id) override;
  absl::StatusOr<std::shared_ptr<const RunView>> View(const std::string& run_id) override;
  absl::StatusOr<uint64_t> Version(const std::string& run_id) override;
  absl::StatusOr<PointsPage> Points(const std::string& run_id, size_t known) override;
  absl::StatusOr<std::vector<EventRecord>> Events(const std::string& run_id,
                                                  int64_t limit) override;
  absl::Status SetLoad(const std::string& run_id, const LoadRequest& load) override;
  absl::Status SetStages(const std::string& run_id, const std::vector<Stage>& stages) override;
  absl::Status SetPaused(const std::string& run_id, bool paused) override;
  absl::Status Stop(const std::string& run_id, const std::string& reason, bool immediate) override;
  absl::Status Delete(const std::string& run_id) override;
  absl::StatusOr<std::string> Report(const std::string& run_id, const std::string& format) override;

 private:
  using RunPointer = std::shared_ptr<ActiveRun>;
  // A run that is about to be made counts as one that goes on.
  class Place;

  absl::StatusOr<std::unique_ptr<Place>> TakePlace();
  size_t BusyCount() const;  // with mutex_ held
  absl::StatusOr<RunSummary> Create(RunOrder order, std::unique_ptr<Place> place);
  RunPointer Find(const std::string& run_id);
  absl::StatusOr<RunPointer> MustBeActive(const std::string& run_id);
  absl::StatusOr<RunSummary> Stored(const std::string& run_id) const;
  absl::StatusOr<std::string> StoredReport(const std::string& run_id,
                                           const std::string& format) const;
  absl::StatusOr<std::string> StoredView(const std::string& run_id) const;
  void OnJoin(const PoolAgent& agent);
  void Reap();

  RunTally tally_;  // outlives the runs
  const RunManagerOptions options_;
  std::mutex mutex_;
  size_t places_ = 0;  // guarded by mutex_, as what follows
  std::vector<RunPointer> active_;
};

}  // namespace squall
