#include "daemon/report/options.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

constexpr size_t kStagesMax = 10;  // in words; the plan has them all

// "a, b, c", or the first of many and how many more there are.
template <typename Stage, typename Describe>
std::string List(const std::vector<Stage>& stages, Describe describe) {
  std::string text;
  for (size_t i = 0; i < std::min(stages.size(), kStagesMax); ++i) {
    text += (i == 0 ? "" : ", ") + describe(stages[i]);
  }
  return stages.size() <= kStagesMax ? text : fmt::format("{}, … {} in all", text, stages.size());
}

std::string Span(Nanos span) { return FormatTimeSpan(span); }

std::string Users(uint64_t users) {
  return fmt::format("{} {}", users, users == 1 ? "user" : "users");
}

std::string Words(const ConstantLoad& load) {
  return fmt::format("{} at {}/s", Users(load.users), load.spawn_rate);
}

std::string Words(const std::vector<Stage>& stages) {
  return "stages: " + List(stages, [](const Stage& stage) {
           return fmt::format("{} at {}/s for {}", Users(stage.users), stage.spawn_rate,
                              Span(stage.duration));
         });
}

std::string Words(const Arrival& arrival) {
  const std::string stages = List(arrival.stages, [](const ArrivalStage& stage) {
    const std::string from = stage.from.has_value() ? fmt::format("{} to ", *stage.from) : "";
    return fmt::format("{}{}/s for {}", from, stage.rate, Span(stage.duration));
  });
  return fmt::format("arrivals: {}; {}, at most {} users", stages,
                     arrival.spacing == Arrival::Spacing::kPoisson ? "Poisson" : "evenly spaced",
                     arrival.users_max);
}

std::string Words(const PeakShape& shape) {
  return fmt::format("peak: {} at {}/s, {} up, {} hold, {} down", Users(shape.users),
                     shape.spawn_rate, Span(shape.ramp_up), Span(shape.hold),
                     Span(shape.ramp_down));
}

std::string Words(const StressShape& shape) {
  return fmt::format("stress: {} more users every {} at {}/s for {}", shape.users_per_step,
                     Span(shape.step), shape.spawn_rate, Span(shape.duration));
}

std::string Words(const SoakShape& shape) {
  return fmt::format("soak: {} at {}/s, {} up, {} in all", Users(shape.users), shape.spawn_rate,
                     Span(shape.ramp_up), Span(shape.duration));
}

std::string Words(const SpikeShape& shape) {
  return fmt::format("spike: {} users for {}, {} for {}, {} for {}", shape.base_users,
                     Span(shape.before), shape.spike_users, Span(shape.spike), shape.base_users,
                     Span(shape.after));
}

std::string Words(const LinearShape& shape) {
  return fmt::format("linear: {} to {} users in {}", shape.from, shape.to, Span(shape.duration));
}

std::string Words(const SineShape& shape) {
  return fmt::format("sine: {} to {} users every {} for {}", shape.low, shape.high,
                     Span(shape.period), Span(shape.duration));
}

std::string Words(const StepsShape& shape) {
  return fmt::format("steps: {} users, {} more every {}, {} steps", shape.start, shape.step_users,
                     Span(shape.step), shape.steps);
}

std::string Words(const CurveShape& shape) {
  return fmt::format("curve: {} points up to {}", shape.points.size(),
                     shape.points.empty() ? "0s" : Span(shape.points.back().at));
}

std::optional<double> SpawnRate(const std::vector<Stage>& stages) {
  for (const Stage& stage : stages) {
    if (stage.spawn_rate != stages.front().spawn_rate) {
      return std::nullopt;
    }
  }
  return stages.empty() ? std::nullopt : std::optional(stages.front().spawn_rate);
}
std::optional<double> SpawnRate(const Arrival&) { return std::nullopt; }
std::optional<double> SpawnRate(const SpikeShape&) { return std::nullopt; }
template <typename Shape>
std::optional<double> SpawnRate(const Shape& shape) {
  return shape.spawn_rate;
}

}  // namespace

RunOptions ReportOptions(const Plan& plan, const Profile& profile) {
  return {.users = profile.PeakUsers(),
          .spawn_rate =
              std::visit([](const auto& load) { return SpawnRate(load); }, profile.load().load),
          .run_time = profile.Duration(),
          .profile = DescribeLoad(profile.load()),
          .open_model = profile.IsOpen(),
          .warm_up = profile.warm_up(),
          .cool_down = profile.cool_down(),
          .stop_timeout = plan.stop_timeout};
}

std::string DescribeLoad(const LoadProfile& load) {
  std::string text = std::visit([](const auto& shape) { return Words(shape); }, load.load);
  if (load.iterations.has_value()) {
    text += fmt::format(", {} iterations", *load.iterations);
  }
  if (load.run_time.has_value()) {
    text += fmt::format(", ends after {}", Span(*load.run_time));
  }
  return text;
}

}  // namespace squall
