// From a plan to what the start form offers, and from what was chosen in the form to a RunOrder.
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/gateway/active_run.h"
#include "daemon/gateway/run_host.h"
#include "daemon/plan/parse_plan.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/run_settings.h"

namespace squall {

// A plan that a host starts when asked to by name.
struct OfferedPlan {
  PlanOffer offer;
  Plan plan;
  RunSettings settings;  // of the command line: hold where a request says nothing
};

// `settings` that the plan cannot take are left out: its start will say why.
PlanOffer OfferOf(const Plan& plan, const RunSettings& settings);

// INVALID_ARGUMENT says what must be different; for a plan's text as RunOrderFromProto. Of a
// locustfile, user classes, tags and options are checked but left to whoever makes its process.
absl::StatusOr<RunOrder> OrderFromRequest(const StartRequest& request,
                                          const std::vector<OfferedPlan>& offered);

// INVALID_ARGUMENT lists all errors of a plan, a line each, as `squall validate` does. Environment
// variables of the server are none of the plan's business: ${NAME} must have a default.
absl::StatusOr<Plan> ParseForeignPlan(const PlanInputs& inputs, std::vector<std::string>* warnings);

// `over` wins where it says something.
RunSettings LaidOver(const RunSettings& over, const RunSettings& base);

}  // namespace squall
