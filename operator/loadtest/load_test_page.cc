#include "operator/loadtest/load_test_page.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "operator/kube/api/kube_time.h"

namespace squall {
namespace {

namespace json = boost::json;

// Of spec.profile, besides the users over time; these stay when stages take their place.
constexpr std::string_view kNotOfTheLoad[] = {"gracefulStopSeconds", "warmUp", "coolDown"};

RunState StateOf(std::string_view phase) {
  return phase == kPhaseRunning     ? RunState::kRunning
         : phase == kPhasePaused    ? RunState::kPaused
         : phase == kPhaseStopping  ? RunState::kStopping
         : phase == kPhaseSucceeded ? RunState::kFinished
         : phase == kPhaseFailed    ? RunState::kFailed
                                    : RunState::kPrepared;
}

std::optional<WallTime> TimeAt(const json::object& status, std::string_view path) {
  const auto time = ParseKubeTime(StringAt(status, path));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// The CRD takes at most three digits behind the point, and nothing below the last of them.
std::string Decimal(double number) {
  std::string text = fmt::format("{:.3f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

std::string SpawnRate(double rate) { return Decimal(std::max(rate, 0.001)); }

json::object ProfilePatch(json::object profile) {
  return {{"spec", json::object{{"profile", std::move(profile)}}}};
}

void ReadConditions(const LoadTest& test, RunSummary* summary) {
  const json::object* complete = ConditionOf(test.object, "Complete");
  const json::object* failed = ConditionOf(test.object, "Failed");
  const json::object* passed = ConditionOf(test.object, "Passed");
  for (const json::object* end : {complete, failed}) {
    if (end != nullptr && StringAt(*end, "status") == "True") {
      summary->stop_reason = StringAt(*end, "message");
    }
  }
  if (passed == nullptr || !IsOver(PhaseOf(test))) {
    return;
  }
  const std::string status = StringAt(*passed, "status");
  summary->verdict = status == "True"    ? Verdict::kPass
                     : status == "False" ? Verdict::kFail
                                         : Verdict::kInvalid;
  if (status != "True") {
    summary->reasons.push_back(StringAt(*passed, "message"));
  }
}

}  // namespace

std::string ShownRunId(const LoadTest& test) {
  return fmt::format("{}:{}:{}", test.key.ns, test.key.name, test.run_id);
}

ObjectKey KeyOfShownId(std::string_view run_id) {
  const size_t first = run_id.find(':');
  const size_t second = first == run_id.npos ? first : run_id.find(':', first + 1);
  if (second == run_id.npos) {
    return {};
  }
  return {std::string(run_id.substr(0, first)),
          std::string(run_id.substr(first + 1, second - first - 1))};
}

RunSummary SummaryOf(const LoadTest& test) {
  RunSummary summary;
  summary.run_id = ShownRunId(test);
  summary.plan_name = test.key.ToString();
  summary.state = StateOf(PhaseOf(test));
  if (PhaseOf(test).empty()) {
    return summary;  // the status is an earlier run's
  }
  summary.plan_digest = StringAt(test.status, "plan.hash");
  summary.started_at = TimeAt(test.status, "startTime");
  summary.ended_at = TimeAt(test.status, "completionTime");
  summary.users = static_cast<uint64_t>(IntAt(test.status, "profile.currentUsers"));
  summary.requests = static_cast<uint64_t>(IntAt(test.status, "summary.requests"));
  summary.failures = static_cast<uint64_t>(IntAt(test.status, "summary.failures"));
  if (IsOver(PhaseOf(test))) {
    summary.users = 0;
  }
  ReadConditions(test, &summary);
  return summary;
}

RunView ViewOfWaiting(const LoadTest& test) {
  RunView view;
  view.summary = SummaryOf(test);
  view.host = test.target_host;
  const std::string revision = ResourceVersion(test.object);
  std::from_chars(revision.data(), revision.data() + revision.size(), view.version);
  view.version = std::max<uint64_t>(view.version, 1);
  return view;
}

json::object LoadPatch(const LoadRequest& load) {
  if (load.clear) {
    return ProfilePatch({{"override", nullptr}});
  }
  json::object wish = {{"users", nullptr}, {"spawnRate", nullptr}, {"arrivalFactor", nullptr}};
  if (load.arrival_factor.has_value()) {
    wish["arrivalFactor"] = Decimal(*load.arrival_factor);
  } else {
    wish["users"] = load.users.value_or(0);
    wish["spawnRate"] = SpawnRate(load.spawn_rate);
  }
  return ProfilePatch({{"override", std::move(wish)}});
}

json::object StagesPatch(const LoadTest& test, const std::vector<Stage>& stages) {
  json::object profile = {{"override", nullptr}};
  for (const auto& [key, value] : test.profile) {
    if (std::find(std::begin(kNotOfTheLoad), std::end(kNotOfTheLoad), std::string_view(key)) ==
        std::end(kNotOfTheLoad)) {
      profile[key] = nullptr;
    }
  }
  json::array list;
  for (const Stage& stage : stages) {
    list.push_back(json::object{{"duration", FormatKubeDuration(stage.duration)},
                                {"users", stage.users},
                                {"spawnRate", SpawnRate(stage.spawn_rate)}});
  }
  profile["stages"] = std::move(list);
  return ProfilePatch(std::move(profile));
}

json::object DesiredStatePatch(DesiredState state) {
  return {{"spec", json::object{{"desiredState", state == DesiredState::kPaused    ? "Paused"
                                                 : state == DesiredState::kStopped ? "Stopped"
                                                                                   : "Running"}}}};
}

}  // namespace squall
