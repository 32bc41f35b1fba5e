// What a reply must be, and what is taken from it (sections.h).
#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/status_set.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

StatusIs ParseStatus(const Place& place, Reading* reading) {
  StatusIs check;
  const std::vector<Place> items = ReadListOrOne(place, reading->problems);
  if (items.empty() && place.node->IsList()) {
    reading->problems->Add(place, "must have at least one status");
  }
  for (const Place& item : items) {
    const std::optional<std::string> text = ReadTemplate(item, reading);
    if (!text) {
      continue;
    }
    if (text->find("{{") == std::string::npos) {
      const absl::Status status = StatusSet::Parse(*text).status();
      if (!status.ok()) {
        reading->problems->Add(item, MessageOf(status));
      }
    }
    check.expected += check.expected.empty() ? *text : "," + *text;
  }
  return check;
}

void ReadOptionalTemplate(Fields* fields, std::string_view key, std::optional<std::string>* out,
                          Reading* reading) {
  if (const auto place = fields->Find(key)) {
    *out = ReadTemplate(*place, reading);
  }
}

HeaderIs ParseHeaderCheck(const Place& place, Reading* reading) {
  HeaderIs check;
  if (place.node->IsScalar()) {
    check.header = ReadFilledText(place, reading->problems).value_or("");
    return check;
  }
  Fields fields(place, reading->problems);
  fields.Require("name");
  fields.FilledText("name", &check.header);
  fields.OneOf({"equals", "contains"}, false);
  ReadOptionalTemplate(&fields, "equals", &check.equals, reading);
  ReadOptionalTemplate(&fields, "contains", &check.contains, reading);
  return check;
}

// A number as text, or a template that gives one.
void ReadNumberTemplate(const Place& place, std::optional<std::string>* out, Reading* reading) {
  if (place.node->IsScalar() && place.node->text.find("{{") != std::string::npos) {
    *out = ReadTemplate(place, reading);
  } else if (ReadNumber(place, {.min = std::numeric_limits<double>::lowest()}, reading->problems)) {
    *out = place.node->text;
  }
}

JsonIs ParseJsonCheck(const Place& place, Reading* reading) {
  JsonIs check{.path = "$"};
  if (place.node->IsScalar()) {
    check.path = ReadJsonPath(place, reading).value_or("$");
    return check;
  }
  Fields fields(place, reading->problems);
  if (const auto path = fields.Find("path")) {
    check.path = ReadJsonPath(*path, reading).value_or("$");
  }
  fields.OneOf({"equals", "number", "exists", "has_fields"}, true);
  ReadOptionalTemplate(&fields, "equals", &check.equals, reading);
  if (const auto number = fields.Find("number")) {
    ReadNumberTemplate(*number, &check.number, reading);
  }
  fields.Number("tolerance", {}, &check.tolerance);
  if (fields.Has("tolerance") && !fields.Has("number")) {
    reading->problems->Add(*fields.Find("tolerance"), "must stand beside the key 'number'");
  }
  bool exists = true;
  fields.Truth("exists", &exists);
  if (!exists) {
    reading->problems->Add(*fields.Find("exists"), "must be true; leave the check out otherwise");
  }
  if (const auto names = fields.Find("has_fields")) {
    for (const Place& item : ReadListOrOne(*names, reading->problems)) {
      check.has_fields.push_back(ReadFilledText(item, reading->problems).value_or(""));
    }
    if (names->node->IsList() && names->node->items.empty()) {
      reading->problems->Add(*names, "must name at least one field");
    }
  }
  return check;
}

// How reports call a check that has no name of its own.
struct DefaultName {
  std::string operator()(const StatusIs& check) const {
    return fmt::format("status is {}", check.expected);
  }
  std::string operator()(const HeaderIs& check) const {
    if (check.equals) {
      return fmt::format("header {} is '{}'", check.header, Shown(*check.equals));
    }
    return check.contains
               ? fmt::format("header {} contains '{}'", check.header, Shown(*check.contains))
               : fmt::format("header {} is there", check.header);
  }
  std::string operator()(const BodyContains& check) const {
    return fmt::format("body contains '{}'", Shown(check.text));
  }
  std::string operator()(const BodyMatches& check) const {
    return fmt::format("body matches {}", Shown(check.regex));
  }
  std::string operator()(const JsonIs& check) const {
    const std::string path = Shown(check.path);
    if (check.equals) {
      return fmt::format("{} is '{}'", path, Shown(*check.equals));
    }
    if (check.number) {
      return check.tolerance > 0
                 ? fmt::format("{} is {} ± {}", path, Shown(*check.number), check.tolerance)
                 : fmt::format("{} is {}", path, Shown(*check.number));
    }
    return check.has_fields.empty()
               ? fmt::format("{} is there", path)
               : fmt::format("{} has {}", path,
                             Shown(fmt::format("{}", fmt::join(check.has_fields, ", "))));
  }
  std::string operator()(const ResponseTimeBelow& check) const {
    return fmt::format("response time below {}", FormatTimeSpan(check.limit));
  }
};

Check ParseCheck(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Check check;
  fields.FilledText("name", &check.name);
  const std::vector<std::string> kinds = {"status",       "header", "body_contains",
                                          "body_matches", "json",   "response_time"};
  const std::optional<size_t> choice = fields.OneOf(kinds, true);
  if (!choice) {
    return check;
  }
  const Place value = *fields.Find(kinds[*choice]);
  switch (*choice) {
    case 0:
      check.test = ParseStatus(value, reading);
      break;
    case 1:
      check.test = ParseHeaderCheck(value, reading);
      break;
    case 2:
      check.test = BodyContains{ReadTemplate(value, reading).value_or("")};
      break;
    case 3:
      check.test = BodyMatches{ReadRegex(value, -1, reading).value_or("")};
      break;
    case 4:
      check.test = ParseJsonCheck(value, reading);
      break;
    default:
      check.test = ResponseTimeBelow{
          ReadSpan(value, SpanRule::kPositive, reading->problems).value_or(Nanos(0))};
  }
  if (check.name.empty()) {
    check.name = std::visit(DefaultName(), check.test);
  }
  return check;
}

Extract ParseExtract(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Extract extract;
  const std::vector<std::string> kinds = {"json", "regex", "header"};
  if (const auto choice = fields.OneOf(kinds, true)) {
    const Place value = *fields.Find(kinds[*choice]);
    extract.from = static_cast<Extract::From>(*choice);
    const std::optional<std::string> expression =
        extract.from == Extract::From::kJson    ? ReadJsonPath(value, reading)
        : extract.from == Extract::From::kRegex ? ReadRegex(value, 1, reading)
                                                : ReadFilledText(value, reading->problems);
    extract.expression = expression.value_or("");
  }
  if (const auto as = fields.Require("as")) {
    extract.as = ReadVariableName(*as, reading).value_or("");
  }
  extract.scope = ParseScope(&fields);
  if (const auto fallback = fields.Find("default")) {
    extract.fallback = ReadText(*fallback, reading->problems);
  }
  reading->variables.Set(extract.as, extract.scope);
  return extract;
}

}  // namespace

std::vector<Check> ParseChecks(const Place& place, Reading* reading) {
  std::vector<Check> checks;
  for (const Place& item : ReadList(place, reading->problems)) {
    checks.push_back(ParseCheck(item, reading));
  }
  return checks;
}

std::vector<Extract> ParseExtracts(const Place& place, Reading* reading) {
  std::vector<Extract> extracts;
  for (const Place& item : ReadList(place, reading->problems)) {
    extracts.push_back(ParseExtract(item, reading));
  }
  return extracts;
}

}  // namespace squall
