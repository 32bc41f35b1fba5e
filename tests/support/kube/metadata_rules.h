// What the server asks of metadata, whatever the type. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"

namespace squall {

// Name, labels, annotations, finalizers, owners.
std::vector<ApiCause> CheckMetadata(const boost::json::object& object);
// What a change may not do: a finalizer cannot be added to an object on its way out.
std::vector<ApiCause> CheckMetadataChange(const boost::json::object& live,
                                          const boost::json::object& next);

}  // namespace squall
