// Text with holes: "/products/{{product.id}}?n={{random_int(1,5)}}". Compiled once when the plan
// loads; a text without holes is one constant string and costs nothing to render.
//
// Holes: a variable, maybe dotted ({{product.name}}, {{list.0}}); or a function:
//   random_int(low,high)  random_float(low,high)  random_string(length)  random_choice(a|b|c)
//   uuid()  timestamp() (seconds)  timestamp_ms()  user_number()  iteration()  class_name()
// Filters after '|': json (as JSON text, quoted), url (percent-encoded), default('text').
// "{{{{" stands for a literal "{{".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "daemon/plan/value.h"

namespace squall {

// Where a template finds its variables and its chance. Borrowed for the call.
class TemplateScope {
 public:
  virtual ~TemplateScope() = default;
  // The variable called `name` (without dots); nullptr when there is none.
  virtual const Value* Find(std::string_view name) const = 0;
  virtual Rng& rng() const = 0;
  virtual WallTime wall() const = 0;
  virtual uint64_t user_number() const = 0;
  virtual uint64_t iteration() const = 0;
  virtual std::string_view class_name() const = 0;
};

// Immutable, cheap to move, safe to render from many threads with different scopes.
class Template final {
 public:
  Template() = default;  // the empty text
  // INVALID_ARGUMENT with the offset in the text and what would be right.
  static absl::StatusOr<Template> Compile(std::string_view text);

  bool IsConstant() const { return holes_.empty(); }
  const std::string& constant() const { return head_; }  // the whole text when IsConstant()

  // Appends the text to `out`. NOT_FOUND names a variable that the scope does not have.
  absl::Status Render(const TemplateScope& scope, std::string* out) const;
  // As Render, but every hole's text is escaped for the inside of a JSON string literal when
  // it stands in one, and inserted as JSON text otherwise.
  absl::Status RenderJson(const TemplateScope& scope, std::string* out) const;
  // The value itself when the text is exactly one hole ("{{product}}"): keeps lists and objects.
  absl::StatusOr<Value> Evaluate(const TemplateScope& scope) const;

  // Names of the variables it reads (the part before the first dot), for validation.
  std::vector<std::string> Variables() const;

 private:
  enum class Kind : uint8_t;
  struct Hole;
  std::string head_;  // text before the first hole
  std::vector<std::shared_ptr<const Hole>> holes_;
};

}  // namespace squall
