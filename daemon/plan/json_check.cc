#include "daemon/plan/json_check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

bool IsWithin(double expected, double actual, double tolerance) {
  if (!std::isfinite(actual)) {
    return false;  // JSON's 1e999: no tolerance reaches it, but the slack below would
  }
  // 999.99 and 1000 are 0.01 apart for people; as doubles, a little more.
  const double size = std::max(std::fabs(expected), std::fabs(actual));
  const double slack = tolerance > 0 ? 4 * std::numeric_limits<double>::epsilon() * size : 0;
  return std::fabs(expected - actual) <= tolerance + slack;
}

bool ReadsAs(const Value& value, std::string_view text) {
  if (const std::string* own = value.AsString()) {
    return *own == text;
  }
  if (value.ToText() == text) {
    return true;
  }
  // "3.0" in the plan means the number 3 in the reply.
  double actual = 0;
  double expected = 0;
  return value.ToNumber(&actual) && Value(std::string(text)).ToNumber(&expected) &&
         actual == expected;
}

}  // namespace

absl::StatusOr<JsonCheck> JsonCheck::Make(const JsonIs& check) {
  if (!std::isfinite(check.tolerance) || check.tolerance < 0) {
    return absl::InvalidArgumentError(
        fmt::format("tolerance must be 0 or more, got {}", check.tolerance));
  }
  JsonCheck compiled;
  compiled.path_text_ = check.path;
  compiled.tolerance_ = check.tolerance;
  compiled.has_fields_ = check.has_fields;
  SQUALL_ASSIGN_OR_RETURN(compiled.path_, JsonPath::Compile(check.path));
  if (check.equals) {
    SQUALL_ASSIGN_OR_RETURN(compiled.equals_, Template::Compile(*check.equals));
  }
  if (check.number) {
    SQUALL_ASSIGN_OR_RETURN(compiled.number_, Template::Compile(*check.number));
    double number = 0;
    if (compiled.number_->IsConstant() && !Value(*check.number).ToNumber(&number)) {
      return absl::InvalidArgumentError(
          fmt::format("number must be a number, got '{}'", ReasonValue(*check.number)));
    }
  }
  return compiled;
}

std::optional<std::string> JsonCheck::Failure(const ResponseView& view,
                                              const TemplateScope& scope) const {
  const Value* root = view.Json();
  if (root == nullptr) {
    return InvalidJsonReason(view.body);
  }
  std::optional<Value> matches;  // of a wildcard; other paths need no copy
  if (path_.HasWildcard()) {
    matches = path_.Find(*root);
  }
  const Value* found = matches ? &*matches : path_.FindOne(*root);
  if (found == nullptr || (matches && found->AsList()->empty())) {
    return Describe("missing");
  }
  if (Reason reason = equals_ ? EqualsFailure(*found, scope) : std::nullopt) {
    return reason;
  }
  if (Reason reason = number_ ? NumberFailure(*found, scope) : std::nullopt) {
    return reason;
  }
  if (!matches) {
    return FieldsFailure(*found);
  }
  for (const Value& each : *found->AsList()) {
    if (Reason reason = FieldsFailure(each)) {
      return reason;
    }
  }
  return std::nullopt;
}

JsonCheck::Reason JsonCheck::EqualsFailure(const Value& found, const TemplateScope& scope) const {
  RenderedText rendered;
  if (absl::Status status = rendered.Read(*equals_, scope); !status.ok()) {
    return std::string(status.message());
  }
  return ReadsAs(found, rendered.text()) ? std::nullopt : Mismatch(rendered.text(), found);
}

JsonCheck::Reason JsonCheck::NumberFailure(const Value& found, const TemplateScope& scope) const {
  RenderedText rendered;
  if (absl::Status status = rendered.Read(*number_, scope); !status.ok()) {
    return std::string(status.message());
  }
  double expected = 0;
  double actual = 0;
  if (!Value(std::string(rendered.text())).ToNumber(&expected)) {
    return Describe(fmt::format("the expected number must be a number, got '{}'",
                                ReasonValue(rendered.text())));
  }
  const bool passed = found.ToNumber(&actual) && IsWithin(expected, actual, tolerance_);
  return passed ? std::nullopt : Mismatch(rendered.text(), found);
}

JsonCheck::Reason JsonCheck::FieldsFailure(const Value& object) const {
  if (!has_fields_.empty() && object.AsObject() == nullptr) {
    return Describe(fmt::format("expected an object, got {}", ReasonValue(object.ToText())));
  }
  for (const std::string& field : has_fields_) {
    if (object.Find(field) == nullptr) {
      return fmt::format("Missing field in response: {}", ReasonValue(field));
    }
  }
  return std::nullopt;
}

JsonCheck::Reason JsonCheck::Mismatch(std::string_view expected, const Value& found) const {
  const std::string actual = found.IsNull() ? "null" : found.ToText();
  return Describe(fmt::format("expected {}, got {}", ReasonValue(expected), ReasonValue(actual)));
}

JsonCheck::Reason JsonCheck::Describe(std::string_view problem) const {
  return fmt::format("json {}: {}", ReasonValue(path_text_), problem);
}

}  // namespace squall
