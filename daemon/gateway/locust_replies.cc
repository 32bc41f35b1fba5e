#include "daemon/gateway/locust_replies.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

namespace json = boost::json;

// As Locust: its own page would grow slow.
constexpr size_t kRowsMax = 500;

// Those of a run's state names (RunStateName) that Locust calls otherwise.
constexpr std::pair<std::string_view, std::string_view> kStates[] = {
    {"idle", "ready"},     {"prepared", "spawning"}, {"running", "running"},
    {"paused", "running"}, {"stopping", "stopping"}, {"finished", "stopped"},
    {"failed", "stopped"},
};

std::string_view LocustState(std::string_view state) {
  const auto* found = std::find_if(std::begin(kStates), std::end(kStates),
                                   [&](const auto& pair) { return pair.first == state; });
  return found == std::end(kStates) ? "missing" : found->second;
}

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

JsonWriter Compact() { return JsonWriter(JsonWriter::Style::kCompact); }

absl::StatusOr<json::value> ParsePiece(std::string_view name, std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) {
    return absl::InternalError(fmt::format("'{}' of the run: {}", name, error.message()));
  }
  return value;
}

// A row of a Table, by the names of its columns. What is missing or null is 0 or "".
class TableRow final {
 public:
  TableRow(const json::array* columns, const json::array* cells)
      : columns_(columns), cells_(cells) {}

  double Number(std::string_view column) const {
    const json::value* cell = Find(column);
    return cell != nullptr && cell->is_number() ? cell->to_number<double>() : 0;
  }
  std::string_view Text(std::string_view column) const {
    const json::value* cell = Find(column);
    return cell != nullptr && cell->is_string() ? View(cell->get_string()) : "";
  }

 private:
  const json::value* Find(std::string_view column) const {
    for (size_t i = 0; i < columns_->size() && i < cells_->size(); ++i) {
      if ((*columns_)[i].is_string() && View((*columns_)[i].get_string()) == column) {
        return &(*cells_)[i];
      }
    }
    return nullptr;
  }

  const json::array* columns_;
  const json::array* cells_;
};

class PieceTable final {
 public:
  static absl::StatusOr<PieceTable> Parse(std::string_view name, std::string_view text) {
    PieceTable table;
    SQUALL_ASSIGN_OR_RETURN(table.value_, ParsePiece(name, text));
    for (const char* field : {"columns", "rows", "total"}) {
      if (table.ArrayOf(field) == nullptr) {
        return absl::InternalError(fmt::format("'{}' of the run: {} must be a list", name, field));
      }
    }
    return table;
  }

  std::vector<TableRow> Rows() const {
    std::vector<TableRow> rows;
    for (const json::value& row : *ArrayOf("rows")) {
      if (row.is_array()) {
        rows.emplace_back(ArrayOf("columns"), &row.get_array());
      }
    }
    return rows;
  }
  TableRow Total() const { return {ArrayOf("columns"), ArrayOf("total")}; }

 private:
  const json::array* ArrayOf(const char* field) const {
    const json::object* object = value_.if_object();
    const json::value* found = object == nullptr ? nullptr : object->if_contains(field);
    return found == nullptr ? nullptr : found->if_array();
  }

  json::value value_;
};

// What scripts put into a page as it is.
std::string WithoutMarkup(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else {
      safe += c;
    }
  }
  return safe;
}

void PutStats(const TableRow& row, std::string_view method, std::string_view name,
              JsonWriter* out) {
  const std::pair<const char*, const char*> numbers[] = {
      {"num_requests", "requests"},
      {"num_failures", "failures"},
      {"min_response_time", "response_min"},
      {"max_response_time", "response_max"},
      {"avg_response_time", "response_mean"},
      {"median_response_time", "response_p50"},
      {"current_rps", "current_rps"},
      {"current_fail_per_sec", "current_failures_ps"},
      {"total_rps", "rps"},
      {"total_fail_per_sec", "failures_ps"},
      {"response_time_percentile_0.95", "response_p95"},
      {"response_time_percentile_0.99", "response_p99"},
      {"avg_content_length", "bytes_mean"},
  };
  out->BeginObject().Field("method", method).Field("name", name);
  out->Field("safe_name", WithoutMarkup(name));
  for (const auto& [field, column] : numbers) {
    out->Field(field, row.Number(column));
  }
  out->EndObject();
}

