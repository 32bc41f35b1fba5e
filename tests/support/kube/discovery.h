// What a client asks before it knows anything: /version, /api, /apis and the lists of types. Pure.
#pragma once

#include <optional>
#include <vector>

#include "tests/support/kube/api_request.h"
#include "tests/support/kube/resource_table.h"

namespace squall {

// nullopt when the path is none of these.
std::optional<ApiAnswer> Discover(const std::vector<FakeResource>& resources,
                                  const ApiRequest& request);

}  // namespace squall
