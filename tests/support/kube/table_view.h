// Objects as the rows that `kubectl get` prints: the server picks the columns. Pure.
#pragma once

#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "daemon/base/clock.h"
#include "tests/support/kube/api_request.h"
#include "tests/support/kube/resource_table.h"

namespace squall {

bool WantsTable(const ApiRequest& request);

// A meta.k8s.io/v1 Table of an object or a list of `type`, with the columns of the CRD, or of the
// few built-in types that have some here; NAME and AGE for the rest.
boost::json::object TableOf(const FakeResource& type, const boost::json::object& shown,
                            WallTime now);

// The first thing at a JSONPath as CRDs use them: ".status.phase",
// ".status.conditions[?(@.type=="Passed")].status"; nullptr when there is none.
const boost::json::value* JsonPath(const boost::json::object& object, std::string_view path);

}  // namespace squall
