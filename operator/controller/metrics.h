// The metrics of a controller under client-go's and controller-runtime's names, so that stock
// dashboards and alerts work; only figures, no state of their own. All names stand in metrics.cc
// and in tests/golden/metrics/operator.txt: renaming one is an API change.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "operator/controller/controller.h"
#include "operator/controller/event_recorder.h"
#include "operator/controller/metric_values.h"
#include "operator/controller/work_queue.h"
#include "operator/kube/client/kube_metrics.h"

namespace squall {

std::vector<MetricGroup> MetricsOf(const WorkQueueStats& stats);
std::vector<MetricGroup> MetricsOf(const ControllerStats& stats);
std::vector<MetricGroup> MetricsOf(const EventRecorderStats& stats);

// What KubeClients tell, under rest_client_*. Outlives them. Any thread.
class RestClientMetrics final : public KubeMetrics {
 public:
  RestClientMetrics() = default;

  void OnCall(const KubeCall& call) override;
  void OnRetry(const KubeCall& failed) override;

  std::vector<MetricGroup> Collect() const;

 private:
  using CodeKey = std::tuple<std::string, std::string, std::string>;  // code, method, host
  struct Sizes {
    BucketHistogram duration;
    BucketHistogram request;
    BucketHistogram response;
  };

  mutable std::mutex mutex_;
  std::map<CodeKey, uint64_t> requests_;                        // guarded by mutex_
  std::map<CodeKey, uint64_t> retries_;                         // guarded by mutex_
  std::map<std::pair<std::string, std::string>, Sizes> sizes_;  // by method and host; as well
};

}  // namespace squall
