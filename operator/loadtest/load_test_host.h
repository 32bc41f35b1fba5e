// LoadTests as the runs of a web page and of RunService: read from the cache and from the runs of
// this process, changed by changing their specs, so that kubectl and the page say the same.
// Creating and deleting them is kubectl's business. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/run_host.h"
#include "operator/controller/informer.h"
#include "operator/kube/client/kube_client.h"
#include "operator/loadtest/load_run.h"
#include "operator/loadtest/load_test.h"

namespace squall {

// Everything is borrowed and outlives the host.
struct LoadTestHostParts {
  KubeClient* client = nullptr;
  const Informer* tests = nullptr;
  // The run of this process for the test as it is now; nullptr when there is none.
  std::function<std::shared_ptr<LoadRun>(const LoadTest&)> find_run;
  std::string version;
};

class LoadTestHost final : public RunHost {
 public:
  explicit LoadTestHost(LoadTestHostParts parts) : parts_(std::move(parts)) {}

  HostAbilities Abilities() const override;
  std::vector<PlanOffer> Plans() override { return {}; }
  std::vector<HostAgent> Agents() override;
  // UNIMPLEMENTED, as Delete is.
  absl::StatusOr<RunSummary> Start(const StartRequest& request) override;
  absl::StatusOr<std::vector<RunSummary>> List(const RunFilter& filter,
                                               std::string* next_page) override;
  absl::StatusOr<RunSummary> Summary(const std::string& run_id) override;
  // UNAVAILABLE for a run that another replica leads.
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
  // Of a run that is over, as far as its ConfigMap holds it.
  absl::StatusOr<std::string> Report(const std::string& run_id, const std::string& format) override;

 private:
  struct Found {
    LoadTest test;
    std::shared_ptr<LoadRun> run;  // nullptr: not of this process, or not any more, or not yet
  };
  absl::StatusOr<Found> Find(const std::string& run_id) const;
  RunSummary SummaryNow(const Found& found) const;
  absl::Status Patch(const std::string& run_id,
                     const std::function<boost::json::object(const LoadTest&)>& patch);
  absl::StatusOr<std::string> StoredReport(const LoadTest& test, const std::string& format) const;

  const LoadTestHostParts parts_;
};

}  // namespace squall
