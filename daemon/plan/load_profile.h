// How much load, when: the values of the `load_profile` section. profile.h turns them into the pure
// function of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/base/clock.h"

namespace squall {

// Locust's stage: from its start, users move towards `users` by `spawn_rate` per second.
struct Stage {
  Nanos duration{0};
  uint64_t users = 0;
  double spawn_rate = 1;
  bool operator==(const Stage&) const = default;
};

// Open model: new task runs per second, whatever the target does.
struct ArrivalStage {
  Nanos duration{0};
  double rate = 0;             // per second, at the end of the stage
  std::optional<double> from;  // at its start, linear in between; default: `rate` throughout
  bool operator==(const ArrivalStage&) const = default;
};

struct Arrival {
  std::vector<ArrivalStage> stages;
  uint64_t users_max = 10'000;  // arrivals beyond that many busy users are dropped and counted
  enum class Spacing : uint8_t { kEven, kPoisson } spacing = Spacing::kEven;
  bool operator==(const Arrival&) const = default;
};

// Closed model with one level: Locust's -u -r -t. Without run_time it runs until it is stopped.
// With 0 users it does nothing until it is told to (SetLoad), as a locustfile's shape does.
struct ConstantLoad {
  uint64_t users = 1;
  double spawn_rate = 1;
  std::optional<Nanos> run_time;
  bool operator==(const ConstantLoad&) const = default;
};

// The named shapes, with the seed document's figures as defaults. All targets are rounded down.
//
// From 0 to `users`, level, and back to 0.
struct PeakShape {
  uint64_t users = 300;
  double spawn_rate = 10;
  Nanos ramp_up = std::chrono::seconds(60);
  Nanos hold = std::chrono::seconds(300);
  Nanos ramp_down = std::chrono::seconds(60);
  bool operator==(const PeakShape&) const = default;
};
// `users_per_step` more in every `step`, on a straight line (not in stairs: that is StepsShape).
struct StressShape {
  uint64_t users_per_step = 10;
  double spawn_rate = 10;
  Nanos step = std::chrono::seconds(60);
  Nanos duration = std::chrono::seconds(3600);
  bool operator==(const StressShape&) const = default;
};
// From 0 to `users`, and level for the rest.
struct SoakShape {
  uint64_t users = 50;
  double spawn_rate = 5;
  Nanos ramp_up = std::chrono::seconds(600);
  Nanos duration = std::chrono::seconds(7200);  // ramp included
  bool operator==(const SoakShape&) const = default;
};
struct SpikeShape {
  uint64_t base_users = 50;
  uint64_t spike_users = 500;
  double base_spawn_rate = 10;   // before the spike
  double spike_spawn_rate = 50;  // into and after the spike
  Nanos before = std::chrono::seconds(300);
  Nanos spike = std::chrono::seconds(120);
  Nanos after = std::chrono::seconds(300);
  bool operator==(const SpikeShape&) const = default;
};
// One straight line. It ends just before it reaches `to`, as every shape holds up to its end.
struct LinearShape {
  uint64_t from = 0;
  uint64_t to = 1;
  Nanos duration{0};
  double spawn_rate = 100;
  bool operator==(const LinearShape&) const = default;
};
// Begins at `low`, is at `high` after half a period.
struct SineShape {
  uint64_t low = 0;
  uint64_t high = 1;
  Nanos period = std::chrono::seconds(60);
  Nanos duration{0};
  double spawn_rate = 100;
  bool operator==(const SineShape&) const = default;
};
// Stairs: step k, counted from 1 to `steps`, is at start + k · step_users for `step`.
struct StepsShape {
  uint64_t start = 0;
  uint64_t step_users = 1;
  Nanos step = std::chrono::seconds(60);
  int64_t steps = 1;
  double spawn_rate = 100;
  bool operator==(const StepsShape&) const = default;
};
// Points joined by straight lines, in order of time: from a CSV file with the columns
// seconds,users. Before the first point its users hold; two points at one time are a jump; the last
// one is the end.
struct CurveShape {
  struct Point {
    Nanos at{0};
    double users = 0;
    bool operator==(const Point&) const = default;
  };
  std::vector<Point> points;
  double spawn_rate = 100;
  bool operator==(const CurveShape&) const = default;
};

struct LoadProfile {
  std::variant<ConstantLoad, std::vector<Stage>, Arrival, PeakShape, StressShape, SoakShape,
               SpikeShape, LinearShape, SineShape, StepsShape, CurveShape>
      load;
  // Of the whole run and all agents; each agent stops after its exact share.
  std::optional<uint64_t> iterations;
  std::optional<Nanos> run_time;  // cuts any profile short
  Nanos warm_up{0};               // kept out of the results, from the start
  Nanos cool_down{0};             // kept out of the results, before the end of the profile
  bool operator==(const LoadProfile&) const = default;
};

}  // namespace squall
