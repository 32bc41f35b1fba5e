// From a LoadTest and the text of its plan to what agents are told. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/plan/parse_plan.h"
#include "daemon/plan/run_settings.h"
#include "operator/loadtest/load_test.h"

namespace squall {

struct PlanOfTest {
  Plan plan;
  RunSettings settings;
  // Of the plan's thresholds, in their order: the name in the spec, or the threshold's own text.
  std::vector<std::string> threshold_names;
  // At most 20, one a line, with places: "plan.yaml:3:7: users[0].tasks: must …". Empty: it is
  // fine.
  std::vector<std::string> errors;
};

// `text` is the plan's YAML. spec.profile takes the place of its load_profile, spec.target.host
// that of its base URL; spec.thresholds come on top. ${NAME} and PRODUCT_SERVICE_URL are those of
// spec.agents.env.
// `read_file` as in PlanInputs.
PlanOfTest ReadPlanOf(
    const LoadTest& test, const std::string& text,
    std::function<absl::StatusOr<std::string>(const std::string& path)> read_file = nullptr);

// spec.profile as a plan's load_profile: "usersPerStep" becomes users_per_step, and a stage without
// spawnRate moves evenly over its time. Empty when it has nothing but an override.
boost::json::object LoadProfileOf(const boost::json::object& profile);

// "2/3 steady" of a profile with stages, at `elapsed`; "" without stages, or after the last.
std::string StageAt(const boost::json::object& profile, Nanos elapsed, size_t* index, Nanos* ends);

}  // namespace squall
