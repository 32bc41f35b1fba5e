#include "daemon/plan/override.h"

#include <algorithm>
#include <charconv>
#include <variant>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/plan/merge.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

using Part = std::variant<std::string, size_t>;  // a key or an index

bool IsIndex(const Part& part) { return std::holds_alternative<size_t>(part); }

struct Override {
  std::vector<Part> path;
  std::string_view value;
};

absl::Status BadOverride(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "must look like service.timeout_seconds=5 or load_profile.stages[0].users=5, got '{}'",
      Shown(text.substr(0, text.find('=')))));
}

// A key up to the next '.', '[' or '=', or in quotes.
absl::StatusOr<std::string> TakeKey(std::string_view text, std::string_view* rest) {
  const bool quoted = rest->starts_with('"');
  const size_t begin = quoted ? 1 : 0;
  const size_t end = rest->find_first_of(quoted ? "\"" : ".[=", begin);
  if (end == std::string_view::npos || end == begin) {
    return BadOverride(text);
  }
  std::string key(rest->substr(begin, end - begin));
  rest->remove_prefix(end + begin);
  return key;
}

absl::StatusOr<size_t> TakeIndex(std::string_view text, std::string_view* rest) {
  const size_t end = rest->find(']');
  size_t index = 0;
  if (end == std::string_view::npos) {
    return BadOverride(text);
  }
  const char* last = rest->data() + end;
  const auto parsed = std::from_chars(rest->data() + 1, last, index);
  if (parsed.ec != std::errc() || parsed.ptr != last) {
    return BadOverride(text);
  }
  rest->remove_prefix(end + 1);
  return index;
}

absl::StatusOr<Override> Split(std::string_view text) {
  Override parsed;
  std::string_view rest = text;
  SQUALL_ASSIGN_OR_RETURN(std::string key, TakeKey(text, &rest));
  parsed.path.emplace_back(std::move(key));
  while (!rest.empty() && rest.front() != '=') {
    if (rest.front() == '[') {
      SQUALL_ASSIGN_OR_RETURN(const size_t index, TakeIndex(text, &rest));
      parsed.path.emplace_back(index);
    } else if (rest.front() == '.') {
      rest.remove_prefix(1);
      SQUALL_ASSIGN_OR_RETURN(std::string next, TakeKey(text, &rest));
      parsed.path.emplace_back(std::move(next));
    } else {
      return BadOverride(text);
    }
  }
  if (rest.empty() || parsed.path.size() > kYamlDepthMax) {
    return BadOverride(text);
  }
  parsed.value = rest.substr(1);
  return parsed;
}

// The place for a key of a map, or for an index of a list; nullptr when there is none.
YamlNode* Enter(YamlNode* node, const Part& part, int file) {
  if (const auto* key = std::get_if<std::string>(&part)) {
    if (node->IsNull()) {
      node->kind = YamlNode::Kind::kMap;
      node->mark = {file, 0, 0};
    }
    if (!node->IsMap()) {
      return nullptr;
    }
    if (YamlNode* present = node->Find(*key)) {
      return present;
    }
    node->entries.push_back({*key, {file, 0, 0}, {}});
    return &node->entries.back().value;
  }
  const size_t index = std::get<size_t>(part);
  if (node->IsNull() && index == 0) {
    node->kind = YamlNode::Kind::kList;
    node->mark = {file, 0, 0};
  }
  if (!node->IsList() || index > node->items.size()) {
    return nullptr;
  }
  if (index == node->items.size()) {
    node->items.emplace_back();
  }
  return &node->items[index];
}

std::string Join(const std::string& path, const Part& part) {
  const auto* key = std::get_if<std::string>(&part);
  return key != nullptr ? JoinKey(path, *key) : JoinIndex(path, std::get<size_t>(part));
}

std::string WrongStep(const Part& part, const YamlNode& node) {
  if (std::holds_alternative<std::string>(part)) {
    return "must be a map to have keys";
  }
  return node.IsList() ? fmt::format("must be an index up to {}, got {}", node.items.size(),
                                     std::get<size_t>(part))
                       : "must be a list to have an index";
}

// Marks of one-line texts say only which override it was.
void ForgetLines(YamlNode* node) {
  node->mark.line = node->mark.column = 0;
  for (YamlNode& item : node->items) {
    ForgetLines(&item);
  }
  for (YamlEntry& entry : node->entries) {
    entry.key_mark.line = entry.key_mark.column = 0;
    ForgetLines(&entry.value);
  }
}

// {a: {b: value}} for the keys a and b.
YamlNode Wrap(std::vector<Part>::const_iterator first, std::vector<Part>::const_iterator last,
              YamlNode value, int file) {
  while (first != last) {
    --last;
    YamlNode map;
    map.kind = YamlNode::Kind::kMap;
    map.mark = {file, 0, 0};
    map.entries.push_back({std::get<std::string>(*last), map.mark, std::move(value)});
    value = std::move(map);
  }
  return value;
}

}  // namespace

void ApplyOverride(std::string_view text, int file, const Environment& environment, YamlNode* root,
                   std::vector<YamlProblem>* problems) {
  const TextMark mark{file, 0, 0};
  const absl::StatusOr<Override> parsed = Split(text);
  if (!parsed.ok()) {
    problems->push_back({mark, "", std::string(parsed.status().message())});
    return;
  }
  YamlDocument value = ReadYaml(parsed->value, file);
  ExpandEnvironment(&value.root, environment, &value.problems);
  ForgetLines(&value.root);
  value.root.mark = mark;

  // Walk to the last list item on the way; what follows are keys, which merge as a file would.
  const auto keys = std::find_if(parsed->path.rbegin(), parsed->path.rend(), IsIndex).base();
  std::string path;
  YamlNode* node = root;
  for (auto part = parsed->path.begin(); part != keys; ++part) {
    YamlNode* next = Enter(node, *part, file);
    if (next == nullptr) {
      problems->push_back({mark, path, WrongStep(*part, *node)});
      return;
    }
    node = next;
    path = Join(path, *part);
  }
  MergeYaml(path, node, Wrap(keys, parsed->path.end(), std::move(value.root), file));
  for (auto part = keys; part != parsed->path.end(); ++part) {
    path = Join(path, *part);
  }
  for (YamlProblem& problem : value.problems) {
    problems->push_back({mark, path, std::move(problem.message)});
  }
}

}  // namespace squall
