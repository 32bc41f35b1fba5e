#include "daemon/plan/shape_legs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/profile_checker.h"

namespace squall {
namespace {

constexpr size_t kLegsMax = 1'000'000;
constexpr int64_t kSineLines = 32;  // off by at most 0.5 % of the amplitude

int64_t Micros(double users) { return std::llround(users * static_cast<double>(kMicrosPerUser)); }

// Appends legs one after the other up to a limit. A shape's values are checked before.
class LegWriter final {
 public:
  explicit LegWriter(Nanos limit) : limit_(limit) {}

  void Level(Nanos length, uint64_t users, double spawn_rate) {
    Slope(length, Micros(static_cast<double>(users)), 0, Nanos(1), spawn_rate);
  }
  void Line(Nanos length, double from, double to, double spawn_rate) {
    Slope(length, Micros(from), Micros(to) - Micros(from), length, spawn_rate);
  }
  // For `length`, from `from` by `rise` in each `run`.
  void Slope(Nanos length, int64_t from, int64_t rise, Nanos run, double spawn_rate) {
    if (length <= Nanos(0) || Full()) {
      return;
    }
    const Nanos end = length < limit_ - end_ ? end_ + length : limit_;
    too_long_ = too_long_ || (end > kLongestRun && length != kForever);
    legs_.push_back({.start = end_,
                     .end = end,
                     .from = from,
                     .rise = rise,
                     .run = run,
                     .spawn_rate = spawn_rate});
    end_ = end;
  }
  bool Full() const { return end_ >= limit_ || legs_.size() > kLegsMax; }

  absl::StatusOr<std::vector<TargetLeg>> Finish() && {
    if (legs_.empty()) {
      return absl::InvalidArgumentError("must last longer than 0s");
    }
    if (legs_.size() > kLegsMax) {
      return absl::InvalidArgumentError(
          fmt::format("must have at most {} straight lines", kLegsMax));
    }
    if (too_long_) {
      return absl::InvalidArgumentError("must last at most 100 years");
    }
    return std::move(legs_);
  }

