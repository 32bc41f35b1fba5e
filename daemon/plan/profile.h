// The load profile as a pure function of the time since the start of the run. Every agent evaluates
// it alone; the shares of all agents add up to it at every instant (assignment.h).
//
// Instants are half-open: a stage holds from its start to just before its end. Immutable and safe
// to use from many threads, but for ArrivalClock, which is a cursor.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/plan/load_profile.h"
#include "daemon/plan/planned_users.h"

namespace squall {

// What a Locust shape's tick() answers: where to go, and how fast.
struct LoadTarget {
  uint64_t users = 0;
  double spawn_rate = 0;
  bool operator==(const LoadTarget&) const = default;
};

class Profile final {
 public:
  // INVALID_ARGUMENT when the values make no sense (no stages, negative durations, …). Messages
  // name the field relative to `load_profile`: "stages[1].duration must be above 0, got -5s".
  static absl::StatusOr<Profile> Make(const LoadProfile& load);

  const LoadProfile& load() const { return load_; }  // what it was made of
  bool IsOpen() const;                               // arrival-rate driven
  // The end of the profile; nothing when it runs until stopped.
  std::optional<Nanos> Duration() const;
  // The shape's answer at `elapsed`, as Locust's tick() would give; nothing after the end, and
  // always nothing in the open model.
  std::optional<LoadTarget> Target(Nanos elapsed) const;
  // How many users run at `elapsed` once the spawn rate is respected; the users with the numbers
  // 0 … UsersAt-1. In a jump from v users at rate r, user v + i starts i/r seconds into it, the
  // first at once; stops mirror that; slower targets are followed, rounded down (planned_users.h).
  // 0 after the end.
  uint64_t UsersAt(Nanos elapsed) const;
  // The next instant after `elapsed` at which UsersAt changes; nothing when it never does.
  std::optional<Nanos> NextChange(Nanos elapsed) const;
  // The most that ever run, which a slow spawn rate can keep below the highest target. Open model:
  // users_max.
  uint64_t PeakUsers() const;

  // Where the users (open model: the rate) bend or jump, ascending, 0 and the end (if there is one)
  // included; between two of them they are on a straight line.
  std::vector<Nanos> Corners() const;

  double ArrivalRateAt(Nanos elapsed) const;  // per second; 0 in the closed model
  double ArrivalsBy(Nanos elapsed) const;     // the integral of the rate
  double PeakArrivalRate() const;
  uint64_t UsersMax() const;  // open model

  std::optional<uint64_t> iterations() const;
  Nanos warm_up() const;
  Nanos cool_down() const;

 private:
  friend class ArrivalClock;
  Profile() = default;

  LoadProfile load_;
  PlannedUsers users_;  // closed model
  ArrivalRate rate_;    // open model
  bool open_ = false;
  bool poisson_ = false;
  uint64_t users_max_ = 0;
  std::optional<uint64_t> iterations_;
  Nanos warm_up_{0};
  Nanos cool_down_{0};
};

// Walks the arrivals of the whole run in order: arrival n is due at the time where the integral of
// the rate reaches n (even spacing; closed form on ramps) or at the n-th point of a seeded Poisson
// process. The same (profile, seed, changes) gives the same times everywhere. One owner; `profile`
// outlives it.
//
// Evenly spaced, arrival 0 is due at the first instant with a positive rate, so 10/s for 1 s makes
// the ten arrivals 0 … 9 at 0, 0.1 … 0.9 s. Fractions carry over from stage to stage.
class ArrivalClock final {
 public:
  ArrivalClock(const Profile* profile, uint64_t seed);
  struct Due {
    uint64_t number = 0;
    Nanos at{0};
  };
  // The due time of the next arrival, numbers from 0. Nothing when none comes before the end of the
  // profile at the present factor: a later Rescale can change that.
  std::optional<Due> Next();
  // Passes over arrivals that are due before `elapsed`, though maybe not the last two of them, and
  // returns the number of the next. In one step if they are evenly spaced. Before the first Next.
  uint64_t SkipTo(Nanos elapsed);
  // The arrival that Next gave last was not used: Next gives the same number again, at its new time
  // if Rescale came between. Only once after each Next that gave one.
  void TakeBack();
  // From `elapsed` on, the rate is the profile's times `factor` (live scaling); 0 pauses until
  // changed. Continuous: no arrival is lost, none comes in a burst. What was due before keeps its
  // time, even if Next has not given it yet; what was given stays, unless it is taken back first.
  // An `elapsed` before that of the last change counts as that.
  void Rescale(double factor, Nanos elapsed);

 private:
  // Since a change: scaled area = scaled + factor · (profile's area - area). Arrivals live on the
  // scaled area, where the n-th even one is at n.
  struct Change {
    double scaled = 0;
    double area = 0;
    double factor = 1;
  };
  double NextPoint() const;

  const Profile* profile_;
  uint64_t seed_;
  uint64_t next_number_ = 0;
  double point_ = 0;                    // of arrival next_number_ - 1, on the scaled area
  std::optional<double> point_before_;  // of the one before that, for TakeBack
  std::vector<Change> changes_;  // those before the next arrival are dropped, but for the last
};

}  // namespace squall
