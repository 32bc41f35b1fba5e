// A page of its own with the tables of a run: requests, failures, exceptions. Needs no network.
#pragma once

#include <string>

#include "daemon/report/report.h"

namespace squall {

std::string HtmlReport(const RunReport& report);

}  // namespace squall
