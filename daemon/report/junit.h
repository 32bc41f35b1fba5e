// JUnit XML, the form in which CI systems show tests: one test case for the verdict, for each
// threshold and for each (request name, check). A pure function.
#pragma once

#include <string>
#include <string_view>

#include "daemon/report/report.h"

namespace squall {

// INVALID is an error (the test did not work), FAIL and a failed threshold or check a failure.
std::string JunitReport(const RunReport& report);

// Text for an XML attribute or element: escaped, and what XML 1.0 forbids becomes U+FFFD.
std::string XmlText(std::string_view text);

}  // namespace squall
