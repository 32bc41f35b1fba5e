#include "daemon/plan/response_extract.h"

#include <re2/re2.h>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"

namespace squall {

CompiledExtract::CompiledExtract(Extract extract) : extract_(std::move(extract)) {}
CompiledExtract::CompiledExtract(CompiledExtract&&) noexcept = default;
CompiledExtract& CompiledExtract::operator=(CompiledExtract&&) noexcept = default;
CompiledExtract::~CompiledExtract() = default;

absl::StatusOr<CompiledExtract> CompiledExtract::Make(const Extract& extract) {
  if (extract.as.empty()) {
    return absl::InvalidArgumentError("must name the variable in 'as'");
  }
  CompiledExtract compiled(extract);
  switch (extract.from) {
    case Extract::From::kJson: {
      SQUALL_ASSIGN_OR_RETURN(compiled.path_, JsonPath::Compile(extract.expression));
      break;
    }
    case Extract::From::kRegex: {
      SQUALL_ASSIGN_OR_RETURN(compiled.regex_, CompileRegex(extract.expression));
      const int groups = compiled.regex_->NumberOfCapturingGroups();
      if (groups != 1) {
        return absl::InvalidArgumentError(
            fmt::format("regex must have one group, such as token=(\\w+), got {} in '{}'", groups,
                        ReasonValue(extract.expression)));
      }
      break;
    }
    case Extract::From::kHeader:
      if (extract.expression.empty()) {
        return absl::InvalidArgumentError("must name the header");
      }
      break;
  }
  return compiled;
}

std::optional<std::string> CompiledExtract::Apply(const ResponseView& view,
                                                  ExtractSink sink) const {
  std::optional<Value> value = Find(view);
  if (!value && extract_.fallback) {
    value = Value(*extract_.fallback);
  }
  if (!value) {
    return Failure(view);
  }
  sink(extract_.as, extract_.scope, *std::move(value));
  return std::nullopt;
}

std::optional<Value> CompiledExtract::Find(const ResponseView& view) const {
  if (extract_.from == Extract::From::kJson) {
    const Value* root = view.Json();
    return root == nullptr ? std::nullopt : path_.Find(*root);
  }
  if (extract_.from == Extract::From::kHeader) {
    const auto header = view.Header(extract_.expression);
    return header ? std::optional<Value>(std::string(*header)) : std::nullopt;
  }
  re2::StringPiece group;
  const re2::StringPiece body(view.body.data(), view.body.size());
  // An optional group that took no part in the match has no data.
  if (!re2::RE2::PartialMatch(body, *regex_, &group) || group.data() == nullptr) {
    return std::nullopt;
  }
  return Value(std::string(group.data(), group.size()));
}

std::string CompiledExtract::Failure(const ResponseView& view) const {
  const std::string variable = ReasonValue(extract_.as);
  const std::string what = ReasonValue(extract_.expression);
  if (extract_.from == Extract::From::kJson) {
    return view.Json() == nullptr ? InvalidJsonReason(view.body)
                                  : fmt::format("extract {}: json {}: missing", variable, what);
  }
  if (extract_.from == Extract::From::kHeader) {
    return fmt::format("extract {}: header {}: missing", variable, what);
  }
  return fmt::format("extract {}: body: no match for '{}'", variable, what);
}

absl::StatusOr<std::unique_ptr<re2::RE2>> CompileRegex(const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<re2::RE2>(regex, options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(fmt::format("regex must be in RE2 syntax: {}, got '{}'",
                                                  compiled->error(), ReasonValue(regex)));
  }
  return compiled;
}

}  // namespace squall
