#include "daemon/report/view_json.h"

#include <algorithm>
#include <string_view>

#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"
#include "daemon/report/view_number.h"
#include "daemon/report/view_of.h"

namespace squall {
namespace {

// Points are drawn: four digits are a tenth of the smallest thing that a histogram tells apart.
constexpr int kPointDigits = 4;
constexpr size_t kTasksMax = kViewListMax;

JsonWriter Compact() { return JsonWriter(JsonWriter::Style::kCompact); }

void Put(JsonWriter* json, std::string_view key, const ViewNumber& number) {
  json->Key(key).Number(number.text());
}

void PutText(JsonWriter* json, std::string_view key, std::string_view text) {
  json->Key(key).Text(text, kViewTextBytesMax);
}

void PutInstant(JsonWriter* json, std::string_view key, std::optional<WallTime> at) {
  json->Key(key);
  at.has_value() && *at != WallTime{} ? json->Value(FormatUtcMillis(*at)) : json->Null();
}

void PutTexts(JsonWriter* json, std::string_view key, const std::vector<std::string>& texts) {
  json->Key(key).BeginArray();
  for (size_t i = 0; i < std::min(texts.size(), kViewListMax); ++i) {
    json->Text(texts[i], kViewTextBytesMax);
  }
  json->EndArray();
}

void PutOptions(JsonWriter* json, const RunOptions& options) {
  json->Key("options").BeginObject();
  json->Key("users");
  options.users.has_value() ? json->Value(*options.users) : json->Null();
  json->Key("spawn_rate");
  options.spawn_rate.has_value() ? json->Number(ViewNumber::Of(*options.spawn_rate).text())
                                 : json->Null();
  json->Key("run_time_seconds");
  options.run_time.has_value() ? json->Number(ViewNumber::Seconds(*options.run_time).text())
                               : json->Null();
  PutText(json, "profile", options.profile);
  json->Field("open_model", options.open_model);
  Put(json, "warm_up_seconds", ViewNumber::Seconds(options.warm_up));
  Put(json, "cool_down_seconds", ViewNumber::Seconds(options.cool_down));
  Put(json, "stop_timeout_seconds", ViewNumber::Seconds(options.stop_timeout));
  json->EndObject();
}

void PutThresholds(JsonWriter* json, const std::vector<ThresholdResult>& results) {
  json->Key("thresholds").BeginArray();
  for (size_t i = 0; i < std::min(results.size(), kViewListMax); ++i) {
    json->BeginObject();
    PutText(json, "text", results[i].threshold.text);
    json->Field("observed", FormatObserved(results[i]))
        .Field("passed", results[i].passed)
        .Field("abort_on_fail", results[i].threshold.abort_on_fail)
        .EndObject();
  }
  json->EndArray();
}

void PutPlanned(JsonWriter* json, const std::vector<PlannedPoint>& points) {
  json->Key("planned").BeginArray();
  for (const PlannedPoint& point : points) {
    json->BeginObject();
    Put(json, "at", ViewNumber::Seconds(point.at));
    Put(json, "users", ViewNumber::Of(point.users));
    Put(json, "rate", ViewNumber::Of(point.rate));
    json->EndObject();
  }
  json->EndArray();
}

// More stages than anybody edits by hand are not offered for it.
void PutStages(JsonWriter* json, const std::optional<std::vector<Stage>>& stages) {
  json->Key("stages");
  if (!stages.has_value() || stages->size() > kViewListMax) {
    json->Null();
    return;
  }
  json->BeginArray();
  for (const Stage& stage : *stages) {
    json->BeginObject();
    Put(json, "duration_seconds", ViewNumber::Seconds(stage.duration));
    json->Field("users", stage.users);
    Put(json, "spawn_rate", ViewNumber::Of(stage.spawn_rate));
    json->EndObject();
  }
  json->EndArray();
}

void PutOverride(JsonWriter* json, const std::optional<LoadByHand>& by_hand) {
  json->Field("overridden", by_hand.has_value()).Key("override");
  if (!by_hand.has_value()) {
    json->Null();
    return;
  }
  const std::optional<uint64_t>& users = by_hand->users;
  const std::optional<double>& factor = by_hand->arrival_factor;
  json->BeginObject().Key("users");
  users.has_value() ? json->Value(*users) : json->Null();
  json->Key("spawn_rate");
  users.has_value() ? json->Number(ViewNumber::Of(by_hand->spawn_rate).text()) : json->Null();
  json->Key("arrival_factor");
  factor.has_value() ? json->Number(ViewNumber::Of(*factor).text()) : json->Null();
  json->EndObject();
}

void PutTotals(JsonWriter* json, const RunView& view) {
  static const Snapshot nothing;
  const Snapshot& total = view.total == nullptr ? nothing : *view.total;
  json->Field("users", view.summary.users).Field("target_users", total.target_users);
  Put(json, "target_rate", ViewNumber::Of(total.target_rate));
  json->Field("requests", view.summary.requests).Field("failures", view.summary.failures);
  Put(json, "requests_per_second", ViewNumber::Of(view.requests_per_second));
  Put(json, "failures_per_second", ViewNumber::Of(view.failures_per_second));
  json->Field("open_requests", total.open_requests)
      .Field("iterations", total.iterations)
      .Field("dropped_iterations", total.dropped_iterations);
}

void PutClasses(JsonWriter* json, const RunView& view) {
  json->Key("classes").BeginObject();
  size_t left = kViewListMax;
  if (view.total != nullptr) {
    for (const auto& [name, users] : view.total->users) {
      if (left-- == 0) {
        break;
      }
      json->Field(name, users);
    }
  }
  json->EndObject();
}

void PutShares(JsonWriter* json, const std::vector<TaskShare>& shares, size_t* left) {
  json->BeginArray();
  for (const TaskShare& share : shares) {
    if (*left == 0) {
      break;
    }
    --*left;
    json->BeginObject();
    PutText(json, "name", share.name);
    Put(json, "share", ViewNumber::Of(share.share));
    json->Key("tasks");
    PutShares(json, share.tasks, left);
    json->EndObject();
  }
  json->EndArray();
}

// One number of every point, as an array.
template <typename Item, typename Number>
void PutColumn(JsonWriter* json, std::string_view key, std::span<const Item> items, Number number) {
  json->Key(key).BeginArray();
  for (const Item& item : items) {
    json->Number(number(item).text());
  }
  json->EndArray();
}

ViewNumber Count(uint64_t count) { return ViewNumber::Of(static_cast<double>(count), 17); }

}  // namespace

std::string RunJson(const RunView& view) {
  JsonWriter json = Compact();
  const RunSummary& summary = view.summary;
  const Nanos elapsed = view.total == nullptr ? Nanos(0) : view.total->elapsed;
  const Nanos measured = view.total == nullptr ? Nanos(0) : view.total->MeasuredTime();
  json.BeginObject();
  PutText(&json, "id", summary.run_id);
  PutText(&json, "plan", summary.plan_name);
  PutText(&json, "host", WithoutCredentials(view.host));
  json.Field("squall_version", view.squall_version).Field("state", RunStateName(summary.state));
  PutInstant(&json, "started_at", summary.started_at);
  PutInstant(&json, "ended_at", summary.ended_at);
  Put(&json, "elapsed_seconds", ViewNumber::Seconds(elapsed));
  Put(&json, "measured_seconds", ViewNumber::Seconds(measured));
  PutText(&json, "stop_reason", summary.stop_reason);
  PutText(&json, "error", view.total == nullptr ? "" : view.total->error);
  PutOptions(&json, view.options);
  json.Field("seed", std::to_string(view.seed)).Key("verdict");
  summary.verdict.has_value() ? json.Value(VerdictName(*summary.verdict)) : json.Null();
  PutTexts(&json, "reasons", summary.reasons);
  PutTexts(&json, "invalid_so_far", view.invalid_so_far);
  PutTexts(&json, "warnings", summary.warnings);
  PutThresholds(&json, summary.thresholds);
  PutTotals(&json, view);
  PutOverride(&json, view.overridden);
  PutPlanned(&json, view.planned);
  PutStages(&json, view.stages);
  PutClasses(&json, view);
  json.EndObject();
  return json.Take();
}

std::string TasksJson(const RunView& view) {
  JsonWriter json = Compact();
  size_t left = kTasksMax;
  PutShares(&json, view.tasks, &left);
  return json.Take();
}

std::string HeatJson(const RunView& view) {
  static const std::vector<HeatColumn> none;
  const std::vector<HeatColumn>& heat = view.heat == nullptr ? none : *view.heat;
  const std::span<const HeatColumn> columns(heat);
  JsonWriter json = Compact();
  json.BeginObject().Key("bounds").BeginArray();
  for (size_t row = 0; row + 1 < kHeatRows; ++row) {
    json.Number(ViewNumber::Millis(HeatRowBound(row), kPointDigits).text());
  }
  json.EndArray();
  PutColumn(&json, "start", columns,
            [](const HeatColumn& column) { return ViewNumber::Seconds(column.start); });
  PutColumn(&json, "length", columns,
            [](const HeatColumn& column) { return ViewNumber::Seconds(column.length); });
  json.Key("cells").BeginArray();
  for (size_t column = 0; column < heat.size(); ++column) {
    for (size_t row = 0; row < kHeatRows; ++row) {
      if (heat[column].counts[row] > 0) {
        json.BeginArray().Value(column).Value(row).Value(heat[column].counts[row]).EndArray();
      }
    }
  }
  json.EndArray().EndObject();
  return json.Take();
}

std::string PointsJson(std::span<const SeriesPoint> points, size_t from) {
  using Point = SeriesPoint;
  JsonWriter json = Compact();
  const auto count = [&](std::string_view key, uint64_t Point::*field) {
    PutColumn(&json, key, points, [field](const Point& point) { return Count(point.*field); });
  };
  const auto millis = [&](std::string_view key, Nanos Point::*field) {
    PutColumn(&json, key, points, [field](const Point& point) {
      return ViewNumber::Millis(point.*field, kPointDigits);
    });
  };
  const auto seconds = [&](std::string_view key, Nanos Point::*field) {
    PutColumn(&json, key, points,
              [field](const Point& point) { return ViewNumber::Seconds(point.*field); });
  };
  json.BeginObject().Field("from", from);
  seconds("start", &Point::start);
  seconds("length", &Point::length);
  count("requests", &Point::requests);
  count("failures", &Point::failures);
  millis("response_p50", &Point::response_p50);
  millis("response_p95", &Point::response_p95);
  millis("response_p99", &Point::response_p99);
  millis("service_p95", &Point::service_p95);
  count("users", &Point::users);
  count("target_users", &Point::target_users);
  PutColumn(&json, "target_rate", points,
            [](const Point& point) { return ViewNumber::Of(point.target_rate); });
  json.EndObject();
  return json.Take();
}

std::string EventsJson(std::span<const EventView> events) {
  JsonWriter json = Compact();
  json.BeginArray();
  for (const EventView& event : events) {
    json.BeginObject().Field("number", event.number);
    PutInstant(&json, "at", event.at);
    PutText(&json, "text", event.text);
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

std::string ViewJson(const RunView& view, std::span<const SeriesPoint> points,
                     std::span<const EventView> events) {
  JsonWriter json = Compact();
  json.BeginObject();
  json.Key("run").Number(RunJson(view));
  json.Key("stats").Number(StatsJson(view));
  json.Key("failures").Number(FailuresJson(view));
  json.Key("exceptions").Number(ExceptionsJson(view));
  json.Key("agents").Number(AgentsJson(view));
  json.Key("tasks").Number(TasksJson(view));
  json.Key("events").Number(EventsJson(events));
  json.Key("points").Number(PointsJson(points, 0));
  json.Key("heat").Number(HeatJson(view));
  json.EndObject();
  return json.Take();
}

std::string ViewJson(const RunReport& report) {
  return ViewJson(ViewOf(report), report.series, report.events);
}

}  // namespace squall
