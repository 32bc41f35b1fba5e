// As much of /openapi/v3 as kubectl needs to apply (does the server check fields itself?) and to
// explain a type that has a schema. Pure.
#pragma once

#include <optional>
#include <vector>

#include "tests/support/kube/api_request.h"
#include "tests/support/kube/resource_table.h"

namespace squall {

// nullopt when the path is not below /openapi/v3.
std::optional<ApiAnswer> DescribeApi(const std::vector<FakeResource>& resources,
                                     const ApiRequest& request);

}  // namespace squall
