#include "daemon/plan/reader.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/base/units.h"
#include "daemon/base/utf8.h"
#include "daemon/plan/scalar.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

// Enough to sort and to show the first 20 of, little enough for a hostile plan.
constexpr size_t kEntriesMax = 1000;

std::string MustBe(std::string_view what, const YamlNode& node) {
  return fmt::format("must be {}, got {}", what, Describe(node));
}

std::string RangeText(std::string_view kind, const WholeRange& range) {
  if (range.max == std::numeric_limits<int64_t>::max()) {
    return fmt::format("{} of at least {}", kind, range.min);
  }
  return fmt::format("{} from {} to {}", kind, range.min, range.max);
}

std::string RangeText(std::string_view kind, const NumberRange& range) {
  const std::string low = range.above_min ? fmt::format("above {}", range.min)
                                          : fmt::format("of at least {}", range.min);
  if (range.max == std::numeric_limits<double>::max()) {
    return fmt::format("{} {}", kind, low);
  }
  return fmt::format("{} {} and at most {}", kind, low, range.max);
}

// Text that only looks like a number to a person, and what to do about it.
std::string NumberHint(const YamlNode& node) {
  if (node.IsScalar() && node.quoted && LooksLikeNumber(node.text)) {
    return " (leave the quotes out)";
  }
  const std::string_view text = node.text;
  if (node.IsScalar() && text.size() > 1 && text.front() == '0' &&
      text.find_first_not_of("0123456789") == std::string_view::npos) {
    return " (leave the leading zeros out)";
  }
  return "";
}

// Messages of the readers below may hold pieces of the user's text as it is.
std::string OneLine(std::string_view message) {
  constexpr size_t kBytesMax = 500;
  std::string line;
  AppendPrintable(message, kBytesMax, &line);
  return line;
}

bool IsPlain(const YamlNode& node) { return node.IsScalar() && !node.quoted; }

}  // namespace

void Problems::Add(const TextMark& mark, std::string path, std::string message) {
  ++count_;
  message = OneLine(message);
  if (errors_.size() < kEntriesMax) {
    errors_.push_back({mark, count_, {ToSource(mark), std::move(path), std::move(message)}});
  }
}

void Problems::Add(const Place& place, std::string message) {
  if (!place.node->faulty) {
    Add(place.node->mark, place.path, std::move(message));
  }
}

void Problems::Warn(const Place& place, const std::string& message) {
  const PlanError warning{ToSource(place.node->mark), place.path, OneLine(message)};
  warnings_.push_back(warning.ToString());
}

SourceMark Problems::ToSource(const TextMark& mark) const {
  const bool known = mark.file >= 0 && static_cast<size_t>(mark.file) < files_.size();
  return {known ? files_[mark.file] : "", mark.line, mark.column};
}

std::vector<PlanError> Problems::TakeErrors(size_t max) {
  std::sort(errors_.begin(), errors_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.mark, a.order) < std::tie(b.mark, b.order);
  });
  std::vector<PlanError> errors;
  for (size_t i = 0; i < std::min(max, errors_.size()); ++i) {
    errors.push_back(std::move(errors_[i].error));
  }
  errors_.clear();
  return errors;
}

std::string Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kScalar:
      return fmt::format("{}'{}'", node.quoted && LooksLikeNumber(node.text) ? "the text " : "",
                         Shown(node.text));
  }
  return "";
}

std::optional<std::string> ReadText(const Place& place, Problems* problems) {
  if (!place.node->IsScalar()) {
    problems->Add(place, MustBe("text", *place.node));
    return std::nullopt;
  }
  return place.node->text;
}

std::optional<std::string> ReadFilledText(const Place& place, Problems* problems) {
  std::optional<std::string> text = ReadText(place, problems);
  if (text && text->empty()) {
    problems->Add(place, "must not be empty");
    return std::nullopt;
  }
  return text;
}

std::optional<bool> ReadTruth(const Place& place, Problems* problems) {
  const YamlNode& node = *place.node;
  const std::optional<bool> truth = IsPlain(node) ? ScalarToTruth(node.text) : std::nullopt;
  if (!truth) {
    problems->Add(place, MustBe("true or false", node));
  }
  return truth;
}

std::optional<int64_t> ReadWhole(const Place& place, WholeRange range, Problems* problems) {
  const YamlNode& node = *place.node;
  const std::optional<int64_t> value = IsPlain(node) ? ScalarToWhole(node.text) : std::nullopt;
  if (!value || *value < range.min || *value > range.max) {
    problems->Add(place, MustBe(RangeText("a whole number", range), node) + NumberHint(node));
    return std::nullopt;
  }
  return value;
}

std::optional<double> ReadNumber(const Place& place, NumberRange range, Problems* problems) {
  const YamlNode& node = *place.node;
  const std::optional<double> value = IsPlain(node) ? ScalarToNumber(node.text) : std::nullopt;
  if (!value || *value < range.min || *value > range.max ||
      (range.above_min && *value == range.min)) {
    problems->Add(place, MustBe(RangeText("a number", range), node) + NumberHint(node));
    return std::nullopt;
  }
  return value;
}

