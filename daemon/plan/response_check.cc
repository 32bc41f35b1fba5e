#include "daemon/plan/response_check.h"

#include <re2/re2.h>
#include <variant>

#include <fmt/format.h>

#include "daemon/base/status_macros.h"
#include "daemon/base/units.h"
#include "daemon/plan/json_check.h"
#include "daemon/plan/status_set.h"

namespace squall {
namespace {

using Reason = std::optional<std::string>;

struct StatusTest {
  Template expected;
  StatusSet constant;  // of a template without holes

  Reason Failure(const ResponseView& view, const TemplateScope& scope) const {
    if (expected.IsConstant()) {
      return constant.Contains(view.status) ? std::nullopt : Describe(view, expected.constant());
    }
    RenderedText rendered;
    if (absl::Status status = rendered.Read(expected, scope); !status.ok()) {
      return std::string(status.message());
    }
    const auto set = StatusSet::Parse(rendered.text());
    if (!set.ok()) {
      return fmt::format("status check {}", std::string(set.status().message()));
    }
    return set->Contains(view.status) ? std::nullopt : Describe(view, rendered.text());
  }

  static Reason Describe(const ResponseView& view, std::string_view expected) {
    return fmt::format("Status code: {} (expected {})", view.status, ReasonValue(expected));
  }
};

struct HeaderTest {
  std::string name;
  std::optional<Template> equals;
  std::optional<Template> contains;

  Reason Failure(const ResponseView& view, const TemplateScope& scope) const {
    const auto header = view.Header(name);
    if (!header) {
      return fmt::format("header {}: missing", ReasonValue(name));
    }
    RenderedText rendered;
    if (equals) {
      if (absl::Status status = rendered.Read(*equals, scope); !status.ok()) {
        return std::string(status.message());
      }
      if (*header != rendered.text()) {
        return fmt::format("header {}: expected {}, got {}", ReasonValue(name),
                           ReasonValue(rendered.text()), ReasonValue(*header));
      }
    }
    if (contains) {
      if (absl::Status status = rendered.Read(*contains, scope); !status.ok()) {
        return std::string(status.message());
      }
      if (header->find(rendered.text()) == std::string_view::npos) {
        return fmt::format("header {}: expected to contain {}, got {}", ReasonValue(name),
                           ReasonValue(rendered.text()), ReasonValue(*header));
      }
    }
    return std::nullopt;
  }
};

struct ContainsTest {
  Template text;

  Reason Failure(const ResponseView& view, const TemplateScope& scope) const {
    RenderedText rendered;
    if (absl::Status status = rendered.Read(text, scope); !status.ok()) {
      return std::string(status.message());
    }
    if (view.body.find(rendered.text()) != std::string_view::npos) {
      return std::nullopt;
    }
    return fmt::format("body: expected to contain {}", ReasonValue(rendered.text()));
  }
};

struct RegexTest {
  std::unique_ptr<re2::RE2> regex;

  Reason Failure(const ResponseView& view, const TemplateScope&) const {
    const re2::StringPiece body(view.body.data(), view.body.size());
    if (re2::RE2::PartialMatch(body, *regex)) {
      return std::nullopt;
    }
    return fmt::format("body: no match for {}", ReasonValue(regex->pattern()));
  }
};

struct TimeTest {
  Nanos limit{0};

