#include <algorithm>

#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/plan/csv.h"
#include "daemon/plan/scalar.h"
#include "daemon/plan/sections.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

constexpr size_t kFileBytesMax = 64 << 20;

// YAML data as a value. Recursion is bounded by kYamlDepthMax.
Value ToValue(const Place& place, Problems* problems) {
  const YamlNode& node = *place.node;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return Value();
    case YamlNode::Kind::kScalar: {
      if (node.quoted) {
        return Value(node.text);
      }
      const std::optional<Value> value = ScalarToValue(node.text);
      if (!value) {
        problems->Add(place,
                      fmt::format("must be a number that fits into 64 bits, got '{}'; put it "
                                  "in quotes to keep it as text",
                                  Shown(node.text)));
      }
      return value.value_or(Value());
    }
    case YamlNode::Kind::kList: {
      ValueList list;
      for (size_t i = 0; i < node.items.size(); ++i) {
        list.push_back(ToValue({&node.items[i], JoinIndex(place.path, i)}, problems));
      }
      return Value(std::move(list));
    }
    case YamlNode::Kind::kMap: {
      ValueObject object;
      for (const YamlEntry& entry : node.entries) {
        object.emplace_back(entry.key,
                            ToValue({&entry.value, JoinKey(place.path, entry.key)}, problems));
      }
      return Value(std::move(object));
    }
  }
  return Value();
}

std::vector<Value> ReadRows(const Place& place, Reading* reading) {
  std::vector<Value> rows;
  for (const Place& item : ReadList(place, reading->problems)) {
    rows.push_back(ToValue(item, reading->problems));
  }
  return rows;
}

absl::StatusOr<std::vector<Value>> RowsOfJson(const std::string& text) {
  const absl::StatusOr<Value> value = ParseJson(text);
  if (!value.ok()) {
    return value.status();
  }
  if (value->AsList() == nullptr) {
    return absl::InvalidArgumentError("must hold a JSON array of rows");
  }
  return *value->AsList();
}

absl::StatusOr<std::vector<Value>> RowsOfYaml(const std::string& text) {
  const YamlDocument document = ReadYaml(text, 0);
  Problems problems({""});
  for (const YamlProblem& problem : document.problems) {
    problems.Add(problem.mark, problem.path, problem.message);
  }
  std::vector<Value> rows;
  if (!document.root.IsList() && problems.count() == 0) {
    return absl::InvalidArgumentError("must hold a YAML list of rows");
  }
  for (size_t i = 0; i < document.root.items.size(); ++i) {
    rows.push_back(ToValue({&document.root.items[i], JoinIndex("", i)}, &problems));
  }
  if (problems.count() > 0) {
    const PlanError first = problems.TakeErrors(1)[0];
    return absl::InvalidArgumentError(fmt::format("line {}: {}", first.mark.line, first.message));
  }
  return rows;
}

enum class Format : uint8_t { kCsv, kJson, kYaml };

absl::StatusOr<std::vector<Value>> RowsOfText(const std::string& text, Format format) {
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("must not be longer than {} MiB", kFileBytesMax >> 20));
  }
  switch (format) {
    case Format::kCsv:
      return ReadCsv(text);
    case Format::kJson:
      return RowsOfJson(text);
    case Format::kYaml:
      return RowsOfYaml(text);
  }
  return absl::InternalError("must be a known format");
}

std::optional<Format> FormatOf(Fields* fields, const Place& file, Reading* reading) {
  if (const auto place = fields->Find("format")) {
    const auto choice = ReadChoice(*place, {"csv", "json", "yaml"}, reading->problems);
    return choice ? std::optional(static_cast<Format>(*choice)) : std::nullopt;
  }
  const std::string& name = file.node->text;
  if (name.ends_with(".csv")) {
    return Format::kCsv;
  }
  if (name.ends_with(".json")) {
    return Format::kJson;
  }
  if (name.ends_with(".yaml") || name.ends_with(".yml")) {
    return Format::kYaml;
  }
  reading->problems->Add(file,
                         "must end in .csv, .json or .yaml, or the key 'format' must say what "
                         "it is");
  return std::nullopt;
}

std::vector<Value> ReadDataFile(Fields* fields, const Place& file, Reading* reading) {
  const std::optional<Format> format = FormatOf(fields, file, reading);
  const std::optional<std::string> text = format ? ReadNamedFile(file, reading) : std::nullopt;
  if (!text) {
    return {};
  }
  absl::StatusOr<std::vector<Value>> rows = RowsOfText(*text, *format);
  if (!rows.ok()) {
    reading->problems->Add(file, fmt::format("must name a file with rows, but '{}': {}",
                                             Shown(file.node->text), MessageOf(rows.status())));
    return {};
  }
  return *std::move(rows);
}

void ParseDataMap(const Place& place, DataSet* set, Reading* reading) {
  Fields fields(place, reading->problems);
  fields.OneOf({"file", "rows"}, true);
  if (const auto order = fields.Find("order")) {
    const auto choice = ReadChoice(*order, {"random", "sequential", "unique"}, reading->problems);
    set->order = static_cast<PickOrder>(choice.value_or(0));
  }
  if (const auto on_end = fields.Find("on_end")) {
    const auto choice = ReadChoice(*on_end, {"wrap", "stop"}, reading->problems);
    set->on_end = choice == 1 ? DataSet::OnEnd::kStopUser : DataSet::OnEnd::kWrap;
  }
  if (const auto file = fields.Find("file")) {
    set->rows = ReadDataFile(&fields, *file, reading);
  } else if (const auto rows = fields.Find("rows")) {
    set->rows = ReadRows(*rows, reading);
  }
}

}  // namespace

std::vector<DataSet> ParseTestData(const Place& place, Reading* reading) {
  std::vector<DataSet> sets;
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    const size_t errors_before = reading->problems->count();
    DataSet set;
    set.name = entry.key;
    set.mark = reading->problems->ToSource(entry.key_mark);
    if (entry.key.empty() || entry.key.find('.') != std::string::npos) {
      reading->problems->Add(entry.key_mark, entry.value.path,
                             "must have a name that is not empty and has no dots");
    }
    if (entry.value.node->IsMap()) {
      ParseDataMap(entry.value, &set, reading);
    } else {
      set.rows = ReadRows(entry.value, reading);
    }
    if (set.rows.empty() && reading->problems->count() == errors_before) {
      reading->problems->Add(entry.value, "must have at least one row");
    }
    reading->data_orders[set.name] = set.order;
    sets.push_back(std::move(set));
  }
  return sets;
}

void ApplyScenarioWeights(const Place& place, std::vector<UserClass>* users, Reading* reading) {
  std::vector<std::string> names;
  for (const UserClass& user : *users) {
    for (const Task& task : user.tasks) {
      names.push_back(task.name);
    }
  }
  for (const KeyedPlace& entry : ReadMap(place, reading->problems)) {
    const std::optional<double> weight =
        ReadNumber(entry.value, {.min = 0, .max = kWeightMax}, reading->problems);
    bool found = false;
    for (UserClass& user : *users) {
      for (Task& task : user.tasks) {
        if (task.name == entry.key) {
          found = true;
          task.weight = weight.value_or(task.weight);
        }
      }
    }
    if (!found) {
      const std::string nearest = SuggestNearest(entry.key, names);
      reading->problems->Add(
          entry.key_mark, entry.value.path,
          nearest.empty()
              ? "must be the name of a task of the plan"
              : fmt::format("must be the name of a task of the plan; did you mean '{}'?", nearest));
    }
  }
}

}  // namespace squall
