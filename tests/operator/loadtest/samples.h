// LoadTests, pods and reports as the tests of this room want them. Specs and statuses are written
// in YAML, as people write them.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "daemon/report/report.h"
#include "operator/loadtest/load_test.h"
#include "operator/loadtest/pod_view.h"

namespace squall {

inline constexpr char kSomeUid[] = "0f8c2a54-9d3e-4b6f-8a71-c2d5e6f70819";

// 2026-11-25T03:00:00Z.
WallTime SomeTime();
// The first document of the text; a text that is none is a bug of the test.
boost::json::object Yaml(const std::string& text);
// "team-a/peak", generation 3, with this spec and status.
boost::json::object SomeObject(const std::string& spec, const std::string& status = "{}");
LoadTest SomeTest(const std::string& spec, const std::string& status = "{}");
// A report of ten requests that ended an hour after SomeTime.
RunReport SomeReport(const std::string& stop_reason = "profile finished");

}  // namespace squall
