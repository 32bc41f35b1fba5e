// Quantities that people type and read: time spans ("1h30m"), sizes ("64KiB"), rates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

// Locust's time spans ("20", "20s", "3m", "1h20m", "3h30m10s") and, beyond Locust, fractions and
// milliseconds ("1.5h", "250ms"). Units must go from large to small, each at most once.
// INVALID_ARGUMENT for anything else; never negative; at most 10 years.
absl::StatusOr<Nanos> ParseTimeSpan(std::string_view text);

// "1m30s", "250ms", "0s": the shortest text that ParseTimeSpan reads back (to the millisecond).
std::string FormatTimeSpan(Nanos span);

// "512", "64KiB", "10MB", "1GiB" in bytes. INVALID_ARGUMENT for anything else.
absl::StatusOr<int64_t> ParseByteSize(std::string_view text);

inline double ToSeconds(Nanos span) { return std::chrono::duration<double>(span).count(); }
inline double ToMillis(Nanos span) {
  return std::chrono::duration<double, std::milli>(span).count();
}
// Saturates instead of overflowing; NaN becomes zero.
Nanos FromSeconds(double seconds);

}  // namespace squall
