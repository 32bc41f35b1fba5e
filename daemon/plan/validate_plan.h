// What a plan must be as a whole, wherever it came from: the text or the wire. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/plan/parse_plan.h"
#include "daemon/plan/plan.h"

namespace squall {

// Errors: no class that can occur, a class without a task that can run. Warnings: classes that
// never occur, fixed counts above the peak of the load. Adds to both.
void ValidatePlan(const Plan& plan, std::vector<PlanError>* errors,
                  std::vector<std::string>* warnings);

}  // namespace squall
