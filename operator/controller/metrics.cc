#include "operator/controller/metrics.h"

#include "daemon/base/units.h"

namespace squall {
namespace {

using Type = MetricGroup::Type;

double Real(uint64_t count) { return static_cast<double>(count); }

MetricGroup Value(Type type, const char* name, const char* help, const MetricLabels& labels,
                  double value) {
  return {type, name, help, {{labels, value, {}}}};
}

MetricGroup Times(const char* name, const char* help, const MetricLabels& labels,
                  const BucketHistogram& times) {
  return {Type::kHistogram, name, help, {{labels, 0, times}}};
}

MetricLabels With(MetricLabels labels, const char* name, const char* value) {
  labels.emplace_back(name, value);
  return labels;
}

MetricGroup ByCode(
    const char* name, const char* help, const char* method_label,
    const std::map<std::tuple<std::string, std::string, std::string>, uint64_t>& by) {
  MetricGroup group{Type::kCounter, name, help, {}};
  for (const auto& [key, count] : by) {
    const auto& [code, method, host] = key;
    group.samples.push_back(
        {{{"code", code}, {method_label, method}, {"host", host}}, Real(count), {}});
  }
  return group;
}

// component-base's buckets.
std::vector<double> RequestTimeBounds() {
  return {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
}

std::vector<double> RequestSizeBounds() {
  return {64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216};
}

}  // namespace

std::vector<MetricGroup> MetricsOf(const WorkQueueStats& stats) {
  const MetricLabels labels = {{"name", stats.name}, {"controller", stats.name}};
  MetricGroup depth{Type::kGauge, "workqueue_depth", "Keys that are ready", {}};
  // controller-runtime's numbers: what was there at the start has a low priority.
  depth.samples = {{With(labels, "priority", "0"), Real(stats.depth_live), {}},
                   {With(labels, "priority", "-100"), Real(stats.depth_background), {}}};
  return {
      std::move(depth),
      Value(Type::kCounter, "workqueue_adds_total", "Keys that became ready", labels,
            Real(stats.adds)),
      Value(Type::kCounter, "workqueue_retries_total", "Keys that were tried again", labels,
            Real(stats.retries)),
      Value(Type::kGauge, "workqueue_unfinished_work_seconds",
            "Time of all that is being worked on, summed", labels, ToSeconds(stats.unfinished)),
      Value(Type::kGauge, "workqueue_longest_running_processor_seconds",
            "Time of what has been worked on for longest", labels,
            ToSeconds(stats.longest_running)),
      Times("workqueue_queue_duration_seconds", "From ready to taken", labels,
            stats.queue_duration),
      Times("workqueue_work_duration_seconds", "From taken to done", labels, stats.work_duration)};
}

std::vector<MetricGroup> MetricsOf(const ControllerStats& stats) {
  const MetricLabels labels = {{"controller", stats.name}};
  MetricGroup results{
      Type::kCounter, "controller_runtime_reconcile_total", "Passes, by result", {}};
  results.samples = {{With(labels, "result", "success"), Real(stats.succeeded), {}},
                     {With(labels, "result", "error"), Real(stats.failed), {}},
                     {With(labels, "result", "requeue"), Real(stats.requeued), {}},
                     {With(labels, "result", "requeue_after"), Real(stats.requeued_after), {}}};
  return {
      std::move(results),
      Value(Type::kCounter, "controller_runtime_reconcile_errors_total", "Passes that failed",
            labels, Real(stats.failed)),
      Value(Type::kCounter, "controller_runtime_terminal_reconcile_errors_total",
            "Passes that failed and are not tried again", labels, Real(stats.terminal)),
      Value(Type::kCounter, "controller_runtime_reconcile_panics_total",
            "Passes that ended in an exception", labels, Real(stats.panics)),
      Value(Type::kCounter, "controller_runtime_reconcile_timeouts_total",
            "Passes that took too long", labels, Real(stats.timeouts)),
      Times("controller_runtime_reconcile_time_seconds", "Time of a pass", labels, stats.pass_time),
      Value(Type::kGauge, "controller_runtime_max_concurrent_reconciles", "Workers", labels,
            stats.workers),
      Value(Type::kGauge, "controller_runtime_active_workers", "Workers in a pass", labels,
            stats.active)};
}

std::vector<MetricGroup> MetricsOf(const EventRecorderStats& stats) {
  MetricGroup group{Type::kCounter, "loadtest_events_total", "Kubernetes Events, by result", {}};
  group.samples = {{{{"result", "written"}}, Real(stats.written), {}},
                   {{{"result", "dropped"}}, Real(stats.dropped), {}},
                   {{{"result", "failed"}}, Real(stats.failed), {}}};
  return {std::move(group)};
}

void RestClientMetrics::OnCall(const KubeCall& call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++requests_[{call.code, call.method, call.host}];
  Sizes& sizes =
      sizes_
          .try_emplace({call.method, call.host}, Sizes{BucketHistogram(RequestTimeBounds()),
                                                       BucketHistogram(RequestSizeBounds()),
                                                       BucketHistogram(RequestSizeBounds())})
          .first->second;
  sizes.duration.Observe(call.duration);
  sizes.request.Observe(static_cast<double>(call.request_bytes));
  sizes.response.Observe(static_cast<double>(call.response_bytes));
}

void RestClientMetrics::OnRetry(const KubeCall& failed) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++retries_[{failed.code, failed.method, failed.host}];
}

std::vector<MetricGroup> RestClientMetrics::Collect() const {
  MetricGroup duration{Type::kHistogram,
                       kRestClientDuration,
                       "From the start of a request to the end of its answer",
                       {}};
  MetricGroup request{Type::kHistogram, kRestClientRequestSize, "Bytes of a request's body", {}};
  MetricGroup response{Type::kHistogram, kRestClientResponseSize, "Bytes of an answer's body", {}};
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [key, sizes] : sizes_) {
    const MetricLabels labels = {{"verb", key.first}, {"host", key.second}};
    duration.samples.push_back({labels, 0, sizes.duration});
    request.samples.push_back({labels, 0, sizes.request});
    response.samples.push_back({labels, 0, sizes.response});
  }
  return {ByCode(kRestClientRequestsTotal, "Requests to the API server", "method", requests_),
          ByCode(kRestClientRetriesTotal, "Requests that were repeated", "verb", retries_),
          std::move(duration), std::move(request), std::move(response)};
}

}  // namespace squall
