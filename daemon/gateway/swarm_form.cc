#include "daemon/gateway/swarm_form.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/http/http_message.h"
#include "daemon/wire/proto_reader.h"

namespace squall {
namespace {

absl::StatusOr<double> Number(std::string_view name, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0)) {
    return absl::InvalidArgumentError(
        fmt::format("{} must be a number, 0 or more, got '{}'", name, text));
  }
  return number;
}

absl::StatusOr<uint64_t> UserCount(std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count > kUsersMax) {
    return absl::InvalidArgumentError(
        fmt::format("user_count must be a whole number up to {}, got '{}'", kUsersMax, text));
  }
  return count;
}

absl::StatusOr<double> SpawnRate(std::string_view text) {
  SQUALL_ASSIGN_OR_RETURN(const double rate, Number("spawn_rate", text));
  if (rate <= 0 || rate > kRateMax) {
    return absl::InvalidArgumentError(
        fmt::format("spawn_rate must be above 0 and at most {}, got '{}'", kRateMax, text));
  }
  return rate;
}

absl::StatusOr<Nanos> Span(std::string_view name, std::string_view text) {
  absl::StatusOr<Nanos> span = ParseTimeSpan(text);
  if (!span.ok()) {
    return absl::InvalidArgumentError(fmt::format(
        "{} must be a time span such as 20, 20s, 3m, 2h or 1h20m, got '{}'", name, text));
  }
  return span;
}

// Words apart by spaces or commas, as on Locust's command line.
void AddWords(std::string_view text, std::vector<std::string>* words) {
  while (!text.empty()) {
    const size_t end = text.find_first_of(", ");
    if (end != 0) {
      words->emplace_back(text.substr(0, end));
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
}

const PlanOffer* FindOffer(const std::string& name, const std::vector<PlanOffer>& plans) {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const PlanOffer& plan) {
    return name.empty() || plan.name == name;
  });
  return found == plans.end() ? nullptr : &*found;
}

bool HasOption(const PlanOffer& plan, const std::string& name) {
  return std::any_of(plan.options.begin(), plan.options.end(),
                     [&](const ScriptOptionOffer& option) { return option.name == name; });
}

using Form = std::vector<std::pair<std::string, std::string>>;

std::string Field(const Form& form, std::string_view name) {
  const auto found = std::find_if(form.begin(), form.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == form.end() ? "" : found->second;
}

// A field that was sent empty is one that was not filled in.
absl::Status Read(const std::string& name, const std::string& value, SwarmForm* swarm) {
  RunSettings& settings = swarm->start.settings;
  if (name == "user_count") {
    SQUALL_ASSIGN_OR_RETURN(swarm->user_count, UserCount(value));
  } else if (name == "spawn_rate") {
    SQUALL_ASSIGN_OR_RETURN(swarm->spawn_rate, SpawnRate(value));
  } else if (name == "run_time") {
    SQUALL_ASSIGN_OR_RETURN(settings.run_time, Span(name, value));
  } else if (name == "stop_timeout") {
    SQUALL_ASSIGN_OR_RETURN(settings.stop_timeout, Span(name, value));
  } else if (name == "host") {
    settings.host = value;
  } else if (name == "user_classes") {
    swarm->start.user_classes.push_back(value);
  } else if (name == "tags") {
    AddWords(value, &settings.tags);
  } else if (name == "exclude_tags") {
    AddWords(value, &settings.exclude_tags);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SwarmForm> ParseSwarmForm(std::string_view text,
                                         const std::vector<PlanOffer>& plans) {
  const Form form = ParseForm(text);
  SwarmForm swarm;
  swarm.start.plan = Field(form, "plan");
  const PlanOffer* plan = FindOffer(swarm.start.plan, plans);
  if (plan == nullptr) {
    return absl::InvalidArgumentError(
        swarm.start.plan.empty()
            ? "there is no plan to start here"
            : fmt::format("plan must be one that is offered, got '{}'", swarm.start.plan));
  }
  for (const auto& [name, value] : form) {
    if (value.empty()) {
      continue;
    }
    SQUALL_RETURN_IF_ERROR(Read(name, value, &swarm));
    if (HasOption(*plan, name)) {
      std::string& option = swarm.start.options[name];
      option += (option.empty() ? "" : "\n") + value;  // many values: one a line
    }
  }
  swarm.host = swarm.start.settings.host.empty() ? plan->host : swarm.start.settings.host;
  const std::string shape = Field(form, "shape_class");
  const bool wants_shape = !shape.empty() && shape != "Default";
  if (wants_shape && !plan->has_shape) {
    return absl::InvalidArgumentError(fmt::format(
        "shape_class must be left out: plan '{}' has no shape, got '{}'", plan->name, shape));
  }
  // As Locust: a locustfile's shape decides, whatever was typed.
  swarm.by_shape = plan->has_shape && (wants_shape || (plan->script && shape.empty()));
  if (!swarm.by_shape) {
    swarm.start.settings.users = swarm.user_count;
    swarm.start.settings.spawn_rate = swarm.spawn_rate;
  }
  return swarm;
}

}  // namespace squall
