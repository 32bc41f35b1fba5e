#include "daemon/telemetry/run_collector.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include <prometheus/client_metric.h>

#include "daemon/base/units.h"
#include "daemon/stats/duration_bounds.h"
#include "daemon/telemetry/metric_families.h"
#include "daemon/telemetry/metric_names.h"

namespace squall {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Families = MetricFamilies;
// By method and name, as the labels show them.
using EntryMap = std::map<std::pair<std::string, std::string>, EntryStats>;

constexpr std::array kStatusClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array kRunStates = {RunState::kIdle,   RunState::kPrepared, RunState::kRunning,
                                   RunState::kPaused, RunState::kStopping, RunState::kFinished,
                                   RunState::kFailed};

void AddTimes(MetricFamily* family, LabelList labels, const Histogram& times) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  metric.histogram.sample_count = times.count();
  metric.histogram.sample_sum = times.sum_seconds();
  for (const Nanos bound : kDurationBounds) {
    metric.histogram.bucket.push_back({times.CountAtOrBelow(bound), ToSeconds(bound)});
  }
}

void AddLoad(const Snapshot& run, Families* out) {
  out->push_back(Gauge(kMetricTargetUsers, "Users that the load profile asks of this agent now",
                       Real(run.target_users)));
  out->push_back(Gauge(kMetricTargetArrivalRate,
                       "Arrivals per second that the load profile asks of this agent now",
                       run.target_rate));
  out->push_back(Counter(kMetricUsersStarted, "Users started", Real(run.users_started)));
  out->push_back(Counter(kMetricUsersStopped, "Users ended", Real(run.users_stopped)));
  out->push_back(Counter(kMetricIterations, "Finished task runs", Real(run.iterations)));
  out->push_back(
      Counter(kMetricPlannedArrivals, "Arrivals due so far", Real(run.arrivals_planned)));
  out->push_back(Counter(kMetricDroppedIterations, "Arrivals for which no user was free",
                         Real(run.dropped_iterations)));
  uint64_t task_errors = 0;
  for (const auto& [text, count] : run.task_errors) {
    task_errors += count;
  }
  out->push_back(
      Counter(kMetricTaskErrors, "Template, data and script errors in tasks", Real(task_errors)));
}

void AddRequests(const EntryMap& entries, Families* out) {
  MetricFamily requests = Family(MetricType::Counter, kMetricRequests, "Finished requests");
  MetricFamily failures =
      Family(MetricType::Counter, kMetricFailures, "Finished requests that failed");
  MetricFamily sent = Family(MetricType::Counter, kMetricSentBytes, "Bytes of requests");
  MetricFamily received =
      Family(MetricType::Counter, kMetricReceivedBytes, "Bytes of reply bodies as they came");
  MetricFamily duration = Family(MetricType::Histogram, kMetricRequestDuration,
                                 "From the intended start to the end of the reply");
  MetricFamily service =
      Family(MetricType::Histogram, kMetricServiceTime, "From the send to the end of the reply");
  MetricFamily delay =
      Family(MetricType::Histogram, kMetricStartDelay,
             "From the intended start to the send; only where there is a schedule");
  for (const auto& [key, entry] : entries) {
    const LabelList labels = {{kMetricLabelMethod, key.first}, {kMetricLabelName, key.second}};
    AddValue(&requests, labels, Real(entry.requests));
    AddValue(&failures, labels, Real(entry.failures));
    AddValue(&sent, labels, Real(entry.bytes_sent));
    AddValue(&received, labels, Real(entry.bytes_received));
    AddTimes(&duration, labels, entry.response);
    AddTimes(&service, labels, entry.service);
    if (entry.start_delay.count() > 0) {
      AddTimes(&delay, labels, entry.start_delay);
    }
  }
  for (MetricFamily* family :
       {&requests, &failures, &sent, &received, &duration, &service, &delay}) {
    out->push_back(std::move(*family));
  }
}

void AddOutcomes(const Snapshot& run, const EntryMap& entries, Families* out) {
  std::array<uint64_t, kStatusClasses.size()> by_class{};
  for (const auto& [key, entry] : entries) {
    for (size_t i = 0; i < by_class.size(); ++i) {
      by_class.at(i) += entry.status_classes.at(i);
    }
  }
  MetricFamily responses =
      Family(MetricType::Counter, kMetricResponses, "Finished requests by class of status code");
  for (size_t i = 0; i < by_class.size(); ++i) {
    AddValue(&responses, {{kMetricLabelStatusClass, kStatusClasses.at(i)}}, Real(by_class.at(i)));
  }
  out->push_back(std::move(responses));
  CheckStats all;
  for (const auto& [key, check] : run.checks) {
    all.Merge(check);
  }
  MetricFamily checks =
      Family(MetricType::Counter, kMetricChecks, "Checks of replies in the measured phase");
  AddValue(&checks, {{kMetricLabelResult, "passed"}}, Real(all.passed));
  AddValue(&checks, {{kMetricLabelResult, "failed"}}, Real(all.failed));
  out->push_back(std::move(checks));
  out->push_back(Gauge(kMetricOpenRequests, "Requests in flight", Real(run.open_requests)));
}

