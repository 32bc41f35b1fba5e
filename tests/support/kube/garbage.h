// One round of the garbage collector and the namespace controller, as the real ones go about it but
// without their caches. Any thread, one at a time.
#pragma once

#include "tests/support/kube/fake_cluster.h"

namespace squall {

// True when something was done: go on until it is false.
bool CollectGarbage(FakeCluster* cluster);

}  // namespace squall