 private:
  const Nanos limit_;
  Nanos end_{0};
  bool too_long_ = false;
  std::vector<TargetLeg> legs_;
};

void Write(const ConstantLoad& load, ProfileChecker* check, LegWriter* legs) {
  check->Users("users", static_cast<double>(load.users));
  check->SpawnRate("spawn_rate", load.spawn_rate);
  if (load.run_time) {
    check->Positive("run_time", *load.run_time);
  }
  if (check->ok()) {
    legs->Level(load.run_time.value_or(kForever), load.users, load.spawn_rate);
  }
}

void Write(const std::vector<Stage>& stages, ProfileChecker* check, LegWriter* legs) {
  check->Require(!stages.empty(), "stages", "have at least one stage", "none");
  for (size_t i = 0; i < stages.size() && check->ok(); ++i) {
    const Stage& stage = stages[i];
    check->SetPrefix(fmt::format("stages[{}].", i));
    check->Positive("duration", stage.duration);
    check->Users("users", static_cast<double>(stage.users));
    check->SpawnRate("spawn_rate", stage.spawn_rate);
    if (check->ok()) {
      legs->Level(stage.duration, stage.users, stage.spawn_rate);
    }
  }
}

// The open model has no targets.
void Write(const Arrival&, ProfileChecker*, LegWriter*) {}

void Write(const PeakShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("users", static_cast<double>(shape.users));
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->NotNegative("ramp_up", shape.ramp_up);
  check->NotNegative("hold", shape.hold);
  check->NotNegative("ramp_down", shape.ramp_down);
  if (check->ok()) {
    const auto users = static_cast<double>(shape.users);
    legs->Line(shape.ramp_up, 0, users, shape.spawn_rate);
    legs->Level(shape.hold, shape.users, shape.spawn_rate);
    legs->Line(shape.ramp_down, users, 0, shape.spawn_rate);
  }
}

void Write(const StressShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("users_per_step", static_cast<double>(shape.users_per_step));
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->Positive("step", shape.step);
  check->Positive("duration", shape.duration);
  if (check->ok()) {
    const double steps =
        static_cast<double>(shape.duration.count()) / static_cast<double>(shape.step.count());
    check->Users("users_per_step · duration / step",
                 static_cast<double>(shape.users_per_step) * steps);
  }
  if (check->ok()) {
    legs->Slope(shape.duration, 0, Micros(static_cast<double>(shape.users_per_step)), shape.step,
                shape.spawn_rate);
  }
}

void Write(const SoakShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("users", static_cast<double>(shape.users));
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->NotNegative("ramp_up", shape.ramp_up);
  check->Positive("duration", shape.duration);
  check->Require(shape.ramp_up <= shape.duration, "ramp_up", "not be longer than 'duration'",
                 SecondsText(shape.ramp_up));
  if (check->ok()) {
    legs->Line(shape.ramp_up, 0, static_cast<double>(shape.users), shape.spawn_rate);
    legs->Level(shape.duration - shape.ramp_up, shape.users, shape.spawn_rate);
  }
}

void Write(const SpikeShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("base_users", static_cast<double>(shape.base_users));
  check->Users("spike_users", static_cast<double>(shape.spike_users));
  check->SpawnRate("base_spawn_rate", shape.base_spawn_rate);
  check->SpawnRate("spike_spawn_rate", shape.spike_spawn_rate);
  check->NotNegative("before", shape.before);
  check->NotNegative("spike", shape.spike);
  check->NotNegative("after", shape.after);
  if (check->ok()) {
    legs->Level(shape.before, shape.base_users, shape.base_spawn_rate);
    legs->Level(shape.spike, shape.spike_users, shape.spike_spawn_rate);
    legs->Level(shape.after, shape.base_users, shape.spike_spawn_rate);
  }
}

void Write(const LinearShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("from", static_cast<double>(shape.from));
  check->Users("to", static_cast<double>(shape.to));
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->Positive("duration", shape.duration);
  if (check->ok()) {
    legs->Line(shape.duration, static_cast<double>(shape.from), static_cast<double>(shape.to),
               shape.spawn_rate);
  }
}

void Write(const SineShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("low", static_cast<double>(shape.low));
  check->Users("high", static_cast<double>(shape.high));
  check->Require(shape.low <= shape.high, "low", "be at most 'high'", shape.low);
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->Require(shape.period >= std::chrono::seconds(1), "period", "be at least 1s",
                 SecondsText(shape.period));
  check->Positive("duration", shape.duration);
  if (!check->ok()) {
    return;
  }
  std::array<int64_t, kSineLines + 1> height{};
  const double swing = static_cast<double>(shape.high - shape.low) / 2;
  for (size_t i = 0; i < height.size(); ++i) {
    const double turn = static_cast<double>(i) / kSineLines;
    height[i] = Micros(static_cast<double>(shape.low) +
                       swing * (1 - std::cos(2 * std::numbers::pi * turn)));
  }
  // From the period's start to the i-th point; kept exact where 32 does not divide the period.
  const auto offset = [&](int64_t i) {
    return Nanos(shape.period.count() / kSineLines * i +
                 shape.period.count() % kSineLines * i / kSineLines);
  };
  Nanos left = shape.duration;
  while (left > Nanos(0) && !legs->Full()) {
    for (int64_t i = 0; i < kSineLines && left > Nanos(0); ++i) {
      const Nanos run = offset(i + 1) - offset(i);
      const auto at = static_cast<size_t>(i);
      legs->Slope(std::min(run, left), height[at], height[at + 1] - height[at], run,
                  shape.spawn_rate);
      left -= std::min(run, left);
    }
  }
}

void Write(const StepsShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->Users("start", static_cast<double>(shape.start));
  check->Users("step_users", static_cast<double>(shape.step_users));
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->Positive("step", shape.step);
  check->Require(shape.steps >= 1 && shape.steps <= static_cast<int64_t>(kLegsMax), "steps",
                 "be from 1 to 1000000", shape.steps);
  if (check->ok()) {
    check->Users("start + steps · step_users",
                 static_cast<double>(shape.start) +
                     static_cast<double>(shape.steps) * static_cast<double>(shape.step_users));
  }
  const int64_t steps = check->ok() ? shape.steps : 0;
  for (int64_t i = 1; i <= steps && !legs->Full(); ++i) {
    legs->Level(shape.step, shape.start + static_cast<uint64_t>(i) * shape.step_users,
                shape.spawn_rate);
  }
}

void Write(const CurveShape& shape, ProfileChecker* check, LegWriter* legs) {
  check->SpawnRate("spawn_rate", shape.spawn_rate);
  check->Require(!shape.points.empty(), "points", "have at least one point", "none");
  CurveShape::Point last;
  for (size_t i = 0; i < shape.points.size() && check->ok(); ++i) {
    const CurveShape::Point& point = shape.points[i];
    check->SetPrefix(fmt::format("points[{}].", i));
    check->NotNegative("at", point.at);
    check->Require(point.at >= last.at, "at", "not be before the point above",
                   SecondsText(point.at));
    check->Users("users", point.users);
    if (check->ok()) {
      legs->Line(point.at - last.at, i == 0 ? point.users : last.users, point.users,
                 shape.spawn_rate);
      last = point;
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<TargetLeg>> MakeTargetLegs(const LoadProfile& profile) {
  ProfileChecker check;
  LegWriter legs(profile.run_time.value_or(kForever));
  std::visit([&](const auto& shape) { Write(shape, &check, &legs); }, profile.load);
  SQUALL_RETURN_IF_ERROR(check.status());
  if (std::holds_alternative<Arrival>(profile.load)) {
    return std::vector<TargetLeg>();
  }
  return std::move(legs).Finish();
}

}  // namespace squall
