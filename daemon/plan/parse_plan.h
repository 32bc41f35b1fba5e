// YAML -> Plan. Files are read by the caller through PlanSource, so tests and fuzzers need none.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/json_schema.h"  // IWYU pragma: export
#include "daemon/plan/plan.h"

namespace squall {

// One YAML document of the user, in merge order: later ones win, maps merge deeply, lists replace.
struct PlanText {
  std::string file;  // for messages
  std::string text;
};

struct PlanInputs {
  std::vector<PlanText> texts;
  std::vector<std::string> sets;                   // "service.timeout_seconds=5", applied last
  std::map<std::string, std::string> environment;  // for ${NAME}, ${NAME:-default}
  // Reads a file that the plan names (data, certificates). The path has the folder of the text that
  // names it in front already, so it is relative to the same directory as PlanText::file. NOT_FOUND
  // and the like become errors at the place that names it. Empty function: such keys are refused.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
};

// One thing wrong with the plan.
struct PlanError {
  SourceMark mark;
  std::string path;              // "load_profile.stages[1].users"
  std::string message;           // "must be a whole number, got 'ten'"
  std::string ToString() const;  // "plan.yaml:14:9: load_profile.stages[1].users: must …"
};

struct PlanResult {
  Plan plan;                      // meaningful only when `errors` is empty
  std::vector<PlanError> errors;  // at most 20, in the order of the text
  std::vector<std::string> warnings;
};

// Never fails otherwise: every problem is in `errors`. PRODUCT_SERVICE_URL in the environment wins
// over service.base_url of the texts; `sets` win over both.
PlanResult ParsePlan(const PlanInputs& inputs);

// A seed-style document without users (only service, load_profile, scenario_weights, test_data) is
// fine as one of several files; ParsePlan reports "users: must …" when the merged plan has none.

}  // namespace squall
