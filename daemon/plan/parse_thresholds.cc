#include <fmt/format.h>

#include "daemon/plan/sections.h"

namespace squall {
namespace {

void AddThreshold(const std::string& selector, const Place& place, std::vector<Threshold>* list,
                  Reading* reading) {
  std::optional<Fields> fields;
  std::optional<Place> expression = place;
  if (place.node->IsMap()) {
    fields.emplace(place, reading->problems);
    expression = fields->Require("threshold");
  }
  Threshold threshold;
  const std::optional<std::string> text =
      expression ? ReadFilledText(*expression, reading->problems) : std::nullopt;
  if (text) {
    absl::StatusOr<Threshold> parsed = ParseThreshold(selector, *text);
    if (parsed.ok()) {
      threshold = *std::move(parsed);
    } else {
      reading->problems->Add(*expression, MessageOf(parsed.status()));
    }
  }
  if (fields) {
    fields->Truth("abort_on_fail", &threshold.abort_on_fail);
    fields->Span("abort_delay", SpanRule::kAny, &threshold.abort_delay);
  }
  list->push_back(std::move(threshold));
}

}  // namespace

std::vector<Threshold> ParseThresholds(const Place& place, Reading* reading) {
  std::vector<Threshold> thresholds;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    if (!entry.value.node->IsList()) {
      AddThreshold(entry.key, entry.value, &thresholds, reading);
      continue;
    }
    const std::vector<Place> items = ReadList(entry.value, reading->problems);
    if (items.empty()) {
      reading->problems->Add(entry.value, "must have at least one rule");
    }
    for (const Place& item : items) {
      AddThreshold(entry.key, item, &thresholds, reading);
    }
  }
  return thresholds;
}

Outputs ParseOutputs(const Place& place, Reading* reading) {
  Fields fields(place, reading->problems);
  Outputs outputs;
  fields.FilledText("csv", &outputs.csv_prefix);
  fields.FilledText("json", &outputs.json_file);
  fields.FilledText("junit", &outputs.junit_file);
  fields.FilledText("markdown", &outputs.markdown_file);
  return outputs;
}

}  // namespace squall
