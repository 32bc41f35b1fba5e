#include "daemon/report/json_report.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/report/figures.h"
#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

// Of the run's line: all seconds of a day would make this file 20 MB larger.
constexpr size_t kPointsMax = 7'200;

void AddTime(JsonWriter* json, std::string_view key, WallTime at) {
  json->Key(key);
  at == WallTime{} ? json->Null() : json->Value(FormatUtcMillis(at));
}

void AddMillis(JsonWriter* json, std::string_view key, Nanos time, int decimals = 6) {
  json->Key(key).Number(FileMillis(time, decimals));
}

void AddStrings(JsonWriter* json, std::string_view key, const std::vector<std::string>& texts) {
  json->Key(key).BeginArray();
  for (const std::string& text : texts) {
    json->Value(text);
  }
  json->EndArray();
}

// null without a value, so that "nothing happened" and "it took no time" are told apart.
void AddHistogram(JsonWriter* json, std::string_view key, const Histogram& times) {
  json->Key(key);
  if (times.count() == 0) {
    json->Null();
    return;
  }
  json->BeginObject().Field("count", times.count());
  AddMillis(json, "mean", times.Mean());
  AddMillis(json, "min", times.min());
  AddMillis(json, "max", times.max());
  json->Key("percentiles").BeginLine();
  for (const ReportPercentile& percentile : kReportPercentiles) {
    AddMillis(json, percentile.name, times.Percentile(percentile.quantile), 3);
  }
  json->EndObject().EndObject();
}

void AddStats(JsonWriter* json, const EntryStats& stats, Nanos measured) {
  json->Field("requests", stats.requests)
      .Field("failures", stats.failures)
      .Field("failure_ratio", Ratio(stats.failures, stats.requests))
      .Field("timeouts", stats.timeouts)
      .Field("unfinished", stats.unfinished)
      .Field("requests_per_second", PerSecond(stats.requests, measured))
      .Field("failures_per_second", PerSecond(stats.failures, measured))
      .Field("bytes_sent", stats.bytes_sent)
      .Field("bytes_received", stats.bytes_received);
  json->Key("status_classes").BeginLine().Field("none", stats.status_classes[0]);
  for (size_t i = 1; i < stats.status_classes.size(); ++i) {
    json->Field(fmt::format("{}xx", i), stats.status_classes[i]);
  }
  json->EndObject();
  AddTime(json, "first_at", stats.first_at);
  AddTime(json, "last_at", stats.last_at);
  AddHistogram(json, "response_ms", stats.response);
  AddHistogram(json, "service_ms", stats.service);
  AddHistogram(json, "start_delay_ms", stats.start_delay);
  json->Key("phases_ms").BeginObject();
  AddHistogram(json, "dns", stats.times.dns);
  AddHistogram(json, "connect", stats.times.connect);
  AddHistogram(json, "tls", stats.times.tls);
  AddHistogram(json, "first_byte", stats.times.first_byte);
  json->EndObject();
}

void AddPhase(JsonWriter* json, const Snapshot& snapshot, RunPhase phase, Nanos measured) {
  json->Key("totals").BeginObject();
  AddStats(json, snapshot.Total(phase), measured);
  json->EndObject().Key("entries").BeginArray();
  for (const EntryRow& row : EntryRows(snapshot, phase)) {
    json->BeginObject().Field("name", row.key->name).Field("method", row.key->method);
    AddStats(json, *row.stats, measured);
    json->EndObject();
  }
  json->EndArray();
}

void AddExcludedPhase(JsonWriter* json, std::string_view key, const Snapshot& snapshot,
                      RunPhase phase, Nanos length) {
  json->Key(key);
  if (EntryRows(snapshot, phase).empty()) {
    json->Null();
    return;
  }
  json->BeginObject();
  AddPhase(json, snapshot, phase, length);
  json->EndObject();
}

