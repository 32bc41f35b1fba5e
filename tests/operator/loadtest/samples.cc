#include "tests/operator/loadtest/samples.h"

#include "daemon/base/check.h"
#include "operator/kube/api/kube_time.h"
#include "tests/support/kube/yaml_json.h"

namespace squall {

namespace json = boost::json;

WallTime SomeTime() { return *ParseKubeTime("2026-11-25T03:00:00Z"); }

json::object Yaml(const std::string& text) {
  auto value = YamlToJson(text);
  SQUALL_CHECK(value.ok());
  SQUALL_CHECK(value->is_object());
  return value->get_object();
}

json::object SomeObject(const std::string& spec, const std::string& status) {
  json::object object = NewObject(kLoadTests, {"team-a", "peak"});
  json::object& metadata = object["metadata"].as_object();
  metadata["uid"] = kSomeUid;
  metadata["generation"] = 3;
  metadata["resourceVersion"] = "41";
  object["spec"] = Yaml(spec);
  object["status"] = Yaml(status);
  return object;
}

LoadTest SomeTest(const std::string& spec, const std::string& status) {
  return ReadLoadTest(SomeObject(spec, status));
}

RunReport SomeReport(const std::string& stop_reason) {
  RunReport report;
  report.run_id = "run";
  report.plan_name = "shop";
  report.version = "1.2.3";
  report.started_at = SomeTime();
  report.ended_at = SomeTime() + std::chrono::hours(1);
  report.total.state = RunState::kFinished;
  report.total.elapsed = std::chrono::hours(1);
  report.total.stop_reason = stop_reason;
  EntryStats& entry = report.total.entries[{RunPhase::kMeasured, "Buy", "GET"}];
  entry.requests = 10;
  return report;
}

}  // namespace squall
