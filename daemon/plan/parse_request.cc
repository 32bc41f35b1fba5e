#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "daemon/plan/sections.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

void ReadMethod(Fields* fields, std::string_view step, std::string* method) {
  if (step != "request") {
    *method = Upper(step);
    return;
  }
  fields->FilledText("method", method);
  const bool letters = std::all_of(method->begin(), method->end(),
                                   [](unsigned char c) { return std::isalpha(c) || c == '-'; });
  if (!letters) {
    fields->problems()->Add(
        *fields->Find("method"),
        fmt::format("must be an HTTP method such as GET, got '{}'", Shown(*method)));
  }
  *method = Upper(*method);
}

void ReadPath(const Place& place, std::string* path, Reading* reading) {
  const std::optional<std::string> text = ReadTemplate(place, reading);
  if (!text) {
    return;
  }
  *path = *text;
  bool known_start = false;
  for (const char* start : {"/", "http://", "https://", "{{"}) {
    known_start = known_start || text->starts_with(start);
  }
  if (!known_start) {
    reading->problems->Add(
        place, fmt::format("must start with / or http:// or https://, got '{}'", Shown(*text)));
  }
  // Blanks are fine inside {{ }} only.
  bool in_hole = false;
  for (size_t i = 0; i < text->size(); ++i) {
    in_hole = text->compare(i, 2, "{{") == 0 || (in_hole && text->compare(i, 2, "}}") != 0);
    if (!in_hole && static_cast<unsigned char>((*text)[i]) <= ' ') {
      reading->problems->Add(
          place, fmt::format("must not hold blanks (write %20), got '{}'", Shown(*text)));
      return;
    }
  }
}

void ReadBody(Fields* fields, RequestStep* step, Reading* reading) {
  fields->OneOf({"body", "json", "form"}, false);
  ReadTemplateField(fields, "body", &step->body, reading);
  if (const auto json = fields->Find("json")) {
    step->json = ReadJsonBody(*json, reading).value_or("");
  }
  if (const auto form = fields->Find("form")) {
    step->form = ParseFormFields(*form, reading);
  }
}

Retry ParseRetry(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Retry retry;
  fields.Require("attempts");
  fields.Whole("attempts", {.min = 1, .max = 100}, &retry.attempts_max);
  fields.Span("delay", SpanRule::kAny, &retry.delay);
  if (const auto on_status = fields.Find("on_status")) {
    for (const Place& item : ReadListOrOne(*on_status, reading->problems)) {
      if (const auto status = ReadWhole(item, {.min = 100, .max = 599}, reading->problems)) {
        retry.on_status.push_back(static_cast<int>(*status));
      }
    }
  }
  return retry;
}

}  // namespace

std::vector<FormField> ParseFormFields(const Place& place, Reading* reading) {
  std::vector<FormField> form;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    // A list repeats the field: tag: [a, b] is tag=a&tag=b.
    for (const Place& value : ReadListOrOne(entry.value, reading->problems)) {
      form.push_back({entry.key, ReadTemplate(value, reading).value_or("")});
    }
  }
  return form;
}

RequestStep ParseRequest(std::string_view method, const Place& place, Reading* reading) {
  RequestStep step;
  if (place.node->IsScalar() && method != "request") {
    step.method = Upper(method);
    ReadPath(place, &step.path, reading);
    return step;
  }
  Fields fields(place, reading->problems);
  ReadMethod(&fields, method, &step.method);
  if (const auto path = fields.Require("path")) {
    ReadPath(*path, &step.path, reading);
  }
  if (const auto query = fields.Find("query")) {
    step.query = ParseFormFields(*query, reading);
  }
  if (const auto headers = fields.Find("headers")) {
    step.headers = ParseHeaders(*headers, reading);
  }
  ReadTemplateField(&fields, "name", &step.name, reading);
  ReadBody(&fields, &step, reading);
  fields.Span("timeout", SpanRule::kPositive, &step.timeout);
  fields.Whole("max_redirects", {.min = 0, .max = 100}, &step.redirects_max);
  if (const auto retry = fields.Find("retry")) {
    step.retry = ParseRetry(*retry, reading);
  }
  fields.Truth("expect_continue", &step.expect_continue);
  if (const auto checks = fields.Find("checks")) {
    step.checks = ParseChecks(*checks, reading);
  }
  if (const auto extract = fields.Find("extract")) {
    step.extract = ParseExtracts(*extract, reading);
  }
  return step;
}

}  // namespace squall