void AddRun(JsonWriter* json, const RunReport& report) {
  json->Key("run").BeginObject().Field("id", report.run_id).Field("plan", report.plan_name);
  json->Field("host", WithoutCredentials(report.host));
  AddTime(json, "started_at", report.started_at);
  AddTime(json, "ended_at", report.ended_at);
  json->Field("elapsed_seconds", ToSeconds(report.total.elapsed))
      .Field("measured_seconds", ToSeconds(report.total.MeasuredTime()))
      .Field("state", RunStateName(report.total.state))
      .Field("stop_reason", report.total.stop_reason)
      .Field("error", report.total.error)
      .Field("interrupted", report.interrupted)
      .Field("seed", std::to_string(report.seed))  // text: JSON numbers end at 2^53
      .Field("exit_code", report.exit_code)
      .EndObject();
}

void AddOptions(JsonWriter* json, const RunOptions& options) {
  json->Key("options").BeginObject().Key("users");
  options.users.has_value() ? json->Value(*options.users) : json->Null();
  json->Key("spawn_rate");
  options.spawn_rate.has_value() ? json->Value(*options.spawn_rate) : json->Null();
  json->Key("run_time_seconds");
  options.run_time.has_value() ? json->Value(ToSeconds(*options.run_time)) : json->Null();
  json->Field("profile", options.profile)
      .Field("open_model", options.open_model)
      .Field("warm_up_seconds", ToSeconds(options.warm_up))
      .Field("cool_down_seconds", ToSeconds(options.cool_down))
      .Field("stop_timeout_seconds", ToSeconds(options.stop_timeout))
      .EndObject();
}

void AddVerdict(JsonWriter* json, const VerdictReport& verdict) {
  json->Key("verdict").BeginObject().Field("verdict", VerdictName(verdict.verdict));
  AddStrings(json, "reasons", verdict.reasons);
  AddStrings(json, "warnings", verdict.warnings);
  json->Field("requests_failed", verdict.requests_failed).EndObject();
}

// Only where there are any, so that a report without traces is as it was.
void AddTraces(JsonWriter* json, const TraceFigures& traces) {
  if (traces.sampled > 0) {
    json->Key("traces")
        .BeginObject()
        .Field("sampled", traces.sampled)
        .Field("exported", traces.exported)
        .Field("dropped", traces.dropped)
        .Field("failed", traces.failed)
        .EndObject();
  }
}

std::string_view UnitName(ThresholdUnit unit) {
  switch (unit) {
    case ThresholdUnit::kSeconds:
      return "seconds";
    case ThresholdUnit::kShare:
      return "ratio";
    case ThresholdUnit::kPerSecond:
      return "per_second";
    case ThresholdUnit::kCount:
      return "count";
  }
  return "";
}

void AddThresholds(JsonWriter* json, const std::vector<ThresholdResult>& results) {
  json->Key("thresholds").BeginArray();
  for (const ThresholdResult& result : results) {
    json->BeginObject()
        .Field("threshold", result.threshold.text)
        .Field("name", result.threshold.name)
        .Field("method", result.threshold.method)
        .Field("tag", result.threshold.tag)
        .Field("passed", result.passed)
        .Field("unit", UnitName(UnitOf(result.threshold.metric, result.threshold.aggregate)))
        .Field("limit", result.threshold.limit)
        .Key("observed");
    result.observed.has_value() ? json->Value(*result.observed) : json->Null();
    json->Field("observed_text", FormatObserved(result))
        .Field("over_seconds", ToSeconds(result.threshold.over))
        .Field("abort_on_fail", result.threshold.abort_on_fail)
        .EndObject();
  }
  json->EndArray();
}

