#include "daemon/plan/parse_plan.h"

#include <fmt/format.h>

#include "daemon/plan/environment.h"
#include "daemon/plan/merge.h"
#include "daemon/plan/override.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/validate_plan.h"
#include "daemon/plan/yaml_document.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

constexpr size_t kErrorsMax = 20;
constexpr char kUrlVariable[] = "PRODUCT_SERVICE_URL";

// What messages call the texts, then the environment, then the overrides; marks hold the index.
std::vector<std::string> SourceNames(const PlanInputs& inputs) {
  std::vector<std::string> names;
  for (const PlanText& text : inputs.texts) {
    names.push_back(text.file);
  }
  names.emplace_back(kUrlVariable);
  for (const std::string& set : inputs.sets) {
    names.push_back("--set " + Shown(set.substr(0, set.find('='))));  // the value may be a secret
  }
  return names;
}

// Returns false when a text is no YAML at all, so that the plan's keys would only look missing.
bool ReadTexts(const PlanInputs& inputs, YamlNode* root, Problems* problems) {
  bool readable = true;
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    YamlDocument document = ReadYaml(inputs.texts[i].text, static_cast<int>(i));
    readable = readable && document.complete;
    ExpandEnvironment(&document.root, inputs.environment, &document.problems);
    for (YamlProblem& problem : document.problems) {
      problems->Add(problem.mark, std::move(problem.path), std::move(problem.message));
    }
    if (!document.root.IsMap() && !document.root.IsNull()) {
      problems->Add(
          {&document.root, ""},
          fmt::format("must be a map with the keys of a plan, got {}", Describe(document.root)));
      readable = false;
    } else if (i == 0) {
      *root = std::move(document.root);
    } else if (document.root.IsMap()) {
      MergeYaml("", root, std::move(document.root));
    }
  }
  return readable;
}

void ApplyUrlVariable(const PlanInputs& inputs, YamlNode* root) {
  const auto url = inputs.environment.find(kUrlVariable);
  if (url == inputs.environment.end() || url->second.empty()) {
    return;
  }
  const TextMark mark{static_cast<int>(inputs.texts.size()), 0, 0};
  YamlNode value{
      .kind = YamlNode::Kind::kScalar, .quoted = true, .mark = mark, .text = url->second};
  YamlNode service{.kind = YamlNode::Kind::kMap, .mark = mark};
  service.entries.push_back({"base_url", mark, std::move(value)});
  YamlNode top{.kind = YamlNode::Kind::kMap, .mark = mark};
  top.entries.push_back({"service", mark, std::move(service)});
  MergeYaml("", root, std::move(top));
}

void ApplySets(const PlanInputs& inputs, YamlNode* root, Problems* problems) {
  for (size_t i = 0; i < inputs.sets.size(); ++i) {
    std::vector<YamlProblem> found;
    ApplyOverride(inputs.sets[i], static_cast<int>(inputs.texts.size() + 1 + i), inputs.environment,
                  root, &found);
    for (YamlProblem& problem : found) {
      problems->Add(problem.mark, std::move(problem.path), std::move(problem.message));
    }
  }
}

// Top to bottom; test_data before users, because picks ask for the order of their data.
Plan ReadSections(const Place& place, Reading* reading) {
  Plan plan;
  Fields fields(place, reading->problems);
  fields.FilledText("name", &plan.name);
  fields.Whole("seed", {}, &plan.seed);
  fields.Span("stop_timeout", SpanRule::kAny, &plan.stop_timeout);
  if (const auto service = fields.Find("service")) {
    plan.service = ParseService(*service, reading);
  }
  if (const auto profile = fields.Find("load_profile")) {
    plan.load_profile = ParseLoadProfile(*profile, reading);
  }
  const auto weights = fields.Find("scenario_weights");
  if (const auto data = fields.Find("test_data")) {
    plan.test_data = ParseTestData(*data, reading);
  }
  if (const auto users = fields.Find("users")) {
    plan.users = ParseUsers(*users, reading);
  } else {
    reading->problems->Add(place,
                           "must have the key 'users': the classes of users and their tasks");
  }
  if (weights && !plan.users.empty()) {
    ApplyScenarioWeights(*weights, &plan.users, reading);
  }
  if (const auto thresholds = fields.Find("thresholds")) {
    plan.thresholds = ParseThresholds(*thresholds, plan.users, reading);
  }
  if (const auto outputs = fields.Find("outputs")) {
    plan.outputs = ParseOutputs(*outputs, reading);
  }
  reading->variables.Check(plan.test_data, reading->problems);
  return plan;
}

}  // namespace

std::string PlanError::ToString() const {
  std::string text = mark.file;
  if (mark.line > 0) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ":", mark.line, mark.column);
  }
  if (!path.empty()) {
    text += fmt::format("{}{}", text.empty() ? "" : ": ", path);
  }
  return fmt::format("{}{}{}", text, text.empty() ? "" : ": ", message);
}

PlanResult ParsePlan(const PlanInputs& inputs) {
  PlanResult result;
  Problems problems(SourceNames(inputs));
  YamlNode root;
  root.mark = {0, 1, 1};
  if (ReadTexts(inputs, &root, &problems)) {
    if (root.IsNull()) {
      root.kind = YamlNode::Kind::kMap;
    }
    ApplyUrlVariable(inputs, &root);
    ApplySets(inputs, &root, &problems);
    Reading reading{.inputs = &inputs, .problems = &problems};
    result.plan = ReadSections({&root, ""}, &reading);
  }
  const bool complete = problems.count() == 0;
  result.errors = problems.TakeErrors(kErrorsMax);
  result.warnings = problems.TakeWarnings();
  if (complete) {
    ValidatePlan(result.plan, &result.errors, &result.warnings);
  }
  return result;
}

}  // namespace squall
