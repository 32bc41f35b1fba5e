// The JSON Schema (draft 2020-12) of the plan, for editors: the text of plan.schema.json. A test
// holds it and ParsePlan to the same keys.
#pragma once

#include <string>

namespace squall {

// Always valid JSON, one trailing newline.
std::string PlanJsonSchema();

}  // namespace squall