void AddFailures(JsonWriter* json, const Snapshot& snapshot) {
  json->Key("failures").BeginArray();
  for (const FailureRow& row : FailureRows(snapshot)) {
    json->BeginObject()
        .Field("name", row.key->name)
        .Field("method", row.key->method)
        .Field("reason", row.key->reason)
        .Field("count", row.stats->count);
    AddTime(json, "first_at", row.stats->first_at);
    AddTime(json, "last_at", row.stats->last_at);
    json->EndObject();
  }
  json->EndArray().Key("checks").BeginArray();
  for (const auto& [key, stats] : snapshot.checks) {
    json->BeginLine()
        .Field("name", key.name)
        .Field("check", key.check)
        .Field("passed", stats.passed)
        .Field("failed", stats.failed)
        .EndObject();
  }
  json->EndArray().Key("task_errors").BeginArray();
  for (const auto& [error, count] : snapshot.task_errors) {
    const TaskErrorText parts = SplitTaskError(error);
    json->BeginLine().Field("error", parts.message).Field("count", count);
    if (!parts.traceback.empty()) {
      json->Field("traceback", parts.traceback);
    }
    json->EndObject();
  }
  json->EndArray();
}

void AddLoad(JsonWriter* json, const Snapshot& snapshot) {
  json->Key("load").BeginObject();
  json->Field("iterations", snapshot.iterations)
      .Field("arrivals_planned", snapshot.arrivals_planned)
      .Field("dropped_iterations", snapshot.dropped_iterations)
      .Field("users_started", snapshot.users_started)
      .Field("users_stopped", snapshot.users_stopped)
      .Field("open_requests", snapshot.open_requests);
  json->Key("users").BeginArray();
  for (const auto& [name, count] : snapshot.users) {
    json->BeginLine().Field("class", name).Field("users", count).EndObject();
  }
  json->EndArray().EndObject();
}

void AddHealth(JsonWriter* json, const GeneratorHealth& health) {
  json->Key("health").BeginObject();
  json->Field("shards", health.shards)
      .Field("elapsed_seconds", health.elapsed_seconds)
      .Field("cpu_seconds", health.cpu_seconds)
      .Field("thread_seconds", health.thread_seconds)
      .Field("run_delay_seconds", health.run_delay_seconds)
      .Field("rss_bytes", health.rss_bytes)
      .Field("open_fds", health.open_fds)
      .Field("fd_limit", health.fd_limit)
      .Field("fd_exhausted", health.fd_exhausted)
      .Field("ports_exhausted", health.ports_exhausted)
      .Field("memory_exhausted", health.memory_exhausted)
      .Field("names_dropped", health.names_dropped);
  AddHistogram(json, "loop_lag_ms", health.loop_lag);
  json->EndObject();
}

void AddAgents(JsonWriter* json, const RunReport& report) {
  json->Key("agents").BeginArray();
  for (const Snapshot& agent : report.agents) {
    json->BeginObject()
        .Field("agent", agent.agent_id)
        .Field("state", RunStateName(agent.state))
        .Field("stop_reason", agent.stop_reason)
        .Field("error", agent.error)
        .Field("epoch", agent.epoch)
        .Field("sequence", agent.sequence)
        .Field("elapsed_seconds", ToSeconds(agent.elapsed));
    AddLoad(json, agent);
    json->Key("totals").BeginObject();
    AddStats(json, agent.Total(), agent.MeasuredTime());
    json->EndObject();
    AddHealth(json, agent.health);
    json->EndObject();
  }
  json->EndArray();
}

void AddSeries(JsonWriter* json, const std::vector<SeriesPoint>& points) {
  json->Key("series").BeginArray();
  for (const SeriesPoint& point : points) {
    json->BeginLine()
        .Field("start_seconds", ToSeconds(point.start))
        .Field("length_seconds", ToSeconds(point.length))
        .Field("requests", point.requests)
        .Field("failures", point.failures);
    AddMillis(json, "response_p50_ms", point.response_p50, 3);
    AddMillis(json, "response_p95_ms", point.response_p95, 3);
    AddMillis(json, "response_p99_ms", point.response_p99, 3);
    AddMillis(json, "service_p95_ms", point.service_p95, 3);
    json->Field("users", point.users)
        .Field("target_users", point.target_users)
        .Field("target_rate", point.target_rate)
        .EndObject();
  }
  json->EndArray();
}

// One array for each figure, on a line of its own: there may be hundreds of thousands of points,
// and charts want them so.
template <typename Point, typename Write>
void AddColumn(JsonWriter* json, std::string_view key, const std::vector<Point>& points,
               const Write& write) {
  json->Key(key).BeginArrayLine();
  for (const Point& point : points) {
    write(point);
  }
  json->EndArray();
}

