// An OpenAPI schema of a CRD at work: defaults, pruning, and validation in the server's words. It
// knows what structural schemas may hold, but no CEL: rules are the real server's business.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tests/support/kube/api_error.h"

namespace squall {

// Fills in what is absent and has a default.
void ApplyDefaults(const boost::json::object& schema, boost::json::value* value);

// Removes what the schema does not know, and returns the paths: "spec.usrs".
std::vector<std::string> PruneUnknown(const boost::json::object& schema, boost::json::value* value);

// One cause for each fault; empty when the value is as the schema wants it.
std::vector<ApiCause> Validate(const boost::json::object& schema, const boost::json::value& value);

}  // namespace squall
