#include "daemon/plan/stage_at.h"

#include <numeric>
#include <variant>

#include <fmt/format.h>

#include "daemon/base/units.h"

namespace squall {
namespace {

// One after another; empty: no stages.
struct Durations {
  template <typename Part>
  static std::vector<Nanos> Of(const std::vector<Part>& stages) {
    std::vector<Nanos> durations;
    durations.reserve(stages.size());
    for (const Part& stage : stages) {
      durations.push_back(stage.duration);
    }
    return durations;
  }

  std::vector<Nanos> operator()(const std::vector<Stage>& stages) const { return Of(stages); }
  std::vector<Nanos> operator()(const Arrival& arrival) const { return Of(arrival.stages); }
  std::vector<Nanos> operator()(const PeakShape& shape) const {
    return {shape.ramp_up, shape.hold, shape.ramp_down};
  }
  std::vector<Nanos> operator()(const SoakShape& shape) const {
    return {shape.ramp_up, shape.duration - shape.ramp_up};
  }
  std::vector<Nanos> operator()(const SpikeShape& shape) const {
    return {shape.before, shape.spike, shape.after};
  }
  std::vector<Nanos> operator()(const StepsShape& shape) const {
    return std::vector<Nanos>(shape.steps > 0 ? static_cast<size_t>(shape.steps) : 0, shape.step);
  }
  std::vector<Nanos> operator()(const ConstantLoad& /*load*/) const { return {}; }
  std::vector<Nanos> operator()(const StressShape& /*shape*/) const { return {}; }
  std::vector<Nanos> operator()(const LinearShape& /*shape*/) const { return {}; }
  std::vector<Nanos> operator()(const SineShape& /*shape*/) const { return {}; }
  std::vector<Nanos> operator()(const CurveShape& /*shape*/) const { return {}; }
};

}  // namespace

uint64_t StageAt(const LoadProfile& profile, Nanos elapsed) {
  if (profile.run_time.has_value() && elapsed >= *profile.run_time) {
    return 0;
  }
  uint64_t number = 0;
  for (const Nanos duration : std::visit(Durations(), profile.load)) {
    ++number;
    if (elapsed < duration) {
      return number;
    }
    elapsed -= duration;
  }
  return 0;
}

absl::Status CheckStagesAhead(const std::vector<Stage>& stages, Nanos elapsed) {
  const Nanos whole =
      std::accumulate(stages.begin(), stages.end(), Nanos(0),
                      [](Nanos sum, const Stage& stage) { return sum + stage.duration; });
  return whole > elapsed
             ? absl::OkStatus()
             : absl::InvalidArgumentError(fmt::format(
                   "stages must last longer than the {} that the run has gone on for, got {} in "
                   "all: they count from its start",
                   FormatTimeSpan(elapsed), FormatTimeSpan(whole)));
}

}  // namespace squall
