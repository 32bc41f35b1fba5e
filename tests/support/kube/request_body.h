// Bodies of writes, read and checked for what every type asks. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tests/support/kube/api_request.h"

namespace squall {

inline constexpr std::string_view kJsonPatch = "application/json-patch+json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kStrategicPatch = "application/strategic-merge-patch+json";
inline constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

// The content type without its parameters.
std::string_view MediaType(const ApiRequest& request);

// JSON or YAML, by the content type; 400 when it is no object, 415 for another type.
ApiRefusal ReadObjectBody(const ApiRequest& request, boost::json::object* object);
ApiRefusal ReadPatchBody(const ApiRequest& request, boost::json::value* patch);
// YAML, whatever the type says; also that there is a field manager, and no managedFields.
ApiRefusal ReadApplyBody(const ApiRequest& request, boost::json::object* intent);
// An empty body is {}; gracePeriodSeconds and propagationPolicy of the query are taken over.
ApiRefusal ReadDeleteOptions(const ApiRequest& request, boost::json::object* options);

// apiVersion, kind, namespace and name ("": may be any) must be those of the URL.
ApiRefusal CheckEnvelope(const FakeResource& type, std::string_view ns, std::string_view name,
                         const boost::json::object& object);

}  // namespace squall
