#include "daemon/gateway/start_order.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/suggest.h"
#include "daemon/plan/arrival_rate.h"
#include "daemon/plan/profile.h"
#include "daemon/report/options.h"
#include "daemon/report/planned_points.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

template <typename Items, typename NameOf>
std::vector<std::string> Names(const Items& items, NameOf name_of) {
  std::vector<std::string> names;
  for (const auto& item : items) {
    names.push_back(name_of(item));
  }
  return names;
}

absl::Status Unknown(std::string_view field, const std::string& wrong,
                     const std::vector<std::string>& known) {
  const std::string nearest = SuggestNearest(wrong, known);
  return absl::InvalidArgumentError(
      fmt::format("{} must be one of [{}], got '{}'{}", field, fmt::join(known, ", "), wrong,
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

absl::Status CheckNames(std::string_view field, const std::vector<std::string>& wanted,
                        const std::vector<std::string>& known) {
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Unknown(field, name, known);
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> TagsOf(const Plan& plan) {
  std::vector<std::string> tags;
  for (const UserClass& user_class : plan.users) {
    for (const Task& task : user_class.tasks) {
      tags.insert(tags.end(), task.tags.begin(), task.tags.end());
    }
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

void ReadLoad(const Plan& plan, PlanOffer* offer) {
  const LoadProfile& load = plan.load_profile;
  offer->load = DescribeLoad(load);
  offer->has_shape = !std::holds_alternative<ConstantLoad>(load.load);
  if (const auto* stages = std::get_if<std::vector<Stage>>(&load.load)) {
    offer->stages = *stages;
  }
  const absl::StatusOr<Profile> profile = Profile::Make(load);
  if (!profile.ok()) {
    return;
  }
  const RunOptions options = ReportOptions(plan, *profile);
  offer->open_model = options.open_model;
  offer->run_time = options.run_time;
  offer->planned = PlannedPoints(*profile);
  if (!options.open_model) {
    offer->users = options.users;
    offer->spawn_rate = options.spawn_rate;
  } else {
    offer->arrival_rate = PeakOf(std::get<Arrival>(load.load));
  }
}

absl::StatusOr<RunOrder> FromText(const std::string& text) {
  RunOrder order;
  PlanInputs inputs;
  inputs.texts.push_back({"plan.yaml", text});
  SQUALL_ASSIGN_OR_RETURN(order.plan, ParseForeignPlan(inputs, &order.notes));
  return order;
}

absl::StatusOr<const OfferedPlan*> Find(const std::string& name,
                                        const std::vector<OfferedPlan>& offered) {
  if (offered.empty()) {
    return absl::InvalidArgumentError("text must be a plan: this host offers none by name");
  }
  if (name.empty()) {
    return &offered.front();
  }
  for (const OfferedPlan& plan : offered) {
    if (plan.offer.name == name) {
      return &plan;
    }
  }
  return Unknown("plan", name,
                 Names(offered, [](const OfferedPlan& plan) { return plan.offer.name; }));
}

// What a request has emptied goes from under it.
void Empty(const EmptiedFields& emptied, Plan* plan, RunSettings* line) {
  LoadProfile& profile = plan->load_profile;
  if (emptied.host) {
    line->host.clear();
  }
  if (emptied.run_time) {
    line->run_time.reset();
    profile.run_time.reset();
    if (auto* level = std::get_if<ConstantLoad>(&profile.load)) {
      level->run_time.reset();
    }
  }
  if (emptied.iterations) {
    line->iterations.reset();
    profile.iterations.reset();
  }
  if (emptied.stop_timeout) {
    line->stop_timeout.reset();
  }
  if (emptied.seed) {
    line->seed.reset();
    plan->seed = 0;
  }
  if (emptied.tags) {
    line->tags.clear();
  }
  if (emptied.exclude_tags) {
    line->exclude_tags.clear();
  }
}

absl::Status ApplyStages(const StartRequest& request, RunOrder* order) {
  if (request.settings.users.has_value() || request.settings.spawn_rate.has_value() ||
      request.settings.arrival_rate.has_value()) {
    return absl::InvalidArgumentError(
        "stages must stand without users, spawn_rate and arrival_rate: they say themselves how "
        "many and how fast");
  }
  if (std::holds_alternative<Arrival>(order->plan.load_profile.load)) {
    return absl::InvalidArgumentError(
        "stages must not be set for an arrival-rate profile; set arrival_rate instead");
  }
  // What the command line says of the load stands for the plan's, and so do they.
  order->settings.users.reset();
  order->settings.spawn_rate.reset();
  order->settings.arrival_rate.reset();
  order->settings.run_time = request.settings.run_time;
  order->plan.load_profile.run_time.reset();
  order->plan.load_profile.load = *request.stages;
  return absl::OkStatus();
}

absl::Status KeepClasses(const std::vector<std::string>& wanted, Plan* plan) {
  SQUALL_RETURN_IF_ERROR(CheckNames(
      "user_classes", wanted, Names(plan->users, [](const UserClass& item) { return item.name; })));
  if (!wanted.empty()) {
    std::erase_if(plan->users, [&](const UserClass& item) {
      return std::find(wanted.begin(), wanted.end(), item.name) == wanted.end();
    });
  }
  return absl::OkStatus();
}

absl::Status CheckScriptWishes(const StartRequest& request, const PlanOffer& offer) {
  if (request.settings.arrival_rate.has_value()) {
    return absl::InvalidArgumentError(
        "arrival_rate must not be given for a locustfile, whose users wait for themselves");
  }
  SQUALL_RETURN_IF_ERROR(
      CheckNames("user_classes", request.user_classes,
                 Names(offer.user_classes, [](const UserClassOffer& item) { return item.name; })));
  return CheckNames(
      "options", Names(request.options, [](const auto& option) { return option.first; }),
      Names(offer.options, [](const ScriptOptionOffer& option) { return option.name; }));
}

}  // namespace

PlanOffer OfferOf(const Plan& plan, const RunSettings& settings) {
  Plan applied = plan;
  PlanOffer offer;
  if (ApplyRunSettings(settings, &applied).ok()) {
    offer.only_tags = settings.tags;
    offer.exclude_tags = settings.exclude_tags;
    offer.stop_timeout = settings.stop_timeout;
  } else {
    applied = plan;
  }
  offer.iterations = applied.load_profile.iterations;
  if (applied.seed != 0) {
    offer.seed = applied.seed;
  }
  offer.name = plan.name;
  offer.script = plan.script.has_value();
  offer.host = WithoutCredentials(applied.service.base_url);
  offer.tags = TagsOf(plan);  // all: those of the command line are only where the form begins
  ReadLoad(applied, &offer);
  for (const UserClass& item : plan.users) {
    offer.user_classes.push_back(
        {.name = item.name,
         .weight = item.weight,
         .fixed_count = item.fixed_count,
         .tasks = Names(item.tasks, [](const Task& task) { return task.name; })});
  }
  return offer;
}

absl::StatusOr<RunOrder> OrderFromRequest(const StartRequest& request,
                                          const std::vector<OfferedPlan>& offered) {
  RunOrder order;
  RunSettings settings = request.settings;
  RunSettings line;  // of the command line
  if (request.text.has_value()) {
    SQUALL_ASSIGN_OR_RETURN(order, FromText(*request.text));
  } else {
    SQUALL_ASSIGN_OR_RETURN(const OfferedPlan* plan, Find(request.plan, offered));
    if (settings.host == plan->offer.host) {
      settings.host.clear();  // as it was offered: without the password that the plan may have
    }
    order.plan = plan->plan;
    line = plan->settings;
    if (order.plan.script.has_value()) {
      SQUALL_RETURN_IF_ERROR(CheckScriptWishes(request, plan->offer));
    }
  }
  Empty(request.emptied, &order.plan, &line);
  order.settings = LaidOver(settings, line);
  if (order.settings.once) {
    return absl::InvalidArgumentError("once must not be set: a single pass needs a terminal");
  }
  if (!order.plan.script.has_value()) {
    SQUALL_RETURN_IF_ERROR(KeepClasses(request.user_classes, &order.plan));
    if (!request.options.empty()) {
      return absl::InvalidArgumentError("options must be empty: only a locustfile has some");
    }
  }
  if (request.stages.has_value()) {
    SQUALL_RETURN_IF_ERROR(ApplyStages(request, &order));
  }
  return order;
}

absl::StatusOr<Plan> ParseForeignPlan(const PlanInputs& inputs,
                                      std::vector<std::string>* warnings) {
  PlanResult result = ParsePlan(inputs);
  *warnings = std::move(result.warnings);
  if (!result.errors.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}",
        fmt::join(Names(result.errors, [](const PlanError& e) { return e.ToString(); }), "\n")));
  }
  return std::move(result.plan);
}

RunSettings LaidOver(const RunSettings& over, const RunSettings& base) {
  RunSettings settings = over;
  const auto lay = [](const auto& below, auto* field) {
    if (*field == std::decay_t<decltype(below)>()) {
      *field = below;
    }
  };
  lay(base.host, &settings.host);
  lay(base.tags, &settings.tags);
  lay(base.exclude_tags, &settings.exclude_tags);
  lay(base.seed, &settings.seed);
  lay(base.stop_timeout, &settings.stop_timeout);
  // Users and arrivals exclude each other, so those of `over` leave nothing of the other below.
  if (!over.arrival_rate.has_value()) {
    lay(base.users, &settings.users);
    lay(base.spawn_rate, &settings.spawn_rate);
  }
  if (!over.users.has_value() && !over.spawn_rate.has_value()) {
    lay(base.arrival_rate, &settings.arrival_rate);
  }
  lay(base.run_time, &settings.run_time);
  lay(base.iterations, &settings.iterations);
  settings.control_loss_policy = base.control_loss_policy;
  settings.control_loss_timeout = base.control_loss_timeout;
  return settings;
}

}  // namespace squall
