// Text with holes: "/products/{{product.id}}?n={{random_int(1,5)}}". Compiled once when the plan
// loads; a text without holes is one constant string and costs nothing to render.
//
// Holes: a variable, maybe dotted ({{product.name}}, {{list.0}}); or a function:
//   random_int(low,high)  random_float(low,high)  random_string(length)  random_choice(a|b|c)
//   uuid()  timestamp() (seconds)  timestamp_ms()  user_number()  iteration()  class_name()
// Filters after '|', in this order: default('text') for a variable that is missing or null, json
// (as JSON text, quoted), url (percent-encoded).
// "{{{{" stands for a literal "{{". At most 1 MiB of text and 1 000 holes.
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

struct TemplateHole;  // template_hole.h

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

  bool IsConstant() const { return holes_ == nullptr; }
  const std::string& constant() const { return head_; }  // the whole text when IsConstant()

  // Appends the text to `out`; allocates only to grow it. NOT_FOUND names a variable that the
  // scope does not have, and leaves `out` as it was.
  absl::Status Render(const TemplateScope& scope, std::string* out) const;
  // As Render, but every hole's text is escaped for the inside of a JSON string literal when
  // it stands in one, and inserted as JSON text otherwise.
  absl::Status RenderJson(const TemplateScope& scope, std::string* out) const;
  // The value itself when the text is exactly one hole ("{{product}}"): keeps lists and objects.
  absl::StatusOr<Value> Evaluate(const TemplateScope& scope) const;

  // The text around the holes, in order: one more than there are holes.
  std::vector<std::string> Literals() const;
  // Names of the variables it reads (the part before the first dot), for validation.
  std::vector<std::string> Variables() const;

 private:
  enum class Form : uint8_t { kText, kJson };

  absl::Status RenderAs(Form form, const TemplateScope& scope, std::string* out) const;

  std::string head_;                                        // text before the first hole
  std::shared_ptr<const std::vector<TemplateHole>> holes_;  // nullptr: none
};

// The text of a template for as long as it is used; that of a constant template is not copied.
class RenderedText final {
 public:
  // As Template::Render; `source` must outlive text().
  absl::Status Read(const Template& source, const TemplateScope& scope);
  std::string_view text() const { return text_; }

 private:
  std::string own_;
  std::string_view text_;
};

// Percent-encodes what `text` has from `start` on, in place: all but A-Z a-z 0-9 - . _ ~
void PercentEncodeFrom(size_t start, std::string* text);

}  // namespace squall
