// One `extract` of a request step, compiled: takes a value out of a reply for a variable. Immutable
// after Make; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "daemon/plan/json_path.h"
#include "daemon/plan/plan.h"
#include "daemon/plan/response_view.h"

namespace re2 {
class RE2;
}

namespace squall {

// Takes what was extracted: the variable's name, where it belongs, its value.
using ExtractSink = absl::FunctionRef<void(const std::string& as, VariableScope, Value)>;

class CompiledExtract final {
 public:
  // INVALID_ARGUMENT for a bad JSON path, a bad regular expression or one without exactly one
  // group, a missing variable or header name.
  static absl::StatusOr<CompiledExtract> Make(const Extract& extract);
  CompiledExtract(CompiledExtract&&) noexcept;
  CompiledExtract& operator=(CompiledExtract&&) noexcept;
  ~CompiledExtract();

  bool NeedsBody() const { return extract_.from != Extract::From::kHeader; }

  // Hands the value, or the fallback where there is none, to `sink`; else says why not.
  std::optional<std::string> Apply(const ResponseView& view, ExtractSink sink) const;

 private:
  explicit CompiledExtract(Extract extract);

  std::optional<Value> Find(const ResponseView& view) const;
  std::string Failure(const ResponseView& view) const;

  Extract extract_;
  JsonPath path_;                    // kJson
  std::unique_ptr<re2::RE2> regex_;  // kRegex
};

// Compiles a regular expression of a plan. INVALID_ARGUMENT with RE2's message.
absl::StatusOr<std::unique_ptr<re2::RE2>> CompileRegex(const std::string& regex);

}  // namespace squall
