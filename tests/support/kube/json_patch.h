// The two patch formats that know nothing of Kubernetes. Pure; any thread.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "tests/support/kube/api_error.h"

namespace squall {

// RFC 6902. What is refused leaves `document` half patched: work on a copy. 422 when a test fails
// or a path is not there, 400 for what is no patch.
ApiRefusal ApplyJsonPatch(const boost::json::array& patch, boost::json::value* document);

// RFC 7386: null removes, lists are replaced whole.
void ApplyMergePatch(const boost::json::value& patch, boost::json::value* document);

}  // namespace squall
