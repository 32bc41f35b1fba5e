// A change of load while a run goes on. A plain value; it travels (wire/load_change_proto.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/base/clock.h"
#include "daemon/plan/profile.h"

namespace squall {

// In force from `since` (elapsed time of the run) on every agent alike.
struct LoadChange {
  Nanos since{0};
  std::optional<uint64_t> users;      // closed model: the new level …
  double spawn_rate = 1;              // … and how fast to get there, users per second
  std::optional<double> rate_factor;  // open model: multiplies the planned rate; must be >= 0
  bool clear = false;                 // back to the profile
  // Closed model: takes the place of the profile, on the same clock. The users are at once those
  // that it would have by now.
  std::shared_ptr<const Profile> profile;
};

}  // namespace squall
