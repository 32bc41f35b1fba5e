// What the profile asks for once live changes are laid over it: a level set by SetLoad, a rate
// factor. Pure but for the setters; one owner, one thread; every shard holds an equal copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/plan/load_change.h"
#include "daemon/plan/profile.h"

namespace squall {

class Schedule final {
 public:
  explicit Schedule(const Profile* profile) : profile_(profile) {}

  void Apply(const LoadChange& change);

  std::optional<Nanos> Duration() const { return profile_->Duration(); }
  // 0 once the profile is over.
  uint64_t UsersAt(Nanos elapsed) const;
  // The next change of UsersAt after `elapsed`.
  std::optional<Nanos> NextChange(Nanos elapsed) const;
  double ArrivalRateAt(Nanos elapsed) const;

 private:
  struct Level {
    Nanos since{0};
    uint64_t from = 0;
    uint64_t to = 0;
    double spawn_rate = 1;
  };
  uint64_t LevelAt(const Level& level, Nanos elapsed) const;
  std::optional<Nanos> NextStep(const Level& level, Nanos elapsed) const;
  // The one in force at `elapsed`; nullptr: the profile.
  const Level* Find(Nanos elapsed) const;

  const Profile* profile_;
  std::shared_ptr<const Profile> replacement_;  // what profile_ is, once it has been replaced
  // In order of `since`, the newest two: a change comes when it is due, give or take the way to the
  // shard, so that only the one before it can still be asked for.
  std::vector<Level> levels_;
  double rate_factor_ = 1;
};

}  // namespace squall
