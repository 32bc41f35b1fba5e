// A moment for tests that only need the times around it.
#pragma once

#include <chrono>

#include "daemon/base/clock.h"

namespace squall {

// Long after the clock's zero, so that times before it can be told.
inline constexpr TimePoint kNow(std::chrono::hours(1000));

}  // namespace squall