void AddRun(const Snapshot& run, Families* out) {
  MetricFamily state =
      Family(MetricType::Gauge, kMetricRunState, "1 for the state that the agent is in");
  for (const RunState each : kRunStates) {
    AddValue(&state, {{kMetricLabelState, std::string(RunStateName(each))}},
             each == run.state ? 1 : 0);
  }
  out->push_back(std::move(state));
  out->push_back(
      Gauge(kMetricRunElapsed, "Time since the start of the run", ToSeconds(run.elapsed)));
}

void AddRefused(const std::map<std::string, uint64_t>& by_reason, Families* out) {
  MetricFamily refused = Family(MetricType::Counter, kMetricRefusedCalls,
                                "Calls that the agent refused since the process started");
  for (const auto& [reason, count] : by_reason) {
    AddValue(&refused, {{kMetricLabelReason, reason}}, Real(count));
  }
  out->push_back(std::move(refused));
}

void AddGenerator(const GeneratorHealth& health, Families* out) {
  MetricFamily lag =
      Family(MetricType::Histogram, kMetricLoopLag, "How late the event loops ran their timers");
  AddTimes(&lag, {}, health.loop_lag);
  out->push_back(std::move(lag));
  out->push_back(Gauge(kMetricLoops, "Event loops of the run", health.shards));
  out->push_back(
      Counter(kMetricLoopCpu, "CPU time of the event loops in this run", health.thread_seconds));
  out->push_back(Counter(kMetricLoopWait,
                         "Time that event loops were ready to run while others had the CPU",
                         health.run_delay_seconds));
  MetricFamily exhausted = Family(MetricType::Counter, kMetricExhausted,
                                  "How often the generator ran out of a resource");
  AddValue(&exhausted, {{kMetricLabelResource, "descriptors"}}, Real(health.fd_exhausted));
  AddValue(&exhausted, {{kMetricLabelResource, "ports"}}, Real(health.ports_exhausted));
  AddValue(&exhausted, {{kMetricLabelResource, "memory"}}, Real(health.memory_exhausted));
  out->push_back(std::move(exhausted));
  out->push_back(Counter(kMetricNamesDropped,
                         "Requests counted as 'other' because there were too many names",
                         Real(health.names_dropped)));
}

void AddOutputs(const std::vector<OutputCount>& outputs, Families* out) {
  std::map<std::string, OutputCount> by_output;  // a run may have two of one kind
  for (const OutputCount& each : outputs) {
    by_output[each.output].sent += each.sent;
    by_output[each.output].failed += each.failed;
  }
  MetricFamily reports =
      Family(MetricType::Counter, kMetricOutputReports, "Reports to the outputs of the run");
  for (const auto& [output, count] : by_output) {
    AddValue(&reports, {{kMetricLabelOutput, output}, {kMetricLabelResult, "sent"}},
             Real(count.sent));
    AddValue(&reports, {{kMetricLabelOutput, output}, {kMetricLabelResult, "failed"}},
             Real(count.failed));
  }
  out->push_back(std::move(reports));
}

void AddSpans(const TraceFigures& traces, Families* out) {
  MetricFamily spans = Family(MetricType::Counter, kMetricTraceSpans,
                              "Requests that were chosen for a span, and what became of the spans");
  AddValue(&spans, {{kMetricLabelResult, "sampled"}}, Real(traces.sampled));
  AddValue(&spans, {{kMetricLabelResult, "exported"}}, Real(traces.exported));
  AddValue(&spans, {{kMetricLabelResult, "dropped"}}, Real(traces.dropped));
  AddValue(&spans, {{kMetricLabelResult, "failed"}}, Real(traces.failed));
  out->push_back(std::move(spans));
}

// That of the series' name, or "".
const std::string& ValueOf(const ClientMetric& metric, std::string_view label) {
  static const std::string none;
  for (const ClientMetric::Label& each : metric.label) {
    if (each.name == label) {
      return each.value;
    }
  }
  return none;
}

}  // namespace

RunCollector::RunCollector(RunCollectorOptions options, Source source)
    : options_(std::move(options)), source_(std::move(source)) {}

