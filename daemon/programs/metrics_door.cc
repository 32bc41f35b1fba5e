#include "daemon/programs/metrics_door.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/process_usage.h"
#include "daemon/base/status_macros.h"
#include "daemon/programs/run_output.h"
#include "daemon/telemetry/metric_families.h"

namespace squall {
namespace {

ShownRun ShownRunOf(const RunView* view) {
  ShownRun run;
  if (view == nullptr) {
    return run;
  }
  if (view->total != nullptr) {
    run.figures = *view->total;
  }
  run.figures.run_id = view->summary.run_id;
  run.figures.state = view->summary.state;
  run.test = view->summary.plan_name;
  run.stage = view->stage;
  return run;
}

std::unique_ptr<RunCollector> MakeCollector(const MetricsSource& source, WallTime started_at) {
  if (!source.load) {
    return nullptr;
  }
  RunCollector::Source run;
  run.run = [load = source.load] { return ShownRunOf(load().get()); };
  run.process = ReadProcessUsage;
  if (source.outputs) {
    run.outputs = [outputs = source.outputs] { return OutputCountsOf(outputs()); };
  }
  return std::make_unique<RunCollector>(RunCollectorOptions{SQUALL_VERSION, started_at},
                                        std::move(run));
}

}  // namespace

MetricsDoor::MetricsDoor(MetricsSource source, const Clock* clock)
    : source_(std::move(source)),
      started_at_(clock->Wall()),
      load_(MakeCollector(source_, started_at_)) {}

absl::StatusOr<std::unique_ptr<MetricsDoor>> MetricsDoor::Open(const std::string& listen,
                                                               bool insecure, MetricsSource source,
                                                               const Clock* clock) {
  if (listen.empty()) {
    return nullptr;
  }
  std::unique_ptr<MetricsDoor> door(new MetricsDoor(std::move(source), clock));
  HttpEndpointOptions options;
  options.listen = listen;
  options.insecure = insecure;
  HttpEndpoint::Pages pages;
  pages.metrics = [raw = door.get()](MetricFormat format) { return raw->Page(format); };
  pages.ready = [] { return true; };  // it is open as long as the program works
  auto endpoint = HttpEndpoint::Start(std::move(options), std::move(pages));
  if (!endpoint.ok()) {
    return absl::Status(
        endpoint.status().code(),
        fmt::format("--metrics-listen {}", std::string(endpoint.status().message())));
  }
  door->endpoint_ = *std::move(endpoint);
  return door;
}

absl::StatusOr<std::unique_ptr<MetricsDoor>> MetricsDoor::OpenForRun(const RunFlags& flags,
                                                                     MetricsSource source,
                                                                     const Clock* clock) {
  if (!HasOwnAgents(flags)) {
    source.load = nullptr;
  }
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<MetricsDoor> door,
                          Open(flags.metrics_listen, flags.insecure || flags.metrics_insecure,
                               std::move(source), clock));
  if (door != nullptr) {
    const std::string host = flags.metrics_listen.substr(0, flags.metrics_listen.rfind(':'));
    Say(fmt::format("metrics on http://{}:{}/metrics", host, door->port()));
  }
  return door;
}

std::string MetricsDoor::Page(MetricFormat format) const {
  MetricFamilies families = CollectCoordinator(source_.coordinator());
  if (load_ != nullptr) {
    return load_->PageWith(std::move(families), format);
  }
  AddBuild(SQUALL_VERSION, &families);
  AddProcess(ReadProcessUsage(), started_at_, &families);
  return MetricPage(families, format);
}

std::vector<OutputCount> OutputCountsOf(const std::vector<OutputFigures>& outputs) {
  std::vector<OutputCount> counts;
  for (const OutputFigures& each : outputs) {
    counts.push_back({std::string(each.output), each.sent, each.failed});
  }
  return counts;
}

bool HasOwnAgents(const RunFlags& flags) {
  return flags.agents.empty() && flags.expect_agents == 0;
}

}  // namespace squall
