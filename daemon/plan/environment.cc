#include "daemon/plan/environment.h"

#include <absl/status/status.h>
#include <fmt/format.h>

#include "daemon/base/suggest.h"
#include "daemon/plan/yaml_text.h"

namespace squall {
namespace {

bool IsName(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9')) {
      return false;
    }
  }
  return !text.empty() && letter(text.front());
}

std::string UnknownName(std::string_view name, const Environment& environment) {
  std::vector<std::string> names;
  for (const auto& [known, value] : environment) {
    names.push_back(known);
  }
  const std::string nearest = SuggestNearest(name, names);
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean ${{{}}}?", nearest);
  return fmt::format(
      "must name an environment variable that is set, or give a default as in ${{{}:-value}}, got "
      "${{{}}}{}",
      name, name, hint);
}

// The value of "NAME" or "NAME:-default".
absl::StatusOr<std::string> ExpandHole(std::string_view hole, const Environment& environment) {
  const size_t split = hole.find(":-");
  const std::string_view name = hole.substr(0, split);
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        fmt::format("must hold a variable's name between ${{ and }}, got ${{{}}}; write $${{ for a "
                    "plain ${{",
                    Shown(hole)));
  }
  const auto found = environment.find(std::string(name));
  const bool set = found != environment.end();
  if (split == std::string_view::npos) {
    return set ? absl::StatusOr<std::string>(found->second)
               : absl::InvalidArgumentError(UnknownName(name, environment));
  }
  return set && !found->second.empty() ? found->second : std::string(hole.substr(split + 2));
}

bool IsOneHole(std::string_view text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1;
}

void ExpandScalar(YamlNode* node, const std::string& path, const Environment& environment,
                  std::vector<YamlProblem>* problems) {
  if (node->text.find("${") == std::string::npos) {
    return;
  }
  absl::StatusOr<std::string> expanded = ExpandEnvironment(node->text, environment);
  if (!expanded.ok()) {
    problems->push_back({node->mark, path, std::string(expanded.status().message())});
    node->faulty = true;
    return;
  }
  node->quoted = node->quoted && !IsOneHole(node->text);
  node->text = *std::move(expanded);
}

void ExpandBelow(YamlNode* node, const std::string& path, const Environment& environment,
                 std::vector<YamlProblem>* problems) {
  if (node->IsScalar()) {
    ExpandScalar(node, path, environment, problems);
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    ExpandBelow(&node->items[i], JoinIndex(path, i), environment, problems);
  }
  for (YamlEntry& entry : node->entries) {
    ExpandBelow(&entry.value, JoinKey(path, entry.key), environment, problems);
  }
}

}  // namespace

absl::StatusOr<std::string> ExpandEnvironment(std::string_view text,
                                              const Environment& environment) {
  std::string expanded;
  while (true) {
    const size_t start = text.find("${");
    if (start == std::string_view::npos) {
      expanded += text;
      return expanded;
    }
    if (start > 0 && text[start - 1] == '$') {
      expanded += text.substr(0, start - 1);
      expanded += "${";
      text.remove_prefix(start + 2);
      continue;
    }
    expanded += text.substr(0, start);
    text.remove_prefix(start + 2);
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return absl::InvalidArgumentError(
          fmt::format("must close ${{ with }}, got ${{{}", Shown(text)));
    }
    absl::StatusOr<std::string> value = ExpandHole(text.substr(0, end), environment);
    if (!value.ok()) {
      return value.status();
    }
    expanded += *value;
    text.remove_prefix(end + 1);
  }
}

void ExpandEnvironment(YamlNode* node, const Environment& environment,
                       std::vector<YamlProblem>* problems) {
  ExpandBelow(node, "", environment, problems);
}

}  // namespace squall