std::string RunCollector::PageWith(std::vector<MetricFamily> others, MetricFormat format) const {
  const ShownRun run = source_.run();
  Families families = Collect(run);
  std::move(others.begin(), others.end(), std::back_inserter(families));
  const NewestExemplars exemplars = Exemplars(run.figures);
  return MetricPage(families, format,
                    [&](const MetricFamily& family, const ClientMetric& metric,
                        size_t i) -> const BucketExemplar* {
                      if (family.name != kMetricRequestDuration) {
                        return nullptr;
                      }
                      const auto found = exemplars.find(
                          {ValueOf(metric, kMetricLabelMethod), ValueOf(metric, kMetricLabelName)});
                      return found == exemplars.end() || found->second[i].trace_id.empty()
                                 ? nullptr
                                 : &found->second[i];
                    });
}

std::vector<MetricFamily> RunCollector::Collect(const ShownRun& run) const {
  const EntryMap entries = Fold(run.figures);
  Families families;
  AddRun(run.figures, &families);
  families.push_back(
      Gauge(kMetricRunStage, "The stage of the load profile, from 1", Real(run.stage)));
  families.push_back(Users(run.figures));
  AddLoad(run.figures, &families);
  AddRequests(entries, &families);
  AddOutcomes(run.figures, entries, &families);
  AddGenerator(run.figures.health, &families);
  AddSpans(run.figures.traces, &families);
  if (source_.outputs) {
    AddOutputs(source_.outputs(), &families);
  }
  MetricFamily info =
      Family(MetricType::Gauge, kMetricRunInfo, "Always 1; the labels say which run");
  if (!run.figures.run_id.empty()) {
    AddValue(&info, {{kMetricLabelRunId, Label(run.figures.run_id)}}, 1);
  }
  families.insert(families.begin(), std::move(info));
  AddLabel(kMetricLabelTest, Label(run.test), &families);
  if (source_.refused_calls) {
    AddRefused(source_.refused_calls(), &families);
  }
  if (source_.process) {
    AddBuild(Label(options_.version), &families);
    AddProcess(source_.process(), options_.process_started_at, &families);
  }
  return families;
}

MetricFamily RunCollector::Users(const Snapshot& run) const {
  std::map<std::string, uint64_t> by_label;
  for (const auto& [user_class, count] : run.users) {
    const std::string label = Label(user_class);
    const bool room = by_label.size() < options_.user_classes_max || by_label.contains(label);
    by_label[room ? label : kMetricOther] += count;
  }
  MetricFamily family = Family(MetricType::Gauge, kMetricUsers, "Running users");
  for (const auto& [label, count] : by_label) {
    AddValue(&family, {{kMetricLabelUserClass, label}}, Real(count));
  }
  return family;
}

std::string RunCollector::Label(std::string_view text) const {
  return LabelValue(text, options_.label_bytes_max);
}

// Adds up the phases, and whatever has the same labels; two series of the same labels would make
// Prometheus refuse the whole page.
EntryMap RunCollector::Fold(const Snapshot& snapshot) const {
  EntryMap by_label;
  for (const auto& [key, entry] : snapshot.entries) {
    by_label[{Label(key.method), Label(key.name)}].Merge(entry);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (snapshot.run_id != run_id_) {
    run_id_ = snapshot.run_id;
    admitted_.clear();
  }
  std::vector<EntryMap::const_iterator> fresh;
  for (auto entry = by_label.cbegin(); entry != by_label.cend(); ++entry) {
    if (!admitted_.contains(entry->first)) {
      fresh.push_back(entry);
    }
  }
  std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) {
    return std::tie(b->second.requests, a->first) < std::tie(a->second.requests, b->first);
  });
  for (const auto& entry : fresh) {
    if (admitted_.size() < options_.names_max) {
      admitted_.insert(entry->first);
    }
  }
  if (by_label.size() == admitted_.size()) {
    return by_label;
  }
  EntryMap folded;
  for (const auto& [key, entry] : by_label) {
    folded[admitted_.contains(key) ? key : NameKey{kMetricOther, kMetricOther}].Merge(entry);
  }
  return folded;
}

// Of names without series of their own there are none: an exemplar says which request it was.
RunCollector::NewestExemplars RunCollector::Exemplars(const Snapshot& run) const {
  NewestExemplars newest;
  for (const TraceExemplar& each : run.exemplars) {
    std::vector<BucketExemplar>& buckets = newest[{Label(each.method), Label(each.name)}];
    buckets.resize(kDurationBounds.size() + 1);
    BucketExemplar& slot = buckets[DurationBoundOf(each.response)];
    if (slot.trace_id.empty() || slot.at < each.at) {
      slot = {each.trace_id, ToSeconds(each.response), each.at};
    }
  }
  return newest;
}

}  // namespace squall
