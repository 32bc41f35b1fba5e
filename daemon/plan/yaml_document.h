// YAML text -> a tree of nodes that remember where they stood. The only file that knows yaml-cpp.
//
// Scalars stay text: what "010" or "yes" means is for the reader of a field to say (scalar.h).
// Hostile text is bounded: size, nesting, and nodes after aliases are copied. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall {

// A place in one of the texts of a plan: 1-based, and the index of the text; 0 and -1 = nowhere.
struct TextMark {
  int file = -1;
  int line = 0;
  int column = 0;
  auto operator<=>(const TextMark&) const = default;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool quoted = false;  // scalar: text by intention, never a number or a truth
  bool faulty = false;  // a problem with it was reported already
  TextMark mark;
  std::string text;                // scalar
  std::vector<YamlNode> items;     // list
  std::vector<YamlEntry> entries;  // map, in the order of the text, keys are unique

  bool IsNull() const { return kind == Kind::kNull; }
  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsMap() const { return kind == Kind::kMap; }
  // The value of a key; nullptr when there is none or this is not a map.
  const YamlNode* Find(std::string_view key) const;
  YamlNode* Find(std::string_view key);
};

struct YamlEntry {
  std::string key;
  TextMark key_mark;
  YamlNode value;
};

struct YamlProblem {
  TextMark mark;
  std::string path;     // "load_profile.stages[1]"; empty when the text is not YAML at all
  std::string message;  // "must …"
};

struct YamlDocument {
  YamlNode root;  // null when the text holds nothing
  std::vector<YamlProblem> problems;
  bool complete = false;  // the whole text is in `root`, maybe with duplicate keys left out
};

inline constexpr size_t kYamlBytesMax = 16 << 20;
inline constexpr size_t kYamlDepthMax = 100;
inline constexpr size_t kYamlNodesMax = 1'000'000;

// One document. `file` goes into the marks. Duplicate keys are problems; the first one stays.
YamlDocument ReadYaml(std::string_view text, int file);

// "stages[1].users" from its parts; a key that would be unclear is put in quotes.
std::string JoinKey(std::string_view path, std::string_view key);
std::string JoinIndex(std::string_view path, size_t index);

}  // namespace squall
