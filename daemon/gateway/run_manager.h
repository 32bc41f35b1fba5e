// The runs of `squall serve`: those that go on, each on its thread, and those that are over, in the
// store. Any thread. Errors: NOT_FOUND unknown run, ALREADY_EXISTS, FAILED_PRECONDITION wrong
// state, RESOURCE_EXHAUSTED too many runs at once, INVALID_ARGUMENT a plan that cannot be run.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/gateway/active_run.h"
#include "daemon/store/retention.h"

namespace squall {

struct RunManagerOptions {
  RunParts parts;
  AgentPool::Connect connect;
  RetentionPolicy retention;
  size_t active_max = 16;
};

class RunManager final {
 public:
  explicit RunManager(RunManagerOptions options);
  // Leaves the runs that go on to the next coordinator.
  ~RunManager();
  RunManager(const RunManager&) = delete;
  RunManager& operator=(const RunManager&) = delete;

  // Takes hold again of the runs that the store holds as running, and marks those that had not yet
  // begun as failed. Once, before anything else.
  absl::Status TakeOver();

  // An empty run_id is chosen here. The order's plan is checked first.
  absl::StatusOr<RunSummary> Create(RunOrder order);
  absl::StatusOr<RunNow> Now(const std::string& run_id);
  // Summaries of a page of the store, with what is known now of those that go on.
  absl::StatusOr<std::vector<RunSummary>> List(const RunFilter& filter, std::string* next_page);
  absl::StatusOr<std::vector<EventRecord>> Events(const std::string& run_id, int64_t limit);
  absl::Status SetLoad(const std::string& run_id, const LoadRequest& load);
  absl::Status SetPaused(const std::string& run_id, bool paused);
  absl::Status Stop(const std::string& run_id, const std::string& reason, bool immediate);
  // In one of RenderReports' formats.
  absl::StatusOr<std::string> Report(const std::string& run_id, const std::string& format);
  absl::Status Delete(const std::string& run_id);
  const AgentPool& pool() const { return *options_.parts.pool; }

  // Stops all runs and waits for their reports.
  void StopAll(const std::string& reason);

 private:
  std::shared_ptr<ActiveRun> Find(const std::string& run_id);
  absl::StatusOr<std::shared_ptr<ActiveRun>> MustBeActive(const std::string& run_id);
  absl::StatusOr<RunSummary> Stored(const std::string& run_id) const;
  void OnJoin(const PoolAgent& agent);
  void Reap();

  const RunManagerOptions options_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<ActiveRun>> active_;  // guarded by mutex_
};

}  // namespace squall
