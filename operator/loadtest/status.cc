#include "operator/loadtest/status.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "daemon/base/units.h"
#include "operator/kube/api/kube_time.h"
#include "operator/loadtest/names.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr size_t kProblemsMax = 10;
constexpr size_t kMessageBytesMax = 4096;  // the CRD allows more; nobody reads it
// In the order in which people should read them.
constexpr const char* kConditions[] = {"PlanValid", "AgentsReady", "Started", "Progressing",
                                       "Complete",  "Failed",      "Passed",  "ResultsStored",
                                       "Ready",     "Reconciling", "Stalled"};

// At most so many bytes, and no half of a character at the end.
std::string Cut(const std::string& text) {
  size_t size = std::min(text.size(), kMessageBytesMax);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

std::string Milliseconds(Nanos time) { return fmt::format("{:.3f}", ToSeconds(time) * 1e3); }

json::object SummaryOf(const RunSeen& run, size_t top, WallTime now) {
  const double ratio =
      run.requests == 0 ? 0 : static_cast<double>(run.failures) / static_cast<double>(run.requests);
  json::object summary = {{"time", FormatKubeTime(now)},
                          {"requests", run.requests},
                          {"failures", run.failures},
                          {"failureRatio", fmt::format("{:.6f}", ratio)},
                          {"requestsPerSecond", fmt::format("{:.1f}", run.requests_per_second)},
                          {"p50Milliseconds", Milliseconds(run.p50)},
                          {"p95Milliseconds", Milliseconds(run.p95)},
                          {"p99Milliseconds", Milliseconds(run.p99)},
                          {"maxMilliseconds", Milliseconds(run.max)}};
  json::array endpoints;
  for (size_t i = 0; i < std::min(top, run.endpoints.size()); ++i) {
    const EndpointSeen& endpoint = run.endpoints[i];
    endpoints.push_back(json::object{{"method", endpoint.method},
                                     {"name", endpoint.name},
                                     {"requests", endpoint.requests},
                                     {"failures", endpoint.failures},
                                     {"p95Milliseconds", Milliseconds(endpoint.p95)}});
  }
  summary["endpoints"] = std::move(endpoints);
  return summary;
}

json::array ThresholdsOf(const RunSeen& run, const std::vector<std::string>& names,
                         const json::object& old, WallTime now) {
  json::array list;
  for (size_t i = 0; i < run.thresholds.size(); ++i) {
    const ThresholdResult& result = run.thresholds[i];
    const std::string name = i < names.size() ? names[i] : result.threshold.text;
    json::object entry = {{"name", name},
                          {"result", !result.observed.has_value() && !run.over ? "Unknown"
                                     : result.passed                           ? "Passed"
                                                                               : "Failed"},
                          {"observed", FormatObserved(result)}};
    if (entry["result"] == "Failed") {
      std::string since = FormatKubeTime(now);
      const json::array* before = ArrayAt(old, "thresholds");
      for (const json::value& item : before == nullptr ? json::array() : *before) {
        if (item.is_object() && StringAt(item.get_object(), "name") == name) {
          since = StringAt(item.get_object(), "failedTime", since);
        }
      }
      entry["failedTime"] = since;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

json::object AgentsOf(const Observation& seen, const json::object& status) {
  const LoadTest& test = seen.test;
  uint32_t current = 0;
  uint32_t ready = 0;
  json::array problems;
  for (const PodView& pod : seen.pods) {
    if (!pod.ours || pod.deleting || pod.over) {
      continue;
    }
    ++current;
    ready += pod.ready ? 1 : 0;
  }
  for (const PodView& pod : seen.pods) {
    if (pod.ours && !pod.reason.empty() && problems.size() < kProblemsMax) {
      problems.push_back(
          json::object{{"pod", pod.name}, {"reason", pod.reason}, {"message", pod.message}});
    }
  }
  json::object agents = {{"selector", SelectorOf(test.key.name)},
                         {"desired", test.agents.replicas},
                         {"current", current},
                         {"ready", ready},
                         {"readyOfDesired", fmt::format("{}/{}", ready, test.agents.replicas)},
                         {"problems", std::move(problems)}};
  if (seen.run.has_value()) {
    agents["running"] = seen.run->present.size();
    agents["lost"] = seen.run->lost.size();
    agents["startSkewMilliseconds"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(seen.run->start_skew).count();
  } else if (const json::object* old = ObjectAt(status, "agents"); old != nullptr) {
    for (const char* kept : {"running", "lost", "startSkewMilliseconds"}) {
      if (const json::value* value = old->if_contains(kept); value != nullptr) {
        agents[kept] = *value;
      }
    }
  }
  return agents;
}

std::map<std::string, StatusCondition> ConditionsOf(const Observation& seen,
                                                    const Decision& decision,
                                                    const StatusNotes& notes, bool same_run) {
  std::map<std::string, StatusCondition> conditions;
  for (const char* type : kConditions) {
    StatusCondition* condition = &conditions[type];
    const json::object* old = same_run ? ConditionOf(seen.test.object, type) : nullptr;
    *condition = old == nullptr
                     ? StatusCondition{"Unknown", "NotYet", ""}
                     : StatusCondition{StringAt(*old, "status"), StringAt(*old, "reason"),
                                       StringAt(*old, "message")};
    if (const auto now = decision.conditions.find(type); now != decision.conditions.end()) {
      *condition = now->second;
    }
  }
  if (!notes.report_name.empty()) {
    conditions["ResultsStored"] = {"True", "ReportWritten",
                                   fmt::format("ConfigMap {}", notes.report_name)};
  } else if (!notes.report_problem.empty()) {
    conditions["ResultsStored"] = {"False", "ReportTooLarge", notes.report_problem};
  }
  const bool over = IsOver(decision.phase);
  const bool collision = conditions["AgentsReady"].reason == "NameCollision";
  const bool failed = decision.phase == kPhaseFailed;
  conditions["Ready"] = over && !failed ? StatusCondition{"True", "Finished", ""}
                                        : StatusCondition{"False", decision.phase, ""};
  conditions["Reconciling"] =
      over ? StatusCondition{"False", "Finished", ""} : StatusCondition{"True", decision.phase, ""};
  conditions["Stalled"] =
      collision ? StatusCondition{"True", "NameCollision", conditions["AgentsReady"].message}
      : failed  ? StatusCondition{"True", conditions["Failed"].reason, ""}
                : StatusCondition{"False", "Moving", ""};
  return conditions;
}

json::array ConditionsToJson(const std::map<std::string, StatusCondition>& conditions,
                             const Observation& seen, bool same_run) {
  json::array list;
  for (const char* type : kConditions) {
    const StatusCondition& condition = conditions.at(type);
    const json::object* old = same_run ? ConditionOf(seen.test.object, type) : nullptr;
    const bool unchanged = old != nullptr && StringAt(*old, "status") == condition.status;
    const std::string message = Cut(condition.message);
    list.push_back(json::object{
        {"type", type},
        {"status", condition.status},
        {"reason", condition.reason},
        {"message", message},
        {"lastTransitionTime",
         unchanged ? StringAt(*old, "lastTransitionTime") : FormatKubeTime(seen.now)},
        {"observedGeneration", unchanged && StringAt(*old, "reason") == condition.reason &&
                                       StringAt(*old, "message") == message
                                   ? IntAt(*old, "observedGeneration")
                                   : seen.test.generation}});
  }
  return list;
}

bool FiguresAreDue(const Observation& seen, const json::object& old) {
  const auto last = ParseKubeTime(StringAt(old, "summary.time"));
  return !last.ok() || seen.now - *last >= seen.test.summary_period;
}

void ShowRun(const Observation& seen, const Decision& decision, const StatusNotes& notes,
             const json::object& old, json::object* status) {
  const RunSeen& run = *seen.run;
  if (run.started_at.has_value()) {
    (*status)["startTime"] = FormatKubeTime(*run.started_at);
  }
  json::object profile = {{"revision", seen.test.generation},
                          {"targetUsers", run.target_users},
                          {"currentUsers", run.users}};
  if (!decision.stage.empty()) {
    profile["stage"] = decision.stage;
    profile["stageIndex"] = decision.stage_index;
  }
  if (decision.stage_ends.has_value()) {
    profile["stageEndTime"] = FormatKubeTime(*decision.stage_ends);
  }
  (*status)["profile"] = std::move(profile);
  (*status)["summary"] = SummaryOf(run, seen.test.top_endpoints, seen.now);
  (*status)["thresholds"] = ThresholdsOf(run, notes.threshold_names, old, seen.now);
}

}  // namespace

json::object StatusOf(const Observation& seen, const Decision& decision, const StatusNotes& notes) {
  const LoadTest& test = seen.test;
  const bool same_run = StringAt(test.status, "runId") == test.run_id;
  const json::object old = same_run ? test.status : json::object();
  json::object status = old;
  status["observedGeneration"] = test.generation;
  status["phase"] = decision.phase;
  status["runId"] = test.run_id;
  if (decision.completed_at.has_value()) {
    status["completionTime"] = FormatKubeTime(*decision.completed_at);
  }
  status["conditions"] =
      ConditionsToJson(ConditionsOf(seen, decision, notes, same_run), seen, same_run);
  if (!notes.plan_hash.empty()) {
    status["plan"] = {{"hash", notes.plan_hash}, {"source", test.plan.Describe()}};
  }
  status["agents"] = AgentsOf(seen, old);
  if (!notes.report_name.empty()) {
    status["report"] = {{"configMapName", notes.report_name}};
  }
  const bool changed = status != old || StringAt(old, "profile.stage") != decision.stage;
  if (seen.run.has_value() && seen.run->started && (changed || FiguresAreDue(seen, old))) {
    ShowRun(seen, decision, notes, old, &status);
  }
  return status;
}

}  // namespace squall
