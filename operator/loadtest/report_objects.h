// The report of a run as an object of the API server, which holds a mebibyte at most. Pure; any
// thread.
#pragma once

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "daemon/report/report.h"
#include "operator/loadtest/load_test.h"

namespace squall {

// A ConfigMap with the formats that the test asks for: report.json, stats.csv and failures.csv,
// junit.xml. What is long is compressed (report.json.gz). RESOURCE_EXHAUSTED when it does not fit
// even so.
absl::StatusOr<boost::json::object> ReportObject(const LoadTest& test, const RunReport& report);

}  // namespace squall