void PutFailure(const TableRow& row, JsonWriter* out) {
  out->BeginObject().Field("method", row.Text("method")).Field("name", row.Text("name"));
  out->Field("error", row.Text("reason")).Field("occurrences", row.Number("count"));
  out->Field("first_seen", row.Text("first_at")).Field("last_seen", row.Text("last_at"));
  out->EndObject();
}

void PutWorkers(const PieceTable& agents, JsonWriter* out) {
  const std::vector<TableRow> rows = agents.Rows();
  out->Key("workers").BeginArray();
  for (const TableRow& row : rows) {
    out->BeginObject().Field("id", row.Text("id"));
    out->Field("state", row.Number("lost") > 0 ? "missing" : LocustState(row.Text("state")));
    out->Field("user_count", row.Number("users"));
    out->Field("cpu_usage", std::round(row.Number("cpu_cores") * 1000) / 10);  // % of a core
    out->Field("memory_usage", row.Number("rss_bytes")).EndObject();
  }
  out->EndArray().Field("worker_count", rows.size());
}

void PutPercentiles(const LocustSource& source, JsonWriter* out) {
  out->Key("current_response_time_percentiles").BeginObject();
  out->Key("response_time_percentile_0.5");
  source.current_p50_ms.has_value() ? out->Value(*source.current_p50_ms) : out->Null();
  out->Key("response_time_percentile_0.95");
  source.current_p95_ms.has_value() ? out->Value(*source.current_p95_ms) : out->Null();
  out->EndObject();
}

double NumberIn(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(json::string_view(field.data(), field.size()));
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

// Whether the users that are asked for are on their way to others: to those set by hand, or along
// a slope of the plan.
bool IsSpawning(const json::object& run) {
  const json::value* by_hand = run.if_contains("override");
  if (by_hand != nullptr && by_hand->is_object()) {
    const json::value* users = by_hand->get_object().if_contains("users");
    if (users != nullptr && users->is_number()) {
      return users->to_number<double>() != NumberIn(run, "target_users");
    }
  }
  const json::value* planned = run.if_contains("planned");
  const double now = NumberIn(run, "elapsed_seconds");
  double before = 0;
  for (const json::value& point :
       planned != nullptr && planned->is_array() ? planned->get_array() : json::array()) {
    if (!point.is_object()) {
      continue;
    }
    const double users = NumberIn(point.get_object(), "users");
    if (NumberIn(point.get_object(), "at") > now) {
      return users != before;
    }
    before = users;
  }
  return false;
}

void PutShares(const json::value& value, double parent, JsonWriter* out) {
  out->BeginObject();
  for (const json::value& item : value.is_array() ? value.get_array() : json::array()) {
    const json::object* share = item.if_object();
    const json::value* name = share == nullptr ? nullptr : share->if_contains("name");
    const json::value* ratio = share == nullptr ? nullptr : share->if_contains("share");
    if (name == nullptr || !name->is_string() || ratio == nullptr || !ratio->is_number()) {
      continue;
    }
    const double own = ratio->to_number<double>();
    out->Key(View(name->get_string())).BeginObject();
    // `parent` below 0: of the parent, not of all.
    out->Field("ratio", parent < 0 ? own : own * parent);
    const json::value* tasks = share->if_contains("tasks");
    if (tasks != nullptr && tasks->is_array() && !tasks->get_array().empty()) {
      out->Key("tasks");
      PutShares(*tasks, parent < 0 ? parent : own * parent, out);
    }
    out->EndObject();
  }
  out->EndObject();
}

}  // namespace

std::string_view LocustStateName(std::optional<RunState> state) {
  return state.has_value() ? LocustState(RunStateName(*state)) : "ready";
}

