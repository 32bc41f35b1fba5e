#include <set>

#include <fmt/format.h>

#include "daemon/plan/sections.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

constexpr NumberRange kWeight{.min = 0, .max = kWeightMax};

WaitTime ParseWaitTime(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  WaitTime wait;
  const std::vector<std::string> kinds = {"constant", "between", "constant_pacing",
                                          "constant_throughput"};
  const std::optional<size_t> choice = fields.OneOf(kinds, true);
  if (!choice) {
    return wait;
  }
  const Place value = *fields.Find(kinds[*choice]);
  wait.kind = static_cast<WaitTime::Kind>(*choice);
  switch (wait.kind) {
    case WaitTime::Kind::kBetween:
      std::tie(wait.low, wait.high) = ReadSpanPair(value, reading);
      break;
    case WaitTime::Kind::kConstantThroughput:
      wait.per_second =
          ReadNumber(value, {.min = 0, .max = 1e6, .above_min = true}, reading->problems)
              .value_or(1);
      break;
    default:
      wait.low = ReadSpan(value, SpanRule::kAny, reading->problems).value_or(Nanos(0));
  }
  return wait;
}

std::vector<std::string> ParseTags(const Place& place, Reading* reading) {
  std::vector<std::string> tags;
  for (const Place& item : ReadListOrOne(place, reading->problems)) {
    const std::optional<std::string> tag = ReadFilledText(item, reading->problems);
    if (tag && tag->find_first_of(", \t\n") != std::string::npos) {
      reading->problems->Add(item, fmt::format("must be one word, got '{}'", Shown(*tag)));
    }
    tags.push_back(tag.value_or(""));
  }
  return tags;
}

// The name of a class or task, once in its list.
void ReadUniqueName(Fields* fields, std::set<std::string>* seen, std::string* name) {
  const std::optional<Place> place = fields->Require("name");
  if (!place) {
    return;
  }
  fields->FilledText("name", name);
  if (!name->empty() && !seen->insert(*name).second) {
    fields->problems()->Add(*place, fmt::format("must not be there twice, got '{}'", Shown(*name)));
  }
}

Task ParseTask(const Place& place, std::set<std::string>* names, Reading* reading) {
  Fields fields(place, reading->problems);
  Task task;
  task.mark = reading->problems->ToSource(place.node->mark);
  ReadUniqueName(&fields, names, &task.name);
  fields.Number("weight", kWeight, &task.weight);
  if (const auto tags = fields.Find("tags")) {
    task.tags = ParseTags(*tags, reading);
  }
  if (const auto steps = fields.Require("steps")) {
    task.steps = ParseSteps(*steps, reading);
    if (steps->node->IsList() && steps->node->items.empty()) {
      reading->problems->Add(*steps, "must have at least one step");
    }
  }
  return task;
}

UserClass ParseUserClass(const Place& place, std::set<std::string>* names, Reading* reading) {
  Fields fields(place, reading->problems);
  UserClass user;
  user.mark = reading->problems->ToSource(place.node->mark);
  ReadUniqueName(&fields, names, &user.name);
  fields.Number("weight", kWeight, &user.weight);
  fields.Whole("fixed_count", {.min = 1, .max = 10'000'000}, &user.fixed_count);
  if (const auto wait = fields.Find("wait_time")) {
    user.wait_time = ParseWaitTime(*wait, reading);
  }
  if (const auto host = fields.Find("host")) {
    user.host = ReadUrl(*host, reading).value_or("");
  }
  if (const auto steps = fields.Find("on_start")) {
    user.on_start = ParseSteps(*steps, reading);
  }
  if (const auto tasks = fields.Require("tasks")) {
    std::set<std::string> task_names;
    for (const Place& item : ReadList(*tasks, reading->problems)) {
      user.tasks.push_back(ParseTask(item, &task_names, reading));
    }
    if (tasks->node->IsList() && user.tasks.empty()) {
      reading->problems->Add(*tasks, "must have at least one task");
    }
  }
  if (const auto steps = fields.Find("on_stop")) {
    user.on_stop = ParseSteps(*steps, reading);
  }
  return user;
}

}  // namespace

std::vector<UserClass> ParseUsers(const Place& place, Reading* reading) {
  std::vector<UserClass> users;
  std::set<std::string> names;
  for (const Place& item : ReadList(place, reading->problems)) {
    reading->variables.EnterClass(static_cast<int>(users.size()));
    users.push_back(ParseUserClass(item, &names, reading));
  }
  reading->variables.EnterClass(-1);
  if (place.node->IsList() && users.empty()) {
    reading->problems->Add(place, "must have at least one user class");
  }
  return users;
}

}  // namespace squall
