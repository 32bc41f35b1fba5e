#include "daemon/plan/merge.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace squall {
namespace {

using Keys = std::vector<std::string_view>;

bool HasAny(const YamlNode& map, const Keys& keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return map.Find(key) != nullptr; });
}

// What load_profile is about: "stages", "arrival", "shape:peak", "users", or "" when it does not
// say.
std::string LoadKind(const YamlNode& profile) {
  if (const YamlNode* shape = profile.Find("shape")) {
    return "shape:" + shape->text;
  }
  for (const char* kind : {"stages", "arrival"}) {
    if (profile.Find(kind) != nullptr) {
      return kind;
    }
  }
  return HasAny(profile, {"users", "spawn_rate"}) ? "users" : "";
}

// "users" and the like are also parameters of the shapes, so alone they adjust one.
bool ReplacesLoadProfile(const YamlNode& base, const YamlNode& later) {
  const std::string before = LoadKind(base);
  const std::string after = LoadKind(later);
  return !after.empty() && !before.empty() && before != after &&
         !(after == "users" && before.starts_with("shape:"));
}

// Of alternatives that mean one setting, only the later file's stay.
void DropAlternatives(YamlNode* base, const YamlNode& later, const Keys& alternatives) {
  if (!HasAny(later, alternatives)) {
    return;
  }
  std::erase_if(base->entries, [&](const YamlEntry& entry) {
    return std::find(alternatives.begin(), alternatives.end(), entry.key) != alternatives.end() &&
           later.Find(entry.key) == nullptr;
  });
}

void DropAlternativesAt(const std::string& path, YamlNode* base, const YamlNode& later) {
  if (path == "service") {
    DropAlternatives(base, later, {"timeout", "timeout_seconds", "request_timeout_seconds"});
  } else if (path == "service.auth") {
    DropAlternatives(base, later, {"basic", "bearer"});
  } else if (path.starts_with("test_data.")) {
    DropAlternatives(base, later, {"file", "rows"});
  }
}

// In a map, nothing means "not there"; lists keep their nulls, since their rows are data.
void DropNulls(YamlNode* node) {
  std::erase_if(node->entries, [](const YamlEntry& entry) { return entry.value.IsNull(); });
  for (YamlEntry& entry : node->entries) {
    DropNulls(&entry.value);
  }
}

}  // namespace

void MergeYaml(const std::string& path, YamlNode* base, YamlNode later) {
  if (!base->IsMap() || !later.IsMap() ||
      (path == "load_profile" && ReplacesLoadProfile(*base, later))) {
    DropNulls(&later);
    *base = std::move(later);
    return;
  }
  DropAlternativesAt(path, base, later);
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < base->entries.size(); ++i) {
    index.emplace(base->entries[i].key, i);
  }
  std::unordered_set<std::string> gone;
  for (YamlEntry& entry : later.entries) {
    const auto found = index.find(entry.key);
    if (entry.value.IsNull()) {
      gone.insert(entry.key);
    } else if (found == index.end()) {
      DropNulls(&entry.value);
      base->entries.push_back(std::move(entry));
    } else {
      YamlEntry& present = base->entries[found->second];
      present.key_mark = entry.key_mark;
      MergeYaml(JoinKey(path, entry.key), &present.value, std::move(entry.value));
    }
  }
  std::erase_if(base->entries, [&](const YamlEntry& entry) { return gone.contains(entry.key); });
}

}  // namespace squall
