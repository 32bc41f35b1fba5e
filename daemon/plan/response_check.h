// The checks and extractions of one request step, compiled once when the plan loads: templates,
// JSON paths, regular expressions and status sets. Pure: evaluating one reply has no effect but the
// calls to the functions given. Immutable after Make; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "daemon/plan/plan.h"
#include "daemon/plan/response_extract.h"
#include "daemon/plan/response_view.h"
#include "daemon/plan/template.h"

namespace squall {

// Hears the result of every named check. `name` lives as long as the CompiledChecks, so its address
// can be a key.
using CheckListener = absl::FunctionRef<void(const std::string& name, bool passed)>;

class CompiledChecks final {
 public:
  // INVALID_ARGUMENT "checks[1]: …" or "extract[0]: …" for the first one that does not compile.
  static absl::StatusOr<CompiledChecks> Make(const std::vector<Check>& checks,
                                             const std::vector<Extract>& extracts);
  CompiledChecks(CompiledChecks&&) noexcept;
  CompiledChecks& operator=(CompiledChecks&&) noexcept;
  ~CompiledChecks();

  // Whether a reply's body or headers must be kept for Evaluate and Extract.
  bool NeedsBody() const { return needs_body_; }
  bool NeedsHeaders() const { return needs_headers_; }

  // Runs every check, so that each is counted, and returns the first failure's reason as people
  // read it; nothing when all pass. Without a status check, DefaultStatusFailure comes first.
  // Allocates nothing when only constant statuses are checked and pass.
  std::optional<std::string> Evaluate(const ResponseView& view, const TemplateScope& scope,
                                      CheckListener listener) const;

  // Gives `sink` each extracted value in order; stops at the first that is missing, with its
  // reason.
  std::optional<std::string> Extract(const ResponseView& view, ExtractSink sink) const;

 private:
  struct Compiled;
  CompiledChecks();

  std::vector<Compiled> checks_;
  std::vector<CompiledExtract> extracts_;
  bool has_status_check_ = false;
  bool needs_body_ = false;
  bool needs_headers_ = false;
};

}  // namespace squall
