#include "daemon/plan/run_settings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/plan/profile.h"

namespace squall {
namespace {

bool Shares(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&b](const std::string& tag) {
    return std::find(b.begin(), b.end(), tag) != b.end();
  });
}

absl::Status ApplyTags(const RunSettings& settings, Plan* plan) {
  const bool none = settings.tags.empty() && settings.exclude_tags.empty();
  if (none || plan->script.has_value()) {  // a script's tags are among its arguments
    return absl::OkStatus();
  }
  for (UserClass& user_class : plan->users) {
    std::erase_if(user_class.tasks, [&](const Task& task) {
      return (!settings.tags.empty() && !Shares(task.tags, settings.tags)) ||
             Shares(task.tags, settings.exclude_tags);
    });
  }
  std::erase_if(plan->users, [](const UserClass& item) { return item.tasks.empty(); });
  if (plan->users.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("tags must leave a task to run: --tags [{}] and --exclude-tags [{}] leave none",
                    fmt::join(settings.tags, ", "), fmt::join(settings.exclude_tags, ", ")));
  }
  return absl::OkStatus();
}

absl::Status Scale(double wanted, Arrival* arrival) {
  const double peak = PeakOf(*arrival);
  if (!(peak > 0)) {
    return absl::InvalidArgumentError(
        "arrival rate must not be set for a profile whose rate is always 0");
  }
  // The peak itself comes out exactly.
  const auto scaled = [&](double rate) { return rate == peak ? wanted : rate * (wanted / peak); };
  for (ArrivalStage& stage : arrival->stages) {
    stage.rate = scaled(stage.rate);
    if (stage.from.has_value()) {
      stage.from = scaled(*stage.from);
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyArrivalRate(const RunSettings& settings, Plan* plan) {
  if (settings.users.has_value() || settings.spawn_rate.has_value()) {
    return absl::InvalidArgumentError(
        "arrival rate must not be set together with users or spawn rate: arrivals come whatever "
        "the users do");
  }
  if (plan->script.has_value()) {
    return absl::InvalidArgumentError(
        "arrival rate must not be set for a locustfile, whose users wait for themselves");
  }
  if (!(*settings.arrival_rate > 0 && *settings.arrival_rate <= kArrivalRateMax)) {
    return absl::InvalidArgumentError(
        fmt::format("arrival rate must be above 0 and at most {:.0f} per second, got {}",
                    kArrivalRateMax, *settings.arrival_rate));
  }
  LoadProfile& profile = plan->load_profile;
  if (auto* arrival = std::get_if<Arrival>(&profile.load)) {
    return Scale(*settings.arrival_rate, arrival);
  }
  std::optional<Nanos> end = settings.run_time;
  if (!end.has_value()) {
    SQUALL_ASSIGN_OR_RETURN(const Profile present, Profile::Make(profile));
    end = present.Duration();
  }
  if (!end.has_value()) {
    return absl::InvalidArgumentError(
        "arrival rate must be set together with a run time (--run-time), since this plan's load "
        "has no end");
  }
  profile.load = Arrival{.stages = {{.duration = *end, .rate = *settings.arrival_rate}}};
  return absl::OkStatus();
}

absl::Status ApplyLoad(const RunSettings& settings, Plan* plan) {
  LoadProfile& profile = plan->load_profile;
  if (settings.arrival_rate.has_value()) {
    SQUALL_RETURN_IF_ERROR(ApplyArrivalRate(settings, plan));
  }
  if (settings.users.has_value() || settings.spawn_rate.has_value()) {
    if (std::holds_alternative<Arrival>(profile.load)) {
      return absl::InvalidArgumentError(
          "users and spawn rate must not be set for an arrival-rate profile; set the arrival rate "
          "instead (--arrival-rate)");
    }
    ConstantLoad level;
    if (const auto* present = std::get_if<ConstantLoad>(&profile.load)) {
      level = *present;
    }
    level.users = settings.users.value_or(level.users);
    level.spawn_rate = settings.spawn_rate.value_or(level.spawn_rate);
    profile.load = level;
  }
  if (settings.run_time.has_value()) {
    profile.run_time = settings.run_time;
    if (auto* level = std::get_if<ConstantLoad>(&profile.load)) {
      level->run_time.reset();
    }
  }
  if (settings.iterations.has_value()) {
    profile.iterations = settings.iterations;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyRunSettings(const RunSettings& settings, Plan* plan) {
  if (!settings.host.empty()) {
    plan->service.base_url = settings.host;
    for (UserClass& user_class : plan->users) {
      user_class.host.clear();
    }
  }
  plan->seed = settings.seed.value_or(plan->seed);
  plan->stop_timeout = settings.stop_timeout.value_or(plan->stop_timeout);
  SQUALL_RETURN_IF_ERROR(ApplyTags(settings, plan));
  return ApplyLoad(settings, plan);
}

}  // namespace squall
