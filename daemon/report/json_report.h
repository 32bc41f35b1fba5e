// The report for programs. docs/report-json.md is its reference; a field never changes its meaning
// within one `version`, and new fields may appear. Pure functions.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace squall {

inline constexpr int kJsonReportVersion = 1;

// All of the report, pretty and in a fixed order.
std::string JsonReport(const RunReport& report);

}  // namespace squall
