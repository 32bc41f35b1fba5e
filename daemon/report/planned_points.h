// The load profile as a curve to draw. Pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/profile.h"

namespace squall {

// What the profile asks for, sampled: straight lines between the points.
struct PlannedPoint {
  Nanos at{0};
  double users = 0;
  double rate = 0;  // arrivals per second; 0 in the closed model
  bool operator==(const PlannedPoint&) const = default;
};

inline constexpr size_t kPlannedPointsMax = 200;

// The corners of the profile's line; of a profile with more than kPlannedPointsMax those that
// matter most to the eye. Two points at one moment are a jump. In the open model users are 0. A
// profile without an end goes on level behind its last point; one that waits for orders has none.
std::vector<PlannedPoint> PlannedPoints(const Profile& profile);

}  // namespace squall
