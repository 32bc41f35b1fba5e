#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/tagged_requests.h"
#include "daemon/plan/yaml_text.h"

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

// A tag is part of the key, so all rules under it have the same.
void CheckTag(const Place& place, const std::string& tag, const std::vector<std::string>& tags,
              Reading* reading) {
  if (tag.empty() || std::binary_search(tags.begin(), tags.end(), tag)) {
    return;
  }
  const std::string nearest = SuggestNearest(tag, tags);
  reading->problems->Add(
      place, fmt::format("must select by a tag that a task has, got '{}'{}", Shown(tag),
                         nearest.empty() ? tags.empty() ? "; no task has any" : ""
                                         : fmt::format("; did you mean '{}'?", nearest)));
}

}  // namespace

std::vector<Threshold> ParseThresholds(const Place& place, const std::vector<UserClass>& users,
                                       Reading* reading) {
  const std::vector<std::string> tags = TagsOf(users);
  std::vector<Threshold> thresholds;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    const size_t before = thresholds.size();
    if (!entry.value.node->IsList()) {
      AddThreshold(entry.key, entry.value, &thresholds, reading);
    } else {
      const std::vector<Place> items = ReadList(entry.value, reading->problems);
      if (items.empty()) {
        reading->problems->Add(entry.value, "must have at least one rule");
      }
      for (const Place& item : items) {
        AddThreshold(entry.key, item, &thresholds, reading);
      }
    }
    if (thresholds.size() > before) {
      CheckTag(entry.value, thresholds[before].tag, tags, reading);
    }
  }
  const absl::Status resolved = ResolveThresholdTags(users, &thresholds);
  if (!resolved.ok()) {
    reading->problems->Add(place, MessageOf(resolved));
  }
  return thresholds;
}

}  // namespace squall
