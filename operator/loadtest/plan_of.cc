#include "operator/loadtest/plan_of.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "operator/kube/api/kube_time.h"

namespace squall {
namespace {

namespace json = boost::json;

// Numbers of the CRD that are text because floats are banned from specs.
constexpr std::string_view kDecimals[] = {"spawnRate", "baseSpawnRate", "spikeSpawnRate", "rate",
                                          "from"};
// Of the LoadTest, not of the plan.
constexpr std::string_view kNotOfThePlan[] = {"override", "gracefulStopSeconds"};

std::string Snake(std::string_view camel) {
  std::string snake;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      snake += '_';
      snake += static_cast<char>(c - 'A' + 'a');
    } else {
      snake += c;
    }
  }
  return snake;
}

json::value Number(const json::value& value) {
  if (!value.is_string()) {
    return value;
  }
  const json::string& text = value.get_string();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? json::value(number) : value;
}

json::value ToPlan(const json::value& value) {
  if (const json::array* list = value.if_array()) {
    json::array result;
    for (const json::value& item : *list) {
      result.push_back(ToPlan(item));
    }
    return result;
  }
  const json::object* map = value.if_object();
  if (map == nullptr) {
    return value;
  }
  json::object result;
  for (const auto& [key, item] : *map) {
    const bool decimal = std::find(std::begin(kDecimals), std::end(kDecimals),
                                   std::string_view(key)) != std::end(kDecimals);
    // maxUsers is max_users in the plan, too.
    result[Snake(key)] = decimal ? Number(item) : ToPlan(item);
  }
  return result;
}

json::array* StagesIn(json::object* profile) {
  json::value* found = profile->if_contains("stages");
  return found == nullptr ? nullptr : found->if_array();
}

// Stages have names here and none in a plan.
void DropNames(json::array* stages) {
  for (size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
    if (json::object* stage = (*stages)[i].if_object(); stage != nullptr) {
      stage->erase("name");
    }
  }
}

// Stages of users may leave the rate to us.
void CompleteStages(json::object* profile) {
  json::array* stages = StagesIn(profile);
  int64_t before = 0;
  for (size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
    json::object* stage = (*stages)[i].if_object();
    if (stage == nullptr) {
      continue;
    }
    const int64_t users = IntAt(*stage, "users");
    if (!stage->contains("spawn_rate")) {
      const auto duration = ParseKubeDuration(StringAt(*stage, "duration"));
      const double seconds =
          duration.ok() ? std::max(std::chrono::duration<double>(*duration).count(), 0.001) : 1;
      const double distance = static_cast<double>(users > before ? users - before : before - users);
      (*stage)["spawn_rate"] = distance == 0 ? 1 : distance / seconds;
    }
    before = users;
  }
}

// A threshold of the spec in the plan's grammar.
struct ThresholdText {
  std::string selector;
  std::string rule;
};

ThresholdText TextOf(const json::object& threshold) {
  const std::string metric = StringAt(threshold, "metric");
  ThresholdText text;
  std::string aggregate = "rate";
  if (metric == "ResponseTime") {
    text.selector = "response_time";
    const std::string statistic = StringAt(threshold, "statistic");
    aggregate = statistic.starts_with('p') ? fmt::format("p({})", statistic.substr(1)) : statistic;
  } else if (metric == "FailureRatio") {
    text.selector = "failures";
  } else if (metric == "RequestRate") {
    text.selector = "requests";
  } else {
    text.selector = metric == "Failures" ? "failures" : "requests";
    aggregate = "count";
  }
  std::string only;
  for (const auto& [field, key] : {std::pair{"endpoint", "name"}, std::pair{"method", "method"}}) {
    if (const std::string value = StringAt(threshold, field); !value.empty()) {
      const char* quote = value.find(',') == std::string::npos ? "" : "\"";
      only += fmt::format("{0}{1}:{2}{3}{2}", only.empty() ? "" : ",", key, quote, value);
    }
  }
  if (!only.empty()) {
    text.selector += fmt::format("{{{}}}", only);
  }
  const std::string op = StringAt(threshold, "operator");
  text.rule = fmt::format("{} {} {}", aggregate,
                          op == "LessThan"      ? "<"
                          : op == "LessOrEqual" ? "<="
                          : op == "GreaterThan" ? ">"
                                                : ">=",
                          StringAt(threshold, "value"));
  return text;
}

