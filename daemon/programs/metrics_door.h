// The page of metrics of `squall run` and `squall serve`: /metrics, /healthz and /readyz. It tells
// of the coordinator, and of the load where that comes from agents of our own, which have no pages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/gateway/run_manager.h"
#include "daemon/programs/run_command.h"
#include "daemon/report/run_view.h"
#include "daemon/sinks/metric_pump.h"
#include "daemon/telemetry/coordinator_collector.h"
#include "daemon/telemetry/http_endpoint.h"
#include "daemon/telemetry/run_collector.h"

namespace squall {

struct MetricsSource {
  std::function<CoordinatorFigures()> coordinator;
  // The run that was begun last, nullptr while there is none; not set: the agents have pages of
  // their own, and nothing may be counted twice.
  std::function<std::shared_ptr<const RunView>()> load;
  // Of the agent in this process; with `load`.
  std::function<std::vector<OutputFigures>()> outputs;
};

class MetricsDoor final {
 public:
  // Nothing for an empty `listen`. Errors as HttpEndpoint::Start gives them, with the flag.
  static absl::StatusOr<std::unique_ptr<MetricsDoor>> Open(const std::string& listen, bool insecure,
                                                           MetricsSource source,
                                                           const Clock* clock);
  // As `squall run` has it: says where it is.
  static absl::StatusOr<std::unique_ptr<MetricsDoor>> OpenForRun(const RunFlags& flags,
                                                                 MetricsSource source,
                                                                 const Clock* clock);
  MetricsDoor(const MetricsDoor&) = delete;
  MetricsDoor& operator=(const MetricsDoor&) = delete;

  uint16_t port() const { return endpoint_->port(); }

 private:
  MetricsDoor(MetricsSource source, const Clock* clock);
  std::string Page(MetricFormat format) const;

  const MetricsSource source_;
  const WallTime started_at_;
  const std::unique_ptr<RunCollector> load_;  // nullptr without source_.load
  std::unique_ptr<HttpEndpoint> endpoint_;    // ends first
};

// As the page has them.
std::vector<OutputCount> OutputCountsOf(const std::vector<OutputFigures>& outputs);

// Whether the agents of `squall run` are its own: in this process, or child processes.
bool HasOwnAgents(const RunFlags& flags);

}  // namespace squall
