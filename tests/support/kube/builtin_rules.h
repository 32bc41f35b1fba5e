// The little of the core types that an operator meets: defaults of pods and services, what may not
// change in a pod, and what events and leases must have. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"

namespace squall {

// `ordinal` picks a service's cluster address.
void DefaultBuiltin(std::string_view kind, uint64_t ordinal, boost::json::object* object);
std::vector<ApiCause> CheckBuiltin(std::string_view kind, const boost::json::object& object);
std::vector<ApiCause> CheckBuiltinChange(std::string_view kind, const boost::json::object& live,
                                         const boost::json::object& next);

// Events are stored as events.k8s.io has them; core v1 has other names for the same fields.
boost::json::object EventAsCore(const boost::json::object& event);
boost::json::object EventFromCore(const boost::json::object& event);

}  // namespace squall
