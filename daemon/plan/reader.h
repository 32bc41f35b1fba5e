// Reads typed fields from a tree of YAML nodes and collects what is wrong with them: unknown keys,
// wrong types, values out of range. Used by the parse_*.cc files only. One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/plan/parse_plan.h"
#include "daemon/plan/yaml_document.h"

namespace squall {

// A node and where it stands: "load_profile.stages[1].users".
struct Place {
  const YamlNode* node = nullptr;
  std::string path;
};

// Everything said about the plan so far. Keeps the first errors of each text, sorted in the end.
class Problems final {
 public:
  explicit Problems(std::vector<std::string> files) : files_(std::move(files)) {}

  void Add(const TextMark& mark, std::string path, std::string message);
  // Says nothing more about a node that was reported before its type was known.
  void Add(const Place& place, std::string message);
  void Warn(const Place& place, const std::string& message);
  size_t count() const { return count_; }

  SourceMark ToSource(const TextMark& mark) const;
  // In the order of the texts and of the places in them; at most `max`.
  std::vector<PlanError> TakeErrors(size_t max);
  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }

 private:
  struct Entry {
    TextMark mark;
    size_t order = 0;  // of arrival, for errors at one place
    PlanError error;
  };
  std::vector<std::string> files_;
  size_t count_ = 0;  // also of those that were not kept
  std::vector<Entry> errors_;
  std::vector<std::string> warnings_;
};

// The text of a status, which is an absl::string_view that fmt does not know.
inline std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

// How messages call what stands at a place: "'ten'", "a list", "nothing".
std::string Describe(const YamlNode& node);

// The readers below return nothing after they reported a problem.
struct WholeRange {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct NumberRange {
  double min = 0;
  double max = std::numeric_limits<double>::max();
  bool above_min = false;  // `min` itself is too small
};
std::optional<std::string> ReadText(const Place& place, Problems* problems);
std::optional<std::string> ReadFilledText(const Place& place, Problems* problems);  // not empty
std::optional<bool> ReadTruth(const Place& place, Problems* problems);
std::optional<int64_t> ReadWhole(const Place& place, WholeRange range, Problems* problems);
std::optional<double> ReadNumber(const Place& place, NumberRange range, Problems* problems);
enum class SpanRule : uint8_t { kAny, kPositive };
// Seconds as a number, or a time span ("1m30s").
std::optional<Nanos> ReadSpan(const Place& place, SpanRule rule, Problems* problems);
std::optional<int64_t> ReadBytes(const Place& place, Problems* problems);
// One of the names; its index.
std::optional<size_t> ReadChoice(const Place& place, std::initializer_list<std::string_view> names,
                                 Problems* problems);

// The elements of a list; empty (and reported) when it is none.
std::vector<Place> ReadList(const Place& place, Problems* problems);
// As ReadList, but a single scalar counts as a list of one.
std::vector<Place> ReadListOrOne(const Place& place, Problems* problems);

// The entries of a map of any keys, in order; empty (and reported) when it is none.
struct KeyedPlace {
  std::string key;
  TextMark key_mark;
  Place value;
};
std::vector<KeyedPlace> ReadMap(const Place& place, Problems* problems);

// The keys of one map with fixed names. Every key that was asked for is known; Finish() reports the
// others with the nearest known name.
class Fields final {
 public:
  Fields(const Place& place, Problems* problems);
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  ~Fields() { Finish(); }

  const Place& place() const { return place_; }
  Problems* problems() const { return problems_; }
  bool ok() const { return place_.node->IsMap(); }

  // The value of a key, when it is there.
  std::optional<Place> Find(std::string_view key);
  // As Find, and reports a missing key: "must have the key 'path'".
  std::optional<Place> Require(std::string_view key);
  bool Has(std::string_view key) { return Find(key).has_value(); }
  // Which of the alternatives are there; reports when there are two or more, or (when `required`)
  // none. The index of the only one.
  std::optional<size_t> OneOf(const std::vector<std::string>& keys, bool required);

  // Says nothing about unknown keys, where it is not known which are right.
  void Ignore() { ignore_unknown_ = true; }

  // Each leaves `*out` alone when the key is missing or wrong.
  void Text(std::string_view key, std::string* out) { Read(key, out, ReadText); }
  void FilledText(std::string_view key, std::string* out) { Read(key, out, ReadFilledText); }
  void Truth(std::string_view key, bool* out) { Read(key, out, ReadTruth); }
  template <typename Out>
  void Whole(std::string_view key, WholeRange range, Out* out) {
    ReadWith(key, out, ReadWhole, range);
  }
  template <typename Out>
  void Number(std::string_view key, NumberRange range, Out* out) {
    ReadWith(key, out, ReadNumber, range);
  }
  template <typename Out>
  void Span(std::string_view key, SpanRule rule, Out* out) {
    ReadWith(key, out, ReadSpan, rule);
  }
  void Bytes(std::string_view key, int64_t* out) { Read(key, out, ReadBytes); }

 private:
  template <typename Out, typename Reader>
  void Read(std::string_view key, Out* out, Reader reader) {
    if (const auto found = Find(key)) {
      if (auto value = reader(*found, problems_)) {
        auto& read = *value;
        *out = std::move(read);
      }
    }
  }
  template <typename Out, typename Reader, typename Rule>
  void ReadWith(std::string_view key, Out* out, Reader reader, Rule rule) {
    Read(key, out, [&](const Place& at, Problems* problems) { return reader(at, rule, problems); });
  }
  void Finish();

  const Place place_;
  Problems* const problems_;
  std::vector<std::string> known_;
  bool ignore_unknown_ = false;
};

}  // namespace squall
