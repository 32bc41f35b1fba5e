#include "daemon/gateway/host_json.h"

#include <optional>
#include <string>

#include "daemon/base/units.h"
#include "daemon/report/json_writer.h"
#include "daemon/report/text.h"
#include "daemon/stats/verdict.h"

namespace squall {
namespace {

template <typename Type>
void OrNull(std::string_view key, const std::optional<Type>& value, JsonWriter* json) {
  json->Key(key);
  value.has_value() ? json->Value(*value) : json->Null();
}

void TimeOrNull(std::string_view key, const std::optional<WallTime>& at, JsonWriter* json) {
  const std::string text = FormatUtcMillis(at.value_or(WallTime()));
  json->Key(key);
  text.empty() ? json->Null() : json->Value(text);
}

void SecondsOrNull(std::string_view key, const std::optional<Nanos>& span, JsonWriter* json) {
  json->Key(key);
  span.has_value() ? json->Value(ToSeconds(*span)) : json->Null();
}

void Texts(std::string_view key, const std::vector<std::string>& texts, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::string& text : texts) {
    json->Value(text);
  }
  json->EndArray();
}

void Planned(const std::vector<PlannedPoint>& planned, JsonWriter* json) {
  json->Key("planned").BeginArray();
  for (const PlannedPoint& point : planned) {
    json->BeginObject().Field("at", ToSeconds(point.at)).Field("users", point.users);
    json->Field("rate", point.rate).EndObject();
  }
  json->EndArray();
}

void Stages(const std::optional<std::vector<Stage>>& stages, JsonWriter* json) {
  json->Key("stages");
  if (!stages.has_value()) {
    json->Null();
    return;
  }
  json->BeginArray();
  for (const Stage& stage : *stages) {
    json->BeginObject().Field("duration_seconds", ToSeconds(stage.duration));
    json->Field("users", stage.users).Field("spawn_rate", stage.spawn_rate).EndObject();
  }
  json->EndArray();
}

void UserClasses(const std::vector<UserClassOffer>& classes, JsonWriter* json) {
  json->Key("user_classes").BeginArray();
  for (const UserClassOffer& user_class : classes) {
    json->BeginObject().Field("name", user_class.name).Field("weight", user_class.weight);
    OrNull("fixed_count", user_class.fixed_count, json);
    Texts("tasks", user_class.tasks, json);
    json->EndObject();
  }
  json->EndArray();
}

void Options(const std::vector<ScriptOptionOffer>& options, JsonWriter* json) {
  json->Key("options").BeginArray();
  for (const ScriptOptionOffer& option : options) {
    json->BeginObject().Field("name", option.name).Field("help", option.help);
    json->Field("value", option.secret ? std::string() : option.value);
    Texts("choices", option.choices, json);
    json->Field("flag", option.flag).Field("many", option.many);
    json->Field("secret", option.secret).Field("required", option.required).EndObject();
  }
  json->EndArray();
}

void Offer(const PlanOffer& plan, JsonWriter* json) {
  json->BeginObject().Field("name", plan.name);
  json->Field("kind", plan.script ? "locustfile" : "plan");
  json->Field("open_model", plan.open_model).Field("load", plan.load);
  json->Field("host", WithoutCredentials(plan.host));
  OrNull("users", plan.users, json);
  OrNull("spawn_rate", plan.spawn_rate, json);
  OrNull("arrival_rate", plan.arrival_rate, json);
  SecondsOrNull("run_time_seconds", plan.run_time, json);
  json->Field("has_shape", plan.has_shape);
  Planned(plan.planned, json);
  Stages(plan.stages, json);
  UserClasses(plan.user_classes, json);
  Texts("tags", plan.tags, json);
  Options(plan.options, json);
  Texts("only_tags", plan.only_tags, json);
  Texts("exclude_tags", plan.exclude_tags, json);
  OrNull("iterations", plan.iterations, json);
  json->Key("seed");  // a text, since JSON's numbers do not hold 64 bits
  plan.seed.has_value() ? json->Value(std::to_string(*plan.seed)) : json->Null();
  SecondsOrNull("stop_timeout_seconds", plan.stop_timeout, json);
  json->EndObject();
}

void RunItem(const RunSummary& run, JsonWriter* json) {
  json->BeginObject().Field("id", run.run_id).Field("plan", run.plan_name);
  json->Field("state", RunStateName(run.state));
  TimeOrNull("started_at", run.started_at, json);
  TimeOrNull("ended_at", run.ended_at, json);
  json->Key("verdict");
  run.verdict.has_value() ? json->Value(VerdictName(*run.verdict)) : json->Null();
  json->Field("users", run.users).Field("requests", run.requests);
  json->Field("failures", run.failures).Field("stop_reason", run.stop_reason).EndObject();
}

}  // namespace

std::string ServerJson(const HostAbilities& abilities, const std::vector<PlanOffer>& plans,
                       std::string_view instance, bool login) {
  JsonWriter json(JsonWriter::Style::kCompact);
  json.BeginObject().Field("version", abilities.version).Field("program", abilities.program);
  json.Key("can").BeginObject();
  json.Field("start", abilities.start).Field("start_text", abilities.start_text);
  json.Field("one_at_a_time", abilities.one_at_a_time).Field("scale", abilities.scale);
  json.Field("pause", abilities.pause).Field("stages", abilities.stages);
  json.Field("stop", abilities.stop).Field("remove", abilities.remove);
  json.Field("agents", abilities.agents).EndObject();
  json.Key("plans").BeginArray();
  for (const PlanOffer& plan : plans) {
    Offer(plan, &json);
  }
  json.EndArray().Field("instance", instance).Field("login", login).EndObject();
  return json.Take();
}

std::string RunItemJson(const RunSummary& run) {
  JsonWriter json(JsonWriter::Style::kCompact);
  RunItem(run, &json);
  return json.Take();
}

std::string RunListJson(const std::vector<RunSummary>& runs, const std::string& next_page) {
  JsonWriter json(JsonWriter::Style::kCompact);
  json.BeginObject().Key("runs").BeginArray();
  for (const RunSummary& run : runs) {
    RunItem(run, &json);
  }
  json.EndArray().Key("next_page");
  next_page.empty() ? json.Null() : json.Value(next_page);
  json.EndObject();
  return json.Take();
}

std::string HostAgentsJson(const std::vector<HostAgent>& agents) {
  JsonWriter json(JsonWriter::Style::kCompact);
  json.BeginObject().Key("agents").BeginArray();
  for (const HostAgent& agent : agents) {
    json.BeginObject().Field("id", agent.agent.agent_id).Field("name", agent.agent.name);
    json.Field("version", agent.agent.version).Field("shards", agent.agent.shards);
    json.Field("cpu_count", agent.agent.cpu_count).Field("address", agent.address);
    json.Key("run_id");
    agent.run_id.empty() ? json.Null() : json.Value(agent.run_id);
    TimeOrNull("joined_at", agent.joined_at, &json);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace squall