  // Without the time itself, which would make every failure a reason of its own.
  Reason Failure(const ResponseView& view, const TemplateScope&) const {
    if (view.total < limit) {
      return std::nullopt;
    }
    return fmt::format("response time: expected below {}", FormatTimeSpan(limit));
  }
};

using Test = std::variant<StatusTest, HeaderTest, ContainsTest, RegexTest, JsonCheck, TimeTest>;

absl::Status CompileInto(const std::optional<std::string>& text, std::optional<Template>* out) {
  if (text) {
    SQUALL_ASSIGN_OR_RETURN(*out, Template::Compile(*text));
  }
  return absl::OkStatus();
}

absl::StatusOr<Test> Compile(const StatusIs& check) {
  StatusTest test;
  SQUALL_ASSIGN_OR_RETURN(test.expected, Template::Compile(check.expected));
  if (test.expected.IsConstant()) {
    SQUALL_ASSIGN_OR_RETURN(test.constant, StatusSet::Parse(test.expected.constant()));
  }
  return test;
}

absl::StatusOr<Test> Compile(const HeaderIs& check) {
  if (check.header.empty()) {
    return absl::InvalidArgumentError("must name the header");
  }
  HeaderTest test;
  test.name = check.header;
  SQUALL_RETURN_IF_ERROR(CompileInto(check.equals, &test.equals));
  SQUALL_RETURN_IF_ERROR(CompileInto(check.contains, &test.contains));
  return test;
}

absl::StatusOr<Test> Compile(const BodyContains& check) {
  SQUALL_ASSIGN_OR_RETURN(Template text, Template::Compile(check.text));
  return ContainsTest{std::move(text)};
}

absl::StatusOr<Test> Compile(const BodyMatches& check) {
  SQUALL_ASSIGN_OR_RETURN(std::unique_ptr<re2::RE2> regex, CompileRegex(check.regex));
  return RegexTest{std::move(regex)};
}

absl::StatusOr<Test> Compile(const JsonIs& check) {
  SQUALL_ASSIGN_OR_RETURN(JsonCheck test, JsonCheck::Make(check));
  return test;
}

absl::StatusOr<Test> Compile(const ResponseTimeBelow& check) {
  if (check.limit <= Nanos(0)) {
    return absl::InvalidArgumentError("response time must be above 0");
  }
  return TimeTest{check.limit};
}

absl::Status InContext(std::string_view list, size_t index, const absl::Status& status) {
  return {status.code(), fmt::format("{}[{}]: {}", list, index, std::string(status.message()))};
}

}  // namespace

struct CompiledChecks::Compiled {
  std::string name;
  Test test;
};

CompiledChecks::CompiledChecks() = default;
CompiledChecks::CompiledChecks(CompiledChecks&&) noexcept = default;
CompiledChecks& CompiledChecks::operator=(CompiledChecks&&) noexcept = default;
CompiledChecks::~CompiledChecks() = default;

absl::StatusOr<CompiledChecks> CompiledChecks::Make(const std::vector<Check>& checks,
                                                    const std::vector<squall::Extract>& extracts) {
  CompiledChecks compiled;
  for (size_t i = 0; i < checks.size(); ++i) {
    auto test = std::visit([](const auto& what) { return Compile(what); }, checks[i].test);
    if (!test.ok()) {
      return InContext("checks", i, test.status());
    }
    compiled.has_status_check_ |= std::holds_alternative<StatusTest>(*test);
    compiled.needs_headers_ |= std::holds_alternative<HeaderTest>(*test);
    compiled.needs_body_ |= std::holds_alternative<ContainsTest>(*test) ||
                            std::holds_alternative<RegexTest>(*test) ||
                            std::holds_alternative<JsonCheck>(*test);
    compiled.checks_.push_back({checks[i].name, *std::move(test)});
  }
  for (size_t i = 0; i < extracts.size(); ++i) {
    auto extract = CompiledExtract::Make(extracts[i]);
    if (!extract.ok()) {
      return InContext("extract", i, extract.status());
    }
    (extract->NeedsBody() ? compiled.needs_body_ : compiled.needs_headers_) = true;
    compiled.extracts_.push_back(*std::move(extract));
  }
  return compiled;
}

std::optional<std::string> CompiledChecks::Evaluate(const ResponseView& view,
                                                    const TemplateScope& scope,
                                                    CheckListener listener) const {
  Reason first = has_status_check_ ? std::nullopt : DefaultStatusFailure(view.status);
  for (const Compiled& check : checks_) {
    Reason reason =
        std::visit([&](const auto& test) { return test.Failure(view, scope); }, check.test);
    listener(check.name, !reason);
    if (reason && !first) {
      first = std::move(reason);
    }
  }
  return first;
}

std::optional<std::string> CompiledChecks::Extract(const ResponseView& view,
                                                   ExtractSink sink) const {
  for (const CompiledExtract& extract : extracts_) {
    if (Reason reason = extract.Apply(view, sink)) {
      return reason;
    }
  }
  return std::nullopt;
}

}  // namespace squall
