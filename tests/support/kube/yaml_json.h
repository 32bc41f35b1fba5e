// YAML as Kubernetes reads it, turned into JSON: CRD files, and the bodies of applies. Pure.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include <boost/json/value.hpp>

namespace squall {

// The first document. INVALID_ARGUMENT says line and column.
absl::StatusOr<boost::json::value> YamlToJson(const std::string& text);

}  // namespace squall
