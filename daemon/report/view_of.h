// A finished run as the page shows it. Pure function.
#pragma once

#include "daemon/report/report.h"
#include "daemon/report/run_view.h"

namespace squall {

// The figures are those of the report; rates are those of the whole run.
RunView ViewOf(const RunReport& report);

}  // namespace squall
