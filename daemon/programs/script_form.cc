#include "daemon/programs/script_form.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon/plan/value.h"
#include "daemon/report/text.h"

namespace squall {
namespace {

ValueList TextList(const std::vector<std::string>& texts) {
  return ValueList(texts.begin(), texts.end());
}

}  // namespace

std::string ChosenJson(const StartRequest& request) {
  ValueObject chosen;
  for (const auto& [name, value] : request.options) {
    chosen.emplace_back(name, value);
  }
  // Locust's parser knows whole seconds only.
  const auto seconds = [](Nanos span) {
    return fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(span).count());
  };
  const RunSettings& settings = request.settings;
  if (!settings.host.empty()) {
    chosen.emplace_back("host", settings.host);
  }
  if (settings.users.has_value()) {
    chosen.emplace_back("num_users", std::to_string(*settings.users));
  }
  if (settings.spawn_rate.has_value()) {
    chosen.emplace_back("spawn_rate", fmt::format("{}", *settings.spawn_rate));
  }
  if (settings.run_time.has_value()) {
    chosen.emplace_back("run_time", seconds(*settings.run_time));
  }
  if (settings.iterations.has_value()) {
    chosen.emplace_back("iterations", std::to_string(*settings.iterations));
  }
  if (settings.stop_timeout.has_value()) {
    chosen.emplace_back("stop_timeout", seconds(*settings.stop_timeout));
  }
  const EmptiedFields& emptied = request.emptied;
  const auto empty = [&chosen](const char* name, bool is_empty) {
    if (is_empty) {
      chosen.emplace_back(name, "");  // undoes what the command line says
    }
  };
  empty("host", emptied.host);
  empty("run_time", emptied.run_time);
  empty("iterations", emptied.iterations);
  empty("stop_timeout", emptied.stop_timeout);
  if (!settings.tags.empty() || emptied.tags) {
    chosen.emplace_back("tags", TextList(settings.tags));
  }
  if (!settings.exclude_tags.empty() || emptied.exclude_tags) {
    chosen.emplace_back("exclude_tags", TextList(settings.exclude_tags));
  }
  if (!request.user_classes.empty()) {
    chosen.emplace_back("user_classes", TextList(request.user_classes));
  }
  std::string json;
  if (!chosen.empty()) {
    Value(std::move(chosen)).AppendJson(&json);
  }
  return json;
}

void DescribeScript(const ScriptDescription& told, PlanOffer* offer) {
  offer->script = true;
  offer->host = WithoutCredentials(told.host);
  offer->users = told.has_shape ? std::nullopt : std::optional(told.users.value_or(1));
  offer->spawn_rate = told.has_shape ? std::nullopt : std::optional(told.spawn_rate.value_or(1));
  offer->run_time = told.run_time;
  offer->has_shape = told.has_shape;
  if (told.has_shape) {
    offer->load = "as the file's shape says";
    offer->planned.clear();
    offer->stages.reset();
  }
  offer->tags = told.all_tags;
  offer->only_tags = told.tags;
  offer->exclude_tags = told.exclude_tags;
  offer->iterations = told.iterations;
  if (told.stop_timeout.value_or(Nanos(0)) > Nanos(0)) {
    offer->stop_timeout = told.stop_timeout;
  }
  offer->user_classes.clear();
  for (const ScriptClass& from : told.classes) {
    UserClassOffer& to = offer->user_classes.emplace_back();
    to.name = from.name;
    to.weight = from.weight;
    to.fixed_count = from.fixed_count == 0 ? std::nullopt : std::optional(from.fixed_count);
    to.tasks = from.tasks;
  }
  for (const ScriptOption& from : told.options) {
    offer->options.push_back({from.name, from.help, from.value, from.choices, from.flag, from.many,
                              from.secret, from.required});
  }
}

}  // namespace squall
