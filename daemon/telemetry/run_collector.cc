#include "daemon/telemetry/run_collector.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <prometheus/text_serializer.h>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/telemetry/metric_names.h"

namespace squall {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Families = std::vector<MetricFamily>;
// By method and name, as the labels show them.
using EntryMap = std::map<std::pair<std::string, std::string>, EntryStats>;

// Upper bounds of the buckets. Fixed, so that the series of agents and of runs can be added up.
constexpr std::array kBuckets = {
    Nanos(500'000),        Nanos(1'000'000),      Nanos(2'500'000),     Nanos(5'000'000),
    Nanos(10'000'000),     Nanos(25'000'000),     Nanos(50'000'000),    Nanos(75'000'000),
    Nanos(100'000'000),    Nanos(250'000'000),    Nanos(500'000'000),   Nanos(750'000'000),
    Nanos(1'000'000'000),  Nanos(2'500'000'000),  Nanos(5'000'000'000), Nanos(7'500'000'000),
    Nanos(10'000'000'000), Nanos(30'000'000'000), Nanos(60'000'000'000)};
constexpr std::array kStatusClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array kRunStates = {RunState::kIdle,   RunState::kPrepared, RunState::kRunning,
                                   RunState::kPaused, RunState::kStopping, RunState::kFinished,
                                   RunState::kFailed};

double Real(uint64_t count) { return static_cast<double>(count); }

void AddValue(MetricFamily* family, Labels labels, double value) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  if (family->type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void AddTimes(MetricFamily* family, Labels labels, const Histogram& times) {
  ClientMetric& metric = family->metric.emplace_back();
  metric.label = std::move(labels);
  metric.histogram.sample_count = times.count();
  metric.histogram.sample_sum = times.sum_seconds();
  for (const Nanos bound : kBuckets) {
    metric.histogram.bucket.push_back({times.CountAtOrBelow(bound), ToSeconds(bound)});
  }
}

MetricFamily Family(MetricType type, const char* name, const char* help) {
  return MetricFamily{name, help, type, {}};
}

MetricFamily Counter(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Counter, name, help);
  AddValue(&family, {}, value);
  return family;
}

MetricFamily Gauge(const char* name, const char* help, double value) {
  MetricFamily family = Family(MetricType::Gauge, name, help);
  AddValue(&family, {}, value);
  return family;
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
    const Labels labels = {{kMetricLabelMethod, key.first}, {kMetricLabelName, key.second}};
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

void AddProcess(const ProcessFigures& process, WallTime started_at, Families* out) {
  out->push_back(Counter(kMetricProcessCpu, "User and system CPU time", process.cpu_seconds));
  out->push_back(Gauge(kMetricProcessRss, "Resident memory", Real(process.rss_bytes)));
  out->push_back(Gauge(kMetricProcessFds, "Open file descriptors", Real(process.open_fds)));
  out->push_back(Gauge(kMetricProcessFdLimit, "Limit of file descriptors", Real(process.fd_limit)));
  out->push_back(Gauge(kMetricProcessStart, "Start of the process, in seconds since 1970",
                       ToSeconds(started_at.time_since_epoch())));
}

}  // namespace

RunCollector::RunCollector(RunCollectorOptions options, Source source)
    : options_(std::move(options)), source_(std::move(source)) {}

std::string RunCollector::Text() const { return prometheus::TextSerializer().Serialize(Collect()); }

std::vector<MetricFamily> RunCollector::Collect() const {
  const Snapshot run = source_.run();
  const EntryMap entries = Fold(run);
  Families families;
  MetricFamily build =
      Family(MetricType::Gauge, kMetricBuildInfo, "Always 1; the label says which build");
  AddValue(&build, {{kMetricLabelVersion, Label(options_.version)}}, 1);
  families.push_back(std::move(build));
  AddRun(run, &families);
  families.push_back(Users(run));
  AddLoad(run, &families);
  AddRequests(entries, &families);
  AddOutcomes(run, entries, &families);
  if (source_.refused_calls) {
    AddRefused(source_.refused_calls(), &families);
  }
  AddGenerator(run.health, &families);
  AddProcess(source_.process(), options_.process_started_at, &families);
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
  std::string label;
  AppendPrintable(text, options_.label_bytes_max, &label);
  return label;
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

}  // namespace squall
