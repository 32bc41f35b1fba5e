// Where the tests of this room put their objects.
#pragma once

namespace squall {

// The collection that the tests of this room write to.
inline constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

}  // namespace squall
