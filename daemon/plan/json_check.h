// A check of a JSON body (JsonIs), compiled: there, equal, a number within a tolerance, with
// fields. Immutable after Make; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "daemon/plan/json_path.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/response_view.h"
#include "daemon/plan/template.h"

namespace squall {

class JsonCheck final {
 public:
  // INVALID_ARGUMENT for a bad path or template, a number that is none, a negative tolerance.
  static absl::StatusOr<JsonCheck> Make(const JsonIs& check);

  // Why the reply fails, as people read it ("json $.price: expected 999.99, got 1000.5"); nothing
  // when it passes. With a wildcard in the path there must be a match, and every match must have
  // the fields; `equals` and `number` then see the list of all matches.
  std::optional<std::string> Failure(const ResponseView& view, const TemplateScope& scope) const;

 private:
  using Reason = std::optional<std::string>;

  Reason EqualsFailure(const Value& found, const TemplateScope& scope) const;
  Reason NumberFailure(const Value& found, const TemplateScope& scope) const;
  Reason FieldsFailure(const Value& object) const;
  Reason Mismatch(std::string_view expected, const Value& found) const;
  Reason Describe(std::string_view problem) const;

  std::string path_text_;
  JsonPath path_;
  std::optional<Template> equals_;
  std::optional<Template> number_;
  double tolerance_ = 0;
  std::vector<std::string> has_fields_;
};

}  // namespace squall
