// One hole of a template: "random_int(1,5)", "product.price | default(0) | json". The grammar is
// here; template.h finds the holes in a text and renders them. Plain values, made when the plan
// loads, then only read, from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/value.h"

namespace squall {

// A constant inside a hole, in the three forms that rendering needs.
struct TemplateLiteral {
  std::string text;  // as written, without quotes
  std::string json;  // the same as JSON: a number, true or false only if it was not quoted
  Value value;
};

struct TemplateHole {
  enum class Kind : uint8_t {
    kVariable,
    kRandomInt,
    kRandomFloat,
    kRandomString,
    kRandomChoice,
    kUuid,
    kTimestamp,
    kTimestampMs,
    kUserNumber,
    kIteration,
    kClassName,
  };
  Kind kind = Kind::kVariable;

  std::string variable;  // the part before the first dot
  std::string path;      // the part after it; "" = the variable itself

  int64_t low = 0;  // random_int; random_string: the length
  int64_t high = 0;
  double low_real = 0;  // random_float
  double width_real = 0;
  std::vector<TemplateLiteral> choices;  // random_choice

  // Filters, applied in this order. `fallback` (default(…)) has at most one element; it stands in
  // for a variable that is missing or null.
  std::vector<TemplateLiteral> fallback;
  bool as_json = false;
  bool as_url = false;

  bool in_json_string = false;  // it stands inside a JSON string literal of the text
  std::string tail;             // the text between this hole and the next
};

// Reads the hole whose "{{" ends at `offset` of `text`, and moves `offset` behind its "}}".
// INVALID_ARGUMENT "offset <n>: must …".
absl::StatusOr<TemplateHole> ParseTemplateHole(std::string_view text, size_t* offset);

// Whether `name` is one of the functions ("uuid", "random_int", …).
bool IsTemplateFunction(std::string_view name);

}  // namespace squall
