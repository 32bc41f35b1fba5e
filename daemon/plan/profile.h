// The load profile as a pure function of the time since the start of the run. Every agent evaluates
// it alone; the shares of all agents add up to it at every instant (assignment.h).
//
// Immutable and safe to use from many threads, but for ArrivalClock, which is a cursor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/plan/load_profile.h"

namespace squall {

// What a Locust shape's tick() answers: where to go, and how fast.
struct LoadTarget {
  uint64_t users = 0;
  double spawn_rate = 0;
  bool operator==(const LoadTarget&) const = default;
};

class Profile final {
 public:
  // INVALID_ARGUMENT when the values make no sense (no stages, negative durations, …).
  static absl::StatusOr<Profile> Make(const LoadProfile& load);

  bool IsOpen() const;  // arrival-rate driven
  // The end of the profile; nothing when it runs until stopped.
  std::optional<Nanos> Duration() const;
  // The shape's answer at `elapsed`, as Locust's tick() would give; nothing after the end, and
  // always nothing in the open model.
  std::optional<LoadTarget> Target(Nanos elapsed) const;
  // How many users run at `elapsed` once the spawn rate is respected: within a ramp from v users
  // at rate r, user v + i starts i/r seconds into it; ramps down mirror that. 0 after the end.
  uint64_t UsersAt(Nanos elapsed) const;
  // The next instant after `elapsed` at which UsersAt changes; nothing when it never does.
  std::optional<Nanos> NextChange(Nanos elapsed) const;
  uint64_t PeakUsers() const;  // open model: users_max

  double ArrivalRateAt(Nanos elapsed) const;  // per second; 0 in the closed model
  double ArrivalsBy(Nanos elapsed) const;     // the integral of the rate
  double PeakArrivalRate() const;
  uint64_t UsersMax() const;  // open model

  std::optional<uint64_t> iterations() const;
  Nanos warm_up() const;
  Nanos cool_down() const;

 private:
  friend class ArrivalClock;
  // Planned users, piecewise linear: from (start, from) to (start + length, to).
  struct Ramp {
    Nanos start{0};
    Nanos length{0};
    double from = 0;
    double to = 0;
  };
  // The target that a shape asks for, piecewise linear, with its spawn rate.
  struct Leg {
    Nanos start{0};
    Nanos length{0};
    double from = 0;
    double to = 0;
    double spawn_rate = 0;
  };
  Profile() = default;

  std::vector<Leg> legs_;    // closed model: targets; open model: arrival rates
  std::vector<Ramp> ramps_;  // closed model: planned users
  bool open_ = false;
  bool poisson_ = false;
  uint64_t users_max_ = 0;
  std::optional<Nanos> duration_;
  std::optional<uint64_t> iterations_;
  Nanos warm_up_{0};
  Nanos cool_down_{0};
};

// Walks the arrivals of the whole run in order: arrival n is due at the time where the integral of
// the rate reaches n (even spacing; closed form on ramps) or at the n-th point of a seeded Poisson
// process. The same (profile, seed) gives the same times everywhere. One owner; `profile` outlives.
class ArrivalClock final {
 public:
  ArrivalClock(const Profile* profile, uint64_t seed);
  // The due time of the next arrival; nothing after the end of the profile. Numbers count from 0.
  struct Due {
    uint64_t number = 0;
    Nanos at{0};
  };
  std::optional<Due> Next();
  // From here on, the rate is multiplied by `factor` (live scaling); 0 pauses until changed.
  // `elapsed` is the moment of the change; arrivals already handed out stay.
  void Rescale(double factor, Nanos elapsed);

 private:
  const Profile* profile_;
  Rng rng_;
  uint64_t next_number_ = 0;
  double area_ = 0;  // of the unscaled integral, up to the last arrival
  double factor_ = 1;
};

}  // namespace squall
