// Keys of two objects, for tests that only tell them apart.
#pragma once

#include "operator/kube/api/object.h"

namespace squall {

inline const ObjectKey kA{"team", "a"};
inline const ObjectKey kB{"team", "b"};

}  // namespace squall
