// The report of a run as an object of the API server, which holds a mebibyte at most. Pure; any
// thread.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "daemon/report/report.h"
#include "operator/loadtest/load_test.h"

namespace squall {

// A ConfigMap with the formats that the test asks for: report.json, stats.csv and failures.csv,
// junit.xml; and with view.json, for the web page, when there is room for it. What is long is
// compressed (report.json.gz). RESOURCE_EXHAUSTED when it does not fit even so.
absl::StatusOr<boost::json::object> ReportObject(const LoadTest& test, const RunReport& report);

// What such a ConfigMap holds of a format as RunHost names them: "json", "csv_stats",
// "csv_failures", "junit", "view". NOT_FOUND for others and for what the test did not ask for;
// INVALID_ARGUMENT for what cannot be unpacked.
absl::StatusOr<std::string> ReadReportObject(const boost::json::object& config_map,
                                             const std::string& format);

}  // namespace squall
