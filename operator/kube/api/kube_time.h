// Kubernetes' three ways to write time. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"

namespace squall {

// metav1.Time, "2026-11-25T02:21:08Z": whole seconds, cut.
std::string FormatKubeTime(WallTime time);
// metav1.MicroTime, "2026-11-25T02:21:08.000000Z": always six digits.
std::string FormatMicroTime(WallTime time);
// RFC 3339 in any form a server or user may send: fraction of up to nine digits or none, "Z" or an
// offset. INVALID_ARGUMENT for anything else, and for years outside 1970–2261.
absl::StatusOr<WallTime> ParseKubeTime(std::string_view text);

// A Gateway API duration (GEP-2257): one to four of "10h", "5m", "30s", "500ms", five digits at
// most each. INVALID_ARGUMENT for anything else.
absl::StatusOr<Nanos> ParseKubeDuration(std::string_view text);
// The shortest form, "1h30m"; "0s". Below a millisecond is cut, above 99999h is the largest.
std::string FormatKubeDuration(Nanos duration);

}  // namespace squall
