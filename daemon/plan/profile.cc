#include "daemon/plan/profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/rng.h"
#include "daemon/base/status_macros.h"
#include "daemon/plan/profile_checker.h"
#include "daemon/plan/shape_legs.h"

namespace squall {

absl::StatusOr<Profile> Profile::Make(const LoadProfile& load) {
  ProfileChecker check;
  if (load.run_time) {
    check.Positive("run_time", *load.run_time);
  }
  if (load.iterations) {
    check.Require(*load.iterations > 0, "iterations", "be at least 1", *load.iterations);
  }
  check.NotNegative("warm_up", load.warm_up);
  check.NotNegative("cool_down", load.cool_down);
  SQUALL_RETURN_IF_ERROR(check.status());

  Profile profile;
  profile.load_ = load;
  profile.iterations_ = load.iterations;
  profile.warm_up_ = load.warm_up;
  profile.cool_down_ = load.cool_down;
  if (const auto* arrival = std::get_if<Arrival>(&load.load)) {
    SQUALL_ASSIGN_OR_RETURN(profile.rate_,
                            ArrivalRate::Make(*arrival, load.run_time.value_or(kForever)));
    profile.open_ = true;
    profile.poisson_ = arrival->spacing == Arrival::Spacing::kPoisson;
    profile.users_max_ = arrival->users_max;
  } else {
    SQUALL_ASSIGN_OR_RETURN(std::vector<TargetLeg> legs, MakeTargetLegs(load));
    profile.users_ = PlannedUsers(std::move(legs));
    const auto* level = std::get_if<ConstantLoad>(&load.load);
    const bool awaits_orders = level != nullptr && level->users == 0;
    if (profile.users_.Peak() == 0 && !awaits_orders) {
      return absl::InvalidArgumentError("must ask for at least one user at some time");
    }
  }

  const std::optional<Nanos> duration = profile.Duration();
  check.Require(duration || load.cool_down == Nanos(0), "cool_down",
                "be 0 in a run without an end, which has no last part",
                SecondsText(load.cool_down));
  // Subtracted, not added: both may be near the largest time span.
  check.Require(
      !duration || (load.warm_up < *duration && load.cool_down < *duration - load.warm_up),
      "warm_up + cool_down",
      fmt::format("be shorter than the run of {}", SecondsText(duration.value_or(Nanos(0)))),
      fmt::format("{} + {}", SecondsText(load.warm_up), SecondsText(load.cool_down)));
  SQUALL_RETURN_IF_ERROR(check.status());
  return profile;
}

bool Profile::IsOpen() const { return open_; }

std::optional<Nanos> Profile::Duration() const {
  const Nanos end = open_ ? rate_.End() : users_.End();
  return end == kForever ? std::nullopt : std::optional(end);
}

std::optional<LoadTarget> Profile::Target(Nanos elapsed) const {
  const TargetLeg* leg = users_.LegAt(std::max(elapsed, Nanos(0)));
  if (leg == nullptr) {
    return std::nullopt;
  }
  return LoadTarget{.users = TargetAt(*leg, std::max(elapsed, Nanos(0))),
                    .spawn_rate = leg->spawn_rate};
}

uint64_t Profile::UsersAt(Nanos elapsed) const { return users_.At(elapsed); }
std::optional<Nanos> Profile::NextChange(Nanos elapsed) const { return users_.NextChange(elapsed); }
uint64_t Profile::PeakUsers() const { return open_ ? users_max_ : users_.Peak(); }

std::vector<Nanos> Profile::Corners() const { return open_ ? rate_.Corners() : users_.Corners(); }

double Profile::ArrivalRateAt(Nanos elapsed) const { return rate_.At(elapsed); }
double Profile::ArrivalsBy(Nanos elapsed) const { return rate_.AreaBy(elapsed); }
double Profile::PeakArrivalRate() const { return rate_.Peak(); }
uint64_t Profile::UsersMax() const { return users_max_; }

std::optional<uint64_t> Profile::iterations() const { return iterations_; }
Nanos Profile::warm_up() const { return warm_up_; }
Nanos Profile::cool_down() const { return cool_down_; }

ArrivalClock::ArrivalClock(const Profile* profile, uint64_t seed)
    : profile_(profile), seed_(MixSeed(seed)), changes_{Change{}} {}

std::optional<ArrivalClock::Due> ArrivalClock::Next() {
  const double point = NextPoint();
  // A later point never needs the changes before this one.
  while (changes_.size() > 1 && changes_[1].scaled <= point) {
    changes_.erase(changes_.begin());
  }
  const Change& change = changes_.front();
  if (change.factor <= 0) {
    return std::nullopt;
  }
  const std::optional<Nanos> at =
      profile_->rate_.TimeOf(change.area + (point - change.scaled) / change.factor);
  if (!at) {
    return std::nullopt;
  }
  point_before_ = std::exchange(point_, point);
  return Due{.number = next_number_++, .at = *at};
}

uint64_t ArrivalClock::SkipTo(Nanos elapsed) {
  // Rounding never makes up for a whole arrival.
  const double end = profile_->rate_.AreaBy(elapsed) - 1;
  if (!profile_->poisson_ && end > 0) {
    next_number_ = static_cast<uint64_t>(end);
  }
  for (double point = NextPoint(); point < end; point = NextPoint()) {
    point_ = point;
    ++next_number_;
  }
  return next_number_;
}

void ArrivalClock::TakeBack() {
  SQUALL_CHECK(point_before_.has_value());
  --next_number_;
  point_ = *std::exchange(point_before_, std::nullopt);
}

double ArrivalClock::NextPoint() const {
  if (!profile_->poisson_) {
    return static_cast<double>(next_number_);
  }
  // A Poisson process has independent exponential gaps on the area, whatever the rate does. The
  // draw follows from the number, so that one that is taken back comes out the same again.
  const double unit = static_cast<double>(MixSeed(seed_ + next_number_) >> 11) * 0x1.0p-53;
  return point_ - std::log1p(-unit);
}

void ArrivalClock::Rescale(double factor, Nanos elapsed) {
  SQUALL_CHECK(factor >= 0 && std::isfinite(factor));
  const Change& before = changes_.back();
  const double area = std::max(profile_->rate_.AreaBy(elapsed), before.area);
  changes_.push_back({.scaled = before.scaled + before.factor * (area - before.area),
                      .area = area,
                      .factor = factor});
}

}  // namespace squall