absl::StatusOr<std::string> LocustRequests(const LocustSource& source) {
  SQUALL_ASSIGN_OR_RETURN(const json::value run, ParsePiece("run", source.run));
  SQUALL_ASSIGN_OR_RETURN(const PieceTable stats, PieceTable::Parse("stats", source.stats));
  SQUALL_ASSIGN_OR_RETURN(const PieceTable failures,
                          PieceTable::Parse("failures", source.failures));
  SQUALL_ASSIGN_OR_RETURN(const PieceTable agents, PieceTable::Parse("agents", source.agents));
  const json::object* fields = run.if_object();
  const json::value* state = fields == nullptr ? nullptr : fields->if_contains("state");
  const json::value* users = fields == nullptr ? nullptr : fields->if_contains("users");
  if (state == nullptr || !state->is_string() || users == nullptr || !users->is_number()) {
    return absl::InternalError("'run' of the run: state and users must be there");
  }

  JsonWriter out = Compact();
  out.BeginObject().Key("stats").BeginArray();
  std::vector<TableRow> rows = stats.Rows();
  rows.resize(std::min(rows.size(), kRowsMax), stats.Total());
  for (const TableRow& row : rows) {
    PutStats(row, row.Text("method"), row.Text("name"), &out);
  }
  const TableRow total = stats.Total();
  PutStats(total, "", "Aggregated", &out);
  out.EndArray().Key("errors").BeginArray();
  std::vector<TableRow> errors = failures.Rows();
  errors.resize(std::min(errors.size(), kRowsMax), stats.Total());
  for (const TableRow& row : errors) {
    PutFailure(row, &out);
  }
  out.EndArray();
  // Locust calls so what is of the last ten seconds.
  for (const char* name : {"total_rps", "current_rps"}) {
    out.Field(name, total.Number("current_rps"));
  }
  for (const char* name : {"total_fail_per_sec", "current_fail_per_sec"}) {
    out.Field(name, total.Number("current_failures_ps"));
  }
  const double requests = total.Number("requests");
  out.Field("fail_ratio", requests > 0 ? total.Number("failures") / requests : 0.0);
  PutPercentiles(source, &out);
  const std::string_view name = LocustState(View(state->get_string()));
  out.Field("state", name == "running" && IsSpawning(*fields) ? "spawning" : name);
  out.Field("user_count", users->to_number<double>());
  PutWorkers(agents, &out);
  out.EndObject();
  return out.Take();
}

std::string LocustNoRequests() {
  JsonWriter out = Compact();
  const json::array nothing;
  out.BeginObject().Key("stats").BeginArray();
  PutStats(TableRow(&nothing, &nothing), "", "Aggregated", &out);
  out.EndArray().Key("errors").BeginArray().EndArray();
  for (const char* name :
       {"total_rps", "current_rps", "total_fail_per_sec", "current_fail_per_sec", "fail_ratio"}) {
    out.Field(name, 0.0);
  }
  PutPercentiles({}, &out);
  out.Field("state", LocustStateName(std::nullopt)).Field("user_count", 0);
  out.Key("workers").BeginArray().EndArray().Field("worker_count", 0).EndObject();
  return out.Take();
}

absl::StatusOr<std::string> LocustExceptions(std::string_view exceptions) {
  SQUALL_ASSIGN_OR_RETURN(const PieceTable table, PieceTable::Parse("exceptions", exceptions));
  JsonWriter out = Compact();
  out.BeginObject().Key("exceptions").BeginArray();
  for (const TableRow& row : table.Rows()) {
    out.BeginObject().Field("count", row.Number("count")).Field("msg", row.Text("message"));
    out.Field("traceback", row.Text("traceback")).Field("nodes", row.Text("agents")).EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

absl::StatusOr<std::string> LocustTasks(std::string_view tasks) {
  SQUALL_ASSIGN_OR_RETURN(const json::value value, ParsePiece("tasks", tasks));
  JsonWriter out = Compact();
  out.BeginObject().Key("per_class");
  PutShares(value, -1, &out);
  out.Key("total");
  PutShares(value, 1, &out);
  out.EndObject();
  return out.Take();
}

std::string LocustLogs(const std::vector<EventRecord>& events) {
  JsonWriter out = Compact();
  out.BeginObject().Key("master").BeginArray();
  for (const EventRecord& event : events) {
    out.Value(fmt::format("[{}] {}", FormatUtcMillis(event.at), event.text));
  }
  out.EndArray().Key("workers").BeginObject().EndObject().EndObject();
  return out.Take();
}

std::string LocustAnswer(bool success, std::string_view message, std::string_view host) {
  JsonWriter out = Compact();
  out.BeginObject().Field("success", success).Field("message", message);
  out.Field("host", host).EndObject();
  return out.Take();
}

std::string LocustStarted(std::string_view message, std::string_view host,
                          const StartRequest& start) {
  JsonWriter out = Compact();
  out.BeginObject().Field("success", true).Field("message", message).Field("host", host);
  if (start.settings.run_time.has_value()) {
    out.Field("run_time", ToSeconds(*start.settings.run_time));
  }
  if (!start.user_classes.empty()) {
    out.Key("user_classes").BeginArray();
    for (const std::string& name : start.user_classes) {
      out.Value(name);
    }
    out.EndArray();
  }
  out.EndObject();
  return out.Take();
}

}  // namespace squall