template <typename Point>
void AddSeconds(JsonWriter* json, std::string_view key, const std::vector<Point>& points,
                Nanos Point::*time) {
  AddColumn(json, key, points, [&](const Point& point) { json->Value(ToSeconds(point.*time)); });
}

template <typename Point>
void AddMillis(JsonWriter* json, std::string_view key, const std::vector<Point>& points,
               Nanos Point::*time) {
  AddColumn(json, key, points,
            [&](const Point& point) { json->Number(FileMillis(point.*time, 3)); });
}

template <typename Point>
void AddCounts(JsonWriter* json, std::string_view key, const std::vector<Point>& points,
               uint64_t Point::*count) {
  AddColumn(json, key, points, [&](const Point& point) { json->Value(point.*count); });
}

void AddSeriesByName(JsonWriter* json, const RunReport& report) {
  json->Key("series_by_name").BeginArray();
  for (const auto& [name, points] : report.series_by_name) {
    json->BeginObject().Field("name", name.name).Field("method", name.method);
    AddSeconds(json, "start_seconds", points, &SeriesPoint::start);
    AddSeconds(json, "length_seconds", points, &SeriesPoint::length);
    AddCounts(json, "requests", points, &SeriesPoint::requests);
    AddCounts(json, "failures", points, &SeriesPoint::failures);
    AddMillis(json, "response_p50_ms", points, &SeriesPoint::response_p50);
    AddMillis(json, "response_p95_ms", points, &SeriesPoint::response_p95);
    AddMillis(json, "response_p99_ms", points, &SeriesPoint::response_p99);
    AddMillis(json, "service_p95_ms", points, &SeriesPoint::service_p95);
    json->EndObject();
  }
  json->EndArray().Field("series_names_left_out", report.series_names_left_out);
}

void AddSeriesByAgent(JsonWriter* json, const RunReport& report) {
  json->Key("series_by_agent").BeginArray();
  for (const auto& [agent, points] : report.series_by_agent) {
    json->BeginObject().Field("agent", agent);
    AddSeconds(json, "start_seconds", points, &AgentPoint::start);
    AddSeconds(json, "length_seconds", points, &AgentPoint::length);
    AddCounts(json, "requests", points, &AgentPoint::requests);
    AddCounts(json, "failures", points, &AgentPoint::failures);
    AddCounts(json, "users", points, &AgentPoint::users);
    AddCounts(json, "target_users", points, &AgentPoint::target_users);
    AddMillis(json, "loop_lag_p99_ms", points, &AgentPoint::loop_lag_p99);
    json->EndObject();
  }
  json->EndArray().Field("series_agents_left_out", report.series_agents_left_out);
}

}  // namespace

std::string JsonReport(const RunReport& report) {
  JsonWriter json;
  json.BeginObject()
      .Field("format", "squall-report")
      .Field("version", kJsonReportVersion)
      .Field("squall_version", report.version);
  AddRun(&json, report);
  AddOptions(&json, report.options);
  AddVerdict(&json, report.verdict);
  AddStrings(&json, "warnings", report.warnings);
  AddThresholds(&json, report.thresholds);
  AddPhase(&json, report.total, RunPhase::kMeasured, report.total.MeasuredTime());
  AddExcludedPhase(&json, "warm_up", report.total, RunPhase::kWarmUp,
                   std::min(report.options.warm_up, report.total.elapsed));
  AddExcludedPhase(&json, "cool_down", report.total, RunPhase::kCoolDown, report.options.cool_down);
  AddFailures(&json, report.total);
  AddLoad(&json, report.total);
  AddHealth(&json, report.total.health);
  AddTraces(&json, report.total.traces);
  AddAgents(&json, report);
  AddSeries(&json, Thinned(report.series, kPointsMax));
  AddSeriesByName(&json, report);
  AddSeriesByAgent(&json, report);
  json.EndObject();
  return json.Take();
}

}  // namespace squall
