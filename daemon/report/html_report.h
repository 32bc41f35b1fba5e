// The HTML report: one file that shows a finished run as the live page does, and needs neither a
// server nor a network. It is the web app (web/bundle.h) with its script and style sheet inside,
// and the view of the run (view_json.h) as gzip in base64, which no name or error text can leave.
// Without JavaScript, or in a build without the app, it says the verdict and the totals.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/report/report.h"

namespace squall {

std::string HtmlReport(const RunReport& report);
// Of a view that was stored; what is not JSON makes a page without figures.
std::string HtmlReportOf(std::string_view view_json);

}  // namespace squall
