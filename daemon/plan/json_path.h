// The part of JSONPath (RFC 9535) that checks and extractions use: $.data[0].name, $['odd name'],
// [-1], [*] and .* (all elements, gives a list). Compiled once, immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/value.h"

namespace squall {

class JsonPath final {
 public:
  // A leading "$" may be left out. INVALID_ARGUMENT with the offset and what would be right; at
  // most 4 096 bytes and 64 steps, since no document that ParseJson reads is deeper.
  static absl::StatusOr<JsonPath> Compile(std::string_view text);

  // The value at the path; with a wildcard, the list of all matches (maybe empty). Nothing when
  // the path leads nowhere.
  std::optional<Value> Find(const Value& root) const;
  // As Find for a path without a wildcard, but without a copy: it points into `root`. nullptr when
  // the path leads nowhere or has a wildcard.
  const Value* FindOne(const Value& root) const;
  bool HasWildcard() const { return has_wildcard_; }

 private:
  struct Segment {
    enum class Kind : uint8_t { kMember, kIndex, kAll } kind = Kind::kMember;
    std::string member;
    int64_t index = 0;
  };
  class Parser;

  static const Value* Step(const Segment& segment, const Value& value);
  void Collect(size_t depth, const Value& value, ValueList* matches) const;

  std::vector<Segment> segments_;
  bool has_wildcard_ = false;
};

}  // namespace squall