std::optional<Nanos> ReadSpan(const Place& place, SpanRule rule, Problems* problems) {
  const YamlNode& node = *place.node;
  if (!node.IsScalar()) {
    problems->Add(place, MustBe("seconds or a time span such as 1m30s", node));
    return std::nullopt;
  }
  if (LooksLikeNumber(node.text) && node.text.starts_with('-')) {
    problems->Add(place, MustBe("a time span that is not negative", node));
    return std::nullopt;
  }
  const absl::StatusOr<Nanos> span = ParseTimeSpan(node.text);
  if (!span.ok()) {
    problems->Add(place, std::string(span.status().message()));
    return std::nullopt;
  }
  if (rule == SpanRule::kPositive && *span <= Nanos(0)) {
    problems->Add(place, MustBe("longer than 0 s", node));
    return std::nullopt;
  }
  return *span;
}

std::optional<int64_t> ReadBytes(const Place& place, Problems* problems) {
  const YamlNode& node = *place.node;
  const absl::StatusOr<int64_t> size = ParseByteSize(node.text);
  if (!node.IsScalar() || !size.ok() || *size < 1) {
    problems->Add(place, MustBe("a size above 0, such as 512, 64KiB or 10MB", node));
    return std::nullopt;
  }
  return *size;
}

std::optional<size_t> ReadChoice(const Place& place, std::initializer_list<std::string_view> names,
                                 Problems* problems) {
  const std::vector<std::string> all(names.begin(), names.end());
  const auto found = std::find(all.begin(), all.end(), place.node->text);
  if (place.node->IsScalar() && found != all.end()) {
    return found - all.begin();
  }
  const std::string nearest = SuggestNearest(place.node->text, all);
  problems->Add(place, MustBe(fmt::format("one of {}", fmt::join(all, ", ")), *place.node) +
                           (nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  return std::nullopt;
}

std::vector<Place> ReadList(const Place& place, Problems* problems) {
  std::vector<Place> items;
  if (!place.node->IsList()) {
    problems->Add(place, MustBe("a list", *place.node));
    return items;
  }
  for (size_t i = 0; i < place.node->items.size(); ++i) {
    items.push_back({&place.node->items[i], JoinIndex(place.path, i)});
  }
  return items;
}

std::vector<Place> ReadListOrOne(const Place& place, Problems* problems) {
  if (place.node->IsScalar()) {
    return {place};
  }
  return ReadList(place, problems);
}

std::vector<KeyedPlace> ReadMap(const Place& place, Problems* problems) {
  std::vector<KeyedPlace> entries;
  if (!place.node->IsMap()) {
    problems->Add(place, MustBe("a map", *place.node));
    return entries;
  }
  for (const YamlEntry& entry : place.node->entries) {
    entries.push_back({entry.key, entry.key_mark, {&entry.value, JoinKey(place.path, entry.key)}});
  }
  return entries;
}

Fields::Fields(const Place& place, Problems* problems) : place_(place), problems_(problems) {
  if (!ok()) {
    problems_->Add(place_, MustBe("a map", *place_.node));
  }
}

std::optional<Place> Fields::Find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
    known_.emplace_back(key);
  }
  const YamlNode* value = place_.node->Find(key);
  return value != nullptr ? std::optional(Place{value, JoinKey(place_.path, key)}) : std::nullopt;
}

std::optional<Place> Fields::Require(std::string_view key) {
  std::optional<Place> found = Find(key);
  if (!found && ok()) {
    problems_->Add(place_, fmt::format("must have the key '{}'", key));
  }
  return found;
}

std::optional<size_t> Fields::OneOf(const std::vector<std::string>& keys, bool required) {
  std::vector<size_t> present;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (Has(keys[i])) {
      present.push_back(i);
    }
  }
  if (present.size() > 1) {
    problems_->Add(place_, fmt::format("must have only one of the keys {}, got '{}' and '{}'",
                                       fmt::join(keys, ", "), keys[present[0]], keys[present[1]]));
  } else if (present.empty() && required && ok()) {
    problems_->Add(place_, fmt::format("must have one of the keys {}", fmt::join(keys, ", ")));
  }
  return present.size() == 1 ? std::optional(present[0]) : std::nullopt;
}

void Fields::Finish() {
  if (ignore_unknown_) {
    return;
  }
  for (const YamlEntry& entry : place_.node->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) {
      continue;
    }
    const std::string nearest = SuggestNearest(entry.key, known_);
    problems_->Add(entry.key_mark, JoinKey(place_.path, entry.key),
                   nearest.empty()
                       ? fmt::format("must be one of the keys {}", fmt::join(known_, ", "))
                       : fmt::format("must be a known key; did you mean '{}'?", nearest));
  }
}

}  // namespace squall
