// The upper bounds of the duration histograms that others see. Fixed, so that the series of agents
// and of runs can be added up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "daemon/base/clock.h"

namespace squall {

inline constexpr std::array kDurationBounds = {
    Nanos(500'000),        Nanos(1'000'000),      Nanos(2'500'000),     Nanos(5'000'000),
    Nanos(10'000'000),     Nanos(25'000'000),     Nanos(50'000'000),    Nanos(75'000'000),
    Nanos(100'000'000),    Nanos(250'000'000),    Nanos(500'000'000),   Nanos(750'000'000),
    Nanos(1'000'000'000),  Nanos(2'500'000'000),  Nanos(5'000'000'000), Nanos(7'500'000'000),
    Nanos(10'000'000'000), Nanos(30'000'000'000), Nanos(60'000'000'000)};

// The index of the first bound that is not below `time`; kDurationBounds.size() above the last.
inline size_t DurationBoundOf(Nanos time) {
  return static_cast<size_t>(
      std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), time) -
      kDurationBounds.begin());
}

}  // namespace squall
