// The form of the web page for a locustfile: what it shows of the file, and what squall-python gets
// of the choice. Pure functions.
#pragma once

#include <string>

#include "daemon/gateway/run_host.h"
#include "daemon/script/script_description.h"

namespace squall {

// What was chosen, as squall-python reads it (daemon/python/locust/_form.py); "" = nothing.
std::string ChosenJson(const StartRequest& request);
// The locustfile as the form shows it. `offer` has what follows from its plan.
void DescribeScript(const ScriptDescription& told, PlanOffer* offer);

}  // namespace squall
