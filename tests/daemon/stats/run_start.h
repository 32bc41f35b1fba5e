// When the runs of the tests of this room begin.
#pragma once

#include <chrono>

#include "daemon/base/clock.h"

namespace squall {

inline constexpr WallTime kStart{std::chrono::seconds(1'700'000'000)};

}  // namespace squall
