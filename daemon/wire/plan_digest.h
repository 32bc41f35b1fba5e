// The fingerprint by which a coordinator knows that all agents hold the same plan. Pure; any
// thread.
#pragma once

#include <string>

#include "daemon/plan/plan.h"

namespace squall {

// SHA-256, in hex, of the plan's protobuf form without the source marks: equal plans have equal
// digests wherever their text came from. Programs of different versions may differ in it.
std::string PlanDigest(const Plan& plan);

}  // namespace squall