void AddThresholds(const LoadTest& test, PlanOfTest* result) {
  for (const Threshold& threshold : result->plan.thresholds) {
    result->threshold_names.push_back(threshold.text);
  }
  for (const json::value& item : test.thresholds) {
    const json::object* written = item.if_object();
    if (written == nullptr) {
      continue;
    }
    const std::string name = StringAt(*written, "name");
    const ThresholdText text = TextOf(*written);
    absl::StatusOr<Threshold> threshold = ParseThreshold(text.selector, text.rule);
    if (!threshold.ok()) {
      result->errors.push_back(
          fmt::format("spec.thresholds[{}]: {}", name, std::string(threshold.status().message())));
      continue;
    }
    threshold->abort_on_fail = BoolAt(*written, "abortOnFail");
    threshold->abort_delay = std::chrono::seconds(IntAt(*written, "delayAbortSeconds"));
    result->plan.thresholds.push_back(*std::move(threshold));
    result->threshold_names.push_back(name);
  }
}

// What the agents' containers are told in so many words; what comes from Secrets is not ours to
// read.
std::map<std::string, std::string> EnvironmentOf(const LoadTest& test) {
  std::map<std::string, std::string> environment;
  for (const json::value& item : test.agents.env) {
    const json::object* variable = item.if_object();
    if (variable != nullptr && !variable->contains("valueFrom")) {
      environment[StringAt(*variable, "name")] = StringAt(*variable, "value");
    }
  }
  return environment;
}

// For messages, and as the place from which the plan names its files.
std::string FileNameOf(const PlanSource& plan) {
  return plan.kind == PlanSource::Kind::kConfigMap ? plan.key
         : plan.kind == PlanSource::Kind::kVolume  ? plan.path
                                                   : "plan.yaml";
}

RunSettings SettingsOf(const LoadTest& test) {
  RunSettings settings;
  settings.host = test.target_host;
  settings.stop_timeout = test.graceful_stop;
  settings.control_loss_policy =
      test.agents.control_loss_stops ? ControlLossPolicy::kStop : ControlLossPolicy::kContinue;
  settings.control_loss_timeout = test.agents.control_loss_timeout;
  return settings;
}

}  // namespace

json::object LoadProfileOf(const json::object& profile) {
  json::object own;
  for (const auto& [key, value] : profile) {
    if (std::find(std::begin(kNotOfThePlan), std::end(kNotOfThePlan), std::string_view(key)) ==
        std::end(kNotOfThePlan)) {
      own[key] = value;
    }
  }
  json::object plan = ToPlan(own).get_object();
  DropNames(StagesIn(&plan));
  if (json::value* arrival = plan.if_contains("arrival"); arrival != nullptr) {
    DropNames(arrival->is_object() ? StagesIn(&arrival->get_object()) : nullptr);
  }
  CompleteStages(&plan);
  return plan;
}

PlanOfTest ReadPlanOf(
    const LoadTest& test, const std::string& text,
    std::function<absl::StatusOr<std::string>(const std::string& path)> read_file) {
  PlanOfTest result;
  PlanInputs inputs;
  inputs.read_file = std::move(read_file);
  inputs.environment = EnvironmentOf(test);
  inputs.texts.push_back({FileNameOf(test.plan), text});
  if (const json::object profile = LoadProfileOf(test.profile); !profile.empty()) {
    inputs.texts.push_back(
        {"spec.profile", json::serialize(json::object{{"load_profile", profile}})});
  }
  PlanResult read = ParsePlan(inputs);
  for (const PlanError& error : read.errors) {
    result.errors.push_back(error.ToString());
  }
  result.plan = std::move(read.plan);
  result.settings = SettingsOf(test);
  if (!result.errors.empty()) {
    return result;
  }
  AddThresholds(test, &result);
  Plan applied = result.plan;
  if (const absl::Status status = ApplyRunSettings(result.settings, &applied); !status.ok()) {
    result.errors.emplace_back(status.message());
  }
  return result;
}

std::string StageAt(const json::object& profile, Nanos elapsed, size_t* index, Nanos* ends) {
  const json::array* stages = ArrayAt(profile, "stages");
  Nanos end{0};
  for (size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
    const json::object* stage = (*stages)[i].if_object();
    const auto duration =
        ParseKubeDuration(stage == nullptr ? std::string() : StringAt(*stage, "duration"));
    end += duration.ok() ? *duration : Nanos(0);
    if (elapsed < end) {
      *index = i;
      *ends = end;
      const std::string name = StringAt(*stage, "name");
      return fmt::format("{}/{}{}{}", i + 1, stages->size(), name.empty() ? "" : " ", name);
    }
  }
  return "";
}

}  // namespace squall
