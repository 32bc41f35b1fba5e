#include "operator/loadtest/load_test_metrics.h"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>

#include "operator/kube/api/object.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 10> kPhases = {
    "Pending", "Suspended", "Scheduled", "Preparing", "Starting",
    "Running", "Paused",    "Stopping",  "Succeeded", "Failed"};

MetricGroup Gauge(std::string name, std::string help) {
  return {MetricGroup::Type::kGauge, std::move(name), std::move(help), {}};
}

MetricLabels LabelsOf(const json::object& test) {
  return {{"namespace", Namespace(test)}, {"name", Name(test)}};
}

// One sample for each field of the status that is there: its value is the label `label`.
void AddFields(const json::object& test, std::string_view path, const std::string& label,
               std::initializer_list<std::pair<std::string_view, std::string_view>> fields,
               MetricGroup* group) {
  const json::object* status = ObjectAt(test, path);
  if (status == nullptr) {
    return;
  }
  for (const auto& [field, value] : fields) {
    if (FindIn(*status, field) == nullptr) {
      continue;
    }
    MetricSample sample{LabelsOf(test), NumberAt(*status, field), {}};
    sample.labels.emplace_back(label, value);
    group->samples.push_back(std::move(sample));
  }
}

void AddThresholds(const json::object& test, MetricGroup* group) {
  const json::array* thresholds = ArrayAt(test, "status.thresholds");
  for (const json::value& item : thresholds == nullptr ? json::array() : *thresholds) {
    if (!item.is_object()) {
      continue;
    }
    const std::string result = StringAt(item.get_object(), "result");
    if (result != "Passed" && result != "Failed") {
      continue;  // not known yet is neither
    }
    MetricSample sample{LabelsOf(test), result == "Passed" ? 1.0 : 0.0, {}};
    sample.labels.emplace_back("threshold", StringAt(item.get_object(), "name"));
    group->samples.push_back(std::move(sample));
  }
}

}  // namespace

std::vector<MetricGroup> MetricsOf(const std::vector<ObjectPtr>& load_tests) {
  MetricGroup runs = Gauge("loadtest_runs", "LoadTests, by phase");
  MetricGroup phases = Gauge("loadtest_phase", "1, with the phase that a LoadTest is in");
  MetricGroup agents = Gauge("loadtest_agents", "Agents of a LoadTest, by state");
  MetricGroup users = Gauge("loadtest_users", "Users of a LoadTest: wanted, and there");
  MetricGroup skew =
      Gauge("loadtest_start_skew_seconds", "Between the first agent that started and the last");
  MetricGroup thresholds =
      Gauge("loadtest_threshold_passed", "1: the threshold holds, 0: it does not");
  std::map<std::string, double, std::less<>> by_phase;
  for (const ObjectPtr& test : load_tests) {
    std::string phase = StringAt(*test, "status.phase");
    if (phase.empty()) {
      phase = "Pending";  // not looked at yet
    }
    by_phase[phase] += 1;
    MetricSample in_phase{LabelsOf(*test), 1, {}};
    in_phase.labels.emplace_back("phase", phase);
    phases.samples.push_back(std::move(in_phase));
    AddFields(
        *test, "status.agents", "state",
        {{"desired", "desired"}, {"ready", "ready"}, {"running", "running"}, {"lost", "lost"}},
        &agents);
    AddFields(*test, "status.profile", "kind",
              {{"targetUsers", "target"}, {"currentUsers", "current"}}, &users);
    if (Find(*test, "status.agents.startSkewMilliseconds") != nullptr) {
      skew.samples.push_back(
          {LabelsOf(*test), NumberAt(*test, "status.agents.startSkewMilliseconds") / 1000, {}});
    }
    AddThresholds(*test, &thresholds);
  }
  for (const std::string_view phase : kPhases) {
    const auto found = by_phase.find(phase);
    runs.samples.push_back(
        {{{"phase", std::string(phase)}}, found == by_phase.end() ? 0 : found->second, {}});
  }
  return {std::move(runs),  std::move(phases), std::move(agents),
          std::move(users), std::move(skew),   std::move(thresholds)};
}

}  // namespace squall
