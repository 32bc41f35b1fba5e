#include "daemon/otel/metric_data.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <tuple>

#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/sinks/request_samples.h"

namespace squall {
namespace {

namespace metrics = opentelemetry::sdk::metrics;
using metrics::MetricData;
using Attributes = metrics::PointAttributes;

constexpr size_t kTextBytesMax = 128;
constexpr const char* kOther = "other";
// Those of the Prometheus page, in seconds.
constexpr std::array kBounds = {
    Nanos(500'000),        Nanos(1'000'000),      Nanos(2'500'000),     Nanos(5'000'000),
    Nanos(10'000'000),     Nanos(25'000'000),     Nanos(50'000'000),    Nanos(75'000'000),
    Nanos(100'000'000),    Nanos(250'000'000),    Nanos(500'000'000),   Nanos(750'000'000),
    Nanos(1'000'000'000),  Nanos(2'500'000'000),  Nanos(5'000'000'000), Nanos(7'500'000'000),
    Nanos(10'000'000'000), Nanos(30'000'000'000), Nanos(60'000'000'000)};
constexpr std::array kStatusClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

std::string Label(std::string_view text) {
  std::string label;
  AppendPrintable(text, kTextBytesMax, &label);
  return label;
}

void Set(std::string_view name, std::string_view value, Attributes* out) {
  using opentelemetry::nostd::string_view;
  out->SetAttribute(string_view(name.data(), name.size()), string_view(value.data(), value.size()));
}

// Puts metrics together that have the same times and the same first attributes.
class DataList final {
 public:
  DataList(const MetricDataOptions& options, WallTime begin, WallTime end)
      : begin_(std::chrono::system_clock::time_point(begin)),
        end_(std::chrono::system_clock::time_point(end)) {
    for (const auto& [name, value] : options.tags) {
      Set(Label(name), Label(value), &common_);
    }
    Set("test", Label(options.test), &common_);
    Set("agent", Label(options.agent), &common_);
  }

  Attributes With(const std::vector<std::pair<const char*, std::string>>& more) const {
    Attributes attributes = common_;
    for (const auto& [name, value] : more) {
      Set(name, value, &attributes);
    }
    return attributes;
  }

  MetricData* Sum(const char* name, const char* unit, const char* help) {
    return Begin(name, unit, help, metrics::InstrumentType::kCounter);
  }
  MetricData* Gauge(const char* name, const char* unit, const char* help) {
    return Begin(name, unit, help, metrics::InstrumentType::kObservableGauge);
  }
  MetricData* Times(const char* name, const char* help) {
    return Begin(name, "s", help, metrics::InstrumentType::kHistogram);
  }

  void AddSum(MetricData* metric, Attributes attributes, metrics::ValueType value) const {
    metrics::SumPointData point;
    point.value_ = value;
    point.is_monotonic_ = true;
    metric->point_data_attr_.push_back({std::move(attributes), point});
  }
  void AddCount(MetricData* metric, Attributes attributes, uint64_t value) const {
    AddSum(metric, std::move(attributes), static_cast<int64_t>(value));
  }
  void AddGauge(MetricData* metric, Attributes attributes, metrics::ValueType value) const {
    metrics::LastValuePointData point;
    point.value_ = value;
    point.is_lastvalue_valid_ = true;
    point.sample_ts_ = end_;
    metric->point_data_attr_.push_back({std::move(attributes), point});
  }
  void AddTimes(MetricData* metric, Attributes attributes, const Histogram& times) const;

  std::vector<MetricData> Take() {
    return {std::make_move_iterator(list_.begin()), std::make_move_iterator(list_.end())};
  }

 private:
  MetricData* Begin(const char* name, const char* unit, const char* help,
                    metrics::InstrumentType type) {
    MetricData& metric = list_.emplace_back();
    metric.instrument_descriptor = {name, help, unit, type, metrics::InstrumentValueType::kDouble};
    metric.aggregation_temporality = metrics::AggregationTemporality::kCumulative;
    metric.start_ts = begin_;
    metric.end_ts = end_;
    return &metric;
  }

  const opentelemetry::common::SystemTimestamp begin_;
  const opentelemetry::common::SystemTimestamp end_;
  Attributes common_;
  std::deque<MetricData> list_;
};

void DataList::AddTimes(MetricData* metric, Attributes attributes, const Histogram& times) const {
  metrics::HistogramPointData point;
  uint64_t below = 0;
  for (const Nanos bound : kBounds) {
    const uint64_t up_to = times.CountAtOrBelow(bound);
    point.boundaries_.push_back(ToSeconds(bound));
    point.counts_.push_back(up_to - below);
    below = up_to;
  }
  point.counts_.push_back(times.count() - below);
  point.count_ = times.count();
  point.sum_ = times.sum_seconds();
  point.min_ = ToSeconds(times.min());
  point.max_ = ToSeconds(times.max());
  point.record_min_max_ = times.count() > 0;
  metric->point_data_attr_.push_back({std::move(attributes), std::move(point)});
}

void AddLoad(const Snapshot& run, uint64_t stage, DataList* out) {
  MetricData* users = out->Gauge("squall.users", "{user}", "Running users");
  for (const auto& [user_class, count] : UserSamples(run)) {
    out->AddGauge(users, out->With({{"user_class", user_class}}), static_cast<int64_t>(count));
  }
  const auto gauge = [&](const char* name, const char* unit, const char* help,
                         metrics::ValueType value) {
    out->AddGauge(out->Gauge(name, unit, help), out->With({}), value);
  };
  gauge("squall.target_users", "{user}", "Users that the load profile asks of this agent now",
        static_cast<int64_t>(run.target_users));
  gauge("squall.target_arrivals", "{arrival}/s",
        "Arrivals per second that the load profile asks of this agent now", run.target_rate);
  gauge("squall.open_requests", "{request}", "Requests in flight",
        static_cast<int64_t>(run.open_requests));
  gauge("squall.run.stage", "{stage}", "The stage of the load profile, from 1; 0: none",
        static_cast<int64_t>(stage));
  gauge("squall.run.elapsed", "s", "Time since the start of the run", ToSeconds(run.elapsed));
  const auto count = [&](const char* name, const char* unit, const char* help, uint64_t value) {
    out->AddCount(out->Sum(name, unit, help), out->With({}), value);
  };
  count("squall.users_started", "{user}", "Users started", run.users_started);
  count("squall.users_stopped", "{user}", "Users ended", run.users_stopped);
  count("squall.iterations", "{iteration}", "Finished task runs", run.iterations);
  count("squall.planned_arrivals", "{arrival}", "Arrivals due so far", run.arrivals_planned);
  count("squall.dropped_iterations", "{iteration}", "Arrivals for which no user was free",
        run.dropped_iterations);
  uint64_t task_errors = 0;
  for (const auto& [text, times] : run.task_errors) {
    task_errors += times;
  }
  count("squall.task_errors", "{error}", "Template, data and script errors in tasks", task_errors);
}

void AddRequests(const std::map<std::pair<std::string, std::string>, EntryStats>& entries,
                 DataList* out) {
  const auto each = [&](MetricData* metric, auto value) {
    for (const auto& [key, entry] : entries) {
      out->AddCount(metric, out->With({{"method", key.first}, {"name", key.second}}), value(entry));
    }
  };
  each(out->Sum("squall.requests", "{request}", "Finished requests"),
       [](const EntryStats& entry) { return entry.requests; });
  each(out->Sum("squall.failures", "{request}", "Finished requests that failed"),
       [](const EntryStats& entry) { return entry.failures; });
  each(out->Sum("squall.sent", "By", "Bytes of requests"),
       [](const EntryStats& entry) { return entry.bytes_sent; });
  each(out->Sum("squall.received", "By", "Bytes of reply bodies as they came"),
       [](const EntryStats& entry) { return entry.bytes_received; });
  const auto times = [&](MetricData* metric, auto histogram, bool always) {
    for (const auto& [key, entry] : entries) {
      if (always || histogram(entry).count() > 0) {
        out->AddTimes(metric, out->With({{"method", key.first}, {"name", key.second}}),
                      histogram(entry));
      }
    }
  };
  times(
      out->Times("squall.request.duration", "From the intended start to the end of the reply"),
      [](const EntryStats& entry) -> const Histogram& { return entry.response; }, true);
  times(
      out->Times("squall.service_time", "From the send to the end of the reply"),
      [](const EntryStats& entry) -> const Histogram& { return entry.service; }, true);
  times(
      out->Times("squall.start_delay",
                 "From the intended start to the send; only where there is a schedule"),
      [](const EntryStats& entry) -> const Histogram& { return entry.start_delay; }, false);
}

void AddOutcomes(const Snapshot& run, DataList* out) {
  std::array<uint64_t, kStatusClasses.size()> by_class{};
  for (const auto& [key, entry] : run.entries) {
    for (size_t i = 0; i < by_class.size(); ++i) {
      by_class.at(i) += entry.status_classes.at(i);
    }
  }
  MetricData* responses =
      out->Sum("squall.responses", "{request}", "Finished requests by class of status code");
  for (size_t i = 0; i < by_class.size(); ++i) {
    out->AddCount(responses, out->With({{"status_class", kStatusClasses.at(i)}}), by_class.at(i));
  }
  CheckStats all;
  for (const auto& [key, check] : run.checks) {
    all.Merge(check);
  }
  MetricData* checks =
      out->Sum("squall.checks", "{check}", "Checks of replies in the measured phase");
  out->AddCount(checks, out->With({{"result", "passed"}}), all.passed);
  out->AddCount(checks, out->With({{"result", "failed"}}), all.failed);
}

void AddGenerator(const Snapshot& run, DataList* out) {
  out->AddTimes(out->Times("squall.event_loop.lag", "How late the event loops ran their timers"),
                out->With({}), run.health.loop_lag);
  out->AddSum(out->Sum("squall.event_loop.cpu", "s", "CPU time of the event loops in this run"),
              out->With({}), run.health.thread_seconds);
  out->AddSum(out->Sum("squall.event_loop.wait", "s",
                       "Time that event loops were ready to run while others had the CPU"),
              out->With({}), run.health.run_delay_seconds);
  out->AddGauge(out->Gauge("squall.event_loops", "{loop}", "Event loops of the run"), out->With({}),
                static_cast<int64_t>(run.health.shards));
  MetricData* exhausted =
      out->Sum("squall.exhausted", "{failure}", "How often the generator ran out of a resource");
  const std::pair<const char*, uint64_t> resources[] = {{"descriptors", run.health.fd_exhausted},
                                                        {"ports", run.health.ports_exhausted},
                                                        {"memory", run.health.memory_exhausted}};
  for (const auto& [resource, times] : resources) {
    out->AddCount(exhausted, out->With({{"resource", resource}}), times);
  }
  out->AddCount(out->Sum("squall.names_dropped", "{request}",
                         "Requests counted as 'other' because there were too many names"),
                out->With({}), run.health.names_dropped);
  MetricData* spans =
      out->Sum("squall.trace.spans", "{span}", "What became of the spans of sampled requests");
  const std::pair<const char*, uint64_t> results[] = {{"sampled", run.traces.sampled},
                                                      {"exported", run.traces.exported},
                                                      {"dropped", run.traces.dropped},
                                                      {"failed", run.traces.failed}};
  for (const auto& [result, spans_of] : results) {
    out->AddCount(spans, out->With({{"result", result}}), spans_of);
  }
}

}  // namespace

std::vector<MetricData> MetricDataMaker::Make(const Snapshot& run, WallTime at, uint64_t stage) {
  const WallTime begin = run.started_at == WallTime() ? at : run.started_at;
  DataList list(options_, begin, at);
  AddLoad(run, stage, &list);
  AddRequests(Fold(run), &list);
  AddOutcomes(run, &list);
  AddGenerator(run, &list);
  return list.Take();
}

std::map<MetricDataMaker::NameKey, EntryStats> MetricDataMaker::Fold(const Snapshot& run) {
  std::map<NameKey, EntryStats> by_name;
  for (const auto& [key, entry] : run.entries) {
    by_name[{Label(key.method), Label(key.name)}].Merge(entry);
  }
  std::vector<std::pair<uint64_t, NameKey>> fresh;
  for (const auto& [key, entry] : by_name) {
    if (!admitted_.contains(key)) {
      fresh.emplace_back(entry.requests, key);
    }
  }
  std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) {
    return std::tie(b.first, a.second) < std::tie(a.first, b.second);
  });
  for (auto& [requests, key] : fresh) {
    if (admitted_.size() < options_.names_max) {
      admitted_.insert(std::move(key));
    }
  }
  std::map<NameKey, EntryStats> folded;
  for (const auto& [key, entry] : by_name) {
    folded[admitted_.contains(key) ? key : NameKey{kOther, kOther}].Merge(entry);
  }
  return folded;
}

}  // namespace squall
