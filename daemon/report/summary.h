// What a run prints when it has ended: Locust's tables, then our own blocks, the verdict last,
// where the eye falls. Pure functions; every line ends with a newline.
#pragma once

#include <string>

#include "daemon/report/report.h"
#include "daemon/report/table.h"

namespace squall {

// The tables of table.h and Summary below them.
std::string FinalReport(const RunReport& report, const TableStyle& style);

// Task errors, checks, thresholds with their observed values, notes on the load (dropped
// iterations, warm-up), the health of the generator, warnings and the verdict with its reasons.
// Blocks without content are left out.
std::string Summary(const RunReport& report, const TableStyle& style);

}  // namespace squall
