// Text that claims to be a plan: ParsePlan must end, with a plan or with a few clear lines.
#include <cstdint>
#include <string>

#include "daemon/base/check.h"
#include "daemon/plan/parse_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  squall::PlanInputs inputs;
  inputs.texts.push_back({"fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size)});
  inputs.environment = {{"HOST", "http://localhost:1"}, {"EMPTY", ""}};
  inputs.read_file = [](const std::string& path) -> absl::StatusOr<std::string> {
    return path.ends_with(".csv") ? absl::StatusOr<std::string>("a,b\n1,2\n")
                                  : absl::NotFoundError("no such file");
  };
  const squall::PlanResult result = squall::ParsePlan(inputs);
  SQUALL_CHECK(result.errors.size() <= 20);
  for (const squall::PlanError& error : result.errors) {
    const std::string line = error.ToString();
    SQUALL_CHECK(!line.empty() && line.find('\n') == std::string::npos);
  }
  return 0;
}
