#include <array>
#include <utility>

#include <fmt/format.h>

#include "daemon/plan/sections.h"

namespace squall {
namespace {

constexpr std::array<std::pair<const char*, Condition::Op>, 6> kConditions = {
    {{"exists", Condition::Op::kExists},
     {"equals", Condition::Op::kEquals},
     {"not_equals", Condition::Op::kNotEquals},
     {"less", Condition::Op::kLess},
     {"greater", Condition::Op::kGreater},
     {"contains", Condition::Op::kContains}}};

void AddStep(const Place& place, decltype(Step::what) what, StepList* steps, Reading* reading) {
  steps->push_back({std::move(what), reading->problems->ToSource(place.node->mark)});
}

// {variable: text}, or {variable: {value: text, scope: shared}}.
void ParseSet(const Place& place, StepList* steps, Reading* reading) {
  const std::vector<KeyedPlace> entries = ReadMap(place, reading->problems);
  if (entries.empty() && place.node->IsMap()) {
    reading->problems->Add(place, "must set at least one variable");
  }
  for (const KeyedPlace& entry : entries) {
    const YamlNode key{.kind = YamlNode::Kind::kScalar, .mark = entry.key_mark, .text = entry.key};
    SetStep step;
    step.variable = ReadVariableName({&key, entry.value.path}, reading).value_or("");
    if (entry.value.node->IsMap()) {
      Fields fields(entry.value, reading->problems);
      fields.Require("value");
      ReadTemplateField(&fields, "value", &step.value, reading);
      step.scope = ParseScope(&fields);
    } else {
      step.value = ReadTemplate(entry.value, reading).value_or("");
    }
    reading->variables.Set(step.variable, step.scope);
    AddStep(entry.value, std::move(step), steps, reading);
  }
}

PickStep ParsePick(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  PickStep step;
  if (const auto from = fields.Require("from")) {
    step.from = ReadFilledText(*from, reading->problems).value_or("");
    reading->variables.Read(step.from, *from, VariableLedger::Use::kSource);
    const auto data = reading->data_orders.find(step.from);
    step.order = data == reading->data_orders.end() ? PickOrder::kRandom : data->second;
  }
  if (const auto as = fields.Require("as")) {
    step.as = ReadVariableName(*as, reading).value_or("");
    reading->variables.Set(step.as, VariableScope::kUser);
  }
  if (const auto order = fields.Find("order")) {
    const auto choice = ReadChoice(*order, {"random", "sequential", "unique"}, reading->problems);
    step.order = static_cast<PickOrder>(choice.value_or(0));
    if (step.order != PickOrder::kRandom && !reading->data_orders.contains(step.from)) {
      reading->problems->Add(*order, "must be random: only test data has another order");
    }
  }
  return step;
}

Condition ParseCondition(Fields* fields, Reading* reading) {
  std::vector<std::string> names;
  for (const auto& [name, op] : kConditions) {
    names.emplace_back(name);
  }
  Condition condition;
  const std::optional<size_t> choice = fields->OneOf(names, true);
  if (!choice) {
    return condition;
  }
  condition.op = kConditions[*choice].second;
  const Place place = *fields->Find(names[*choice]);
  if (condition.op == Condition::Op::kExists) {
    condition.left = ReadFilledText(place, reading->problems).value_or("");
    if (condition.left.find("{{") != std::string::npos) {
      reading->problems->Add(place, "must be a variable's name without {{ }}");
    } else {
      reading->variables.Read(condition.left, place, VariableLedger::Use::kMaybe);
    }
    return condition;
  }
  const std::vector<Place> sides = ReadList(place, reading->problems);
  if (sides.size() != 2) {
    reading->problems->Add(place, "must be a list of two: what to compare, and with what");
    return condition;
  }
  condition.left = ReadTemplate(sides[0], reading).value_or("");
  condition.right = ReadTemplate(sides[1], reading).value_or("");
  return condition;
}

IfStep ParseIf(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  IfStep step;
  step.condition = ParseCondition(&fields, reading);
  if (const auto then = fields.Find("then")) {
    step.then = ParseSteps(*then, reading);
  }
  if (const auto otherwise = fields.Find("else")) {
    step.otherwise = ParseSteps(*otherwise, reading);
  }
  if (fields.ok() && !fields.Has("then") && !fields.Has("else")) {
    reading->problems->Add(place, "must have the key 'then' or 'else'");
  }
  return step;
}

LoopStep ParseLoop(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  LoopStep step;
  fields.Require("times");
  fields.Whole("times", {.min = 1, .max = 1'000'000'000}, &step.times);
  if (const auto steps = fields.Require("steps")) {
    step.steps = ParseSteps(*steps, reading);
  }
  return step;
}

ThinkStep ParseThink(const Place& place, Reading* reading) {
  ThinkStep step;
  if (place.node->IsList()) {
    std::tie(step.low, step.high) = ReadSpanPair(place, reading);
  } else {
    step.low = step.high = ReadSpan(place, SpanRule::kAny, reading->problems).value_or(Nanos(0));
  }
  return step;
}

const std::vector<std::string>& StepNames() {
  static const std::vector<std::string> names = {"request", "get",  "post",    "put", "patch",
                                                 "delete",  "head", "options", "set", "pick",
                                                 "if",      "loop", "think",   "log", "fail"};
  return names;
}

void ParseStep(const Place& place, StepList* steps, Reading* reading) {
  Fields fields(place, reading->problems);
  // A single key that is not known is reported as such, with the nearest name.
  const std::optional<size_t> choice = fields.OneOf(StepNames(), place.node->entries.size() != 1);
  if (!choice) {
    return;
  }
  const std::string& name = StepNames()[*choice];
  const Place value = *fields.Find(name);
  const auto add = [&](decltype(Step::what) what) {
    AddStep(place, std::move(what), steps, reading);
  };
  if (name == "set") {
    ParseSet(value, steps, reading);
  } else if (name == "pick") {
    add(ParsePick(value, reading));
  } else if (name == "if") {
    add(ParseIf(value, reading));
  } else if (name == "loop") {
    add(ParseLoop(value, reading));
  } else if (name == "think") {
    add(ParseThink(value, reading));
  } else if (name == "log") {
    add(LogStep{ReadTemplate(value, reading).value_or("")});
  } else if (name == "fail") {
    add(FailStep{ReadTemplate(value, reading).value_or("")});
  } else {
    add(ParseRequest(name, value, reading));
  }
}

}  // namespace

VariableScope ParseScope(Fields* fields) {
  const std::optional<Place> scope = fields->Find("scope");
  const auto choice =
      scope ? ReadChoice(*scope, {"user", "shared"}, fields->problems()) : std::nullopt;
  return choice == 1 ? VariableScope::kShared : VariableScope::kUser;
}

std::pair<Nanos, Nanos> ReadSpanPair(const Place& place, Reading* reading) {
  const std::vector<Place> items = ReadList(place, reading->problems);
  if (items.size() != 2) {
    if (place.node->IsList()) {
      reading->problems->Add(
          place, fmt::format("must be a list of two, from and to, got {}", items.size()));
    }
    return {};
  }
  const auto low = ReadSpan(items[0], SpanRule::kAny, reading->problems);
  const auto high = ReadSpan(items[1], SpanRule::kAny, reading->problems);
  if (low && high && *low > *high) {
    reading->problems->Add(place, "must have the smaller time first");
  }
  return {low.value_or(Nanos(0)), high.value_or(Nanos(0))};
}

StepList ParseSteps(const Place& place, Reading* reading) {
  StepList steps;
  for (const Place& item : ReadList(place, reading->problems)) {
    ParseStep(item, &steps, reading);
  }
  return steps;
}

}  // namespace squall
