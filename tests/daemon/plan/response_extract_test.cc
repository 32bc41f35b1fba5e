#include "daemon/plan/response_extract.h"

#include <re2/re2.h>

#include <gtest/gtest.h>

#include "tests/daemon/plan/fake_reply.h"

namespace squall {
namespace {

using From = Extract::From;

constexpr const char* kBody = R"({"token": "abc", "items": [{"id": 1}, {"id": 2}], "none": null})";

Extract Make(From from, std::string expression, std::optional<std::string> fallback = {}) {
  Extract extract;
  extract.as = "x";
  extract.from = from;
  extract.expression = std::move(expression);
  extract.fallback = std::move(fallback);
  return extract;
}

// The value as JSON, or "! reason".
std::string Applied(const Extract& extract, std::string_view body) {
  const auto compiled = CompiledExtract::Make(extract);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  FakeHeaders headers;
  headers.values = {{"X-Token", "t-1"}, {"X-Empty", ""}};
  ResponseView view;
  view.headers = &headers;
  view.body = body;
  std::string got;
  const auto reason =
      compiled->Apply(view, [&](const std::string& as, VariableScope scope, const Value& value) {
        EXPECT_EQ(as, extract.as);
        EXPECT_EQ(scope, extract.scope);
        value.AppendJson(&got);
      });
  EXPECT_EQ(reason.has_value(), got.empty()) << "either a value or a reason";
  return reason ? "! " + *reason : got;
}

TEST(CompiledExtractTest, TakesValuesOutOfAReply) {
  const std::tuple<From, const char*, const char*> rows[] = {
      {From::kJson, "$.token", R"("abc")"},
      {From::kJson, "$.items[0]", R"({"id":1})"},
      {From::kJson, "$.items[*].id", "[1,2]"},
      {From::kJson, "$.none", "null"},
      {From::kJson, "$.nothing", "! extract x: json $.nothing: missing"},
      {From::kRegex, R"x("token": "(\w+)")x", R"("abc")"},
      {From::kRegex, "z(z*)", "! extract x: body: no match for 'z(z*)'"},
      {From::kRegex, "token(zzz)?", "! extract x: body: no match for 'token(zzz)?'"},
      {From::kRegex, "token(z*)", R"("")"},
      {From::kHeader, "X-Token", R"("t-1")"},
      {From::kHeader, "X-Empty", R"("")"},
      {From::kHeader, "X-None", "! extract x: header X-None: missing"},
  };
  for (const auto& [from, expression, expected] : rows) {
    EXPECT_EQ(Applied(Make(from, expression), kBody), expected) << expression;
  }
}

TEST(CompiledExtractTest, TheFallbackStandsInForWhatIsMissing) {
  EXPECT_EQ(Applied(Make(From::kJson, "$.nothing", "f"), kBody), R"("f")");
  EXPECT_EQ(Applied(Make(From::kJson, "$.token", "f"), "<html>"), R"("f")");
  EXPECT_EQ(Applied(Make(From::kJson, "$.none", "f"), kBody), "null") << "null is a value";
  EXPECT_EQ(Applied(Make(From::kRegex, "(zz)", ""), kBody), R"("")");
  EXPECT_EQ(Applied(Make(From::kHeader, "X-None", "f"), kBody), R"("f")");
}

TEST(CompiledExtractTest, HostileBodiesAreFailuresWithShortReasons) {
  EXPECT_EQ(Applied(Make(From::kJson, "$.a"), ""), "! Invalid JSON: empty body");
  EXPECT_EQ(Applied(Make(From::kJson, "$.a"), "<html>"), "! Invalid JSON");
  EXPECT_EQ(Applied(Make(From::kJson, "$.a"), std::string(10'000, '[')), "! Invalid JSON");
  EXPECT_EQ(Applied(Make(From::kJson, "$"), "\"\xFF\""), "! Invalid JSON");
  EXPECT_EQ(Applied(Make(From::kRegex, "(?s)a(.)b"), std::string_view("a\0b", 3)), "\"\\u0000\"");
  const std::string long_path = "$." + std::string(1000, 'p');
  EXPECT_LT(Applied(Make(From::kJson, long_path), kBody).size(), 120u);
}

TEST(CompiledExtractTest, RefusesWhatDoesNotCompile) {
  const std::tuple<From, const char*, const char*> rows[] = {
      {From::kJson, "$.a[", "offset 4: must be an index such as 0 or -1, '*', or a name in quotes"},
      {From::kJson, "", "offset 0: must not be empty; '$' is the whole document"},
      {From::kRegex, "(a", "regex must be in RE2 syntax: missing ): (a, got '(a'"},
      {From::kRegex, "a", "regex must have one group, such as token=(\\w+), got 0 in 'a'"},
      {From::kRegex, "(a)(b)",
       "regex must have one group, such as token=(\\w+), got 2 in '(a)(b)'"},
      {From::kHeader, "", "must name the header"},
  };
  for (const auto& [from, expression, message] : rows) {
    const auto compiled = CompiledExtract::Make(Make(from, expression));
    EXPECT_EQ(compiled.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(compiled.status().message(), message);
  }
  Extract unnamed = Make(From::kHeader, "X-Token");
  unnamed.as = "";
  EXPECT_EQ(CompiledExtract::Make(unnamed).status().message(), "must name the variable in 'as'");
}

TEST(CompiledExtractTest, OnlyHeadersNeedNoBody) {
  EXPECT_FALSE(CompiledExtract::Make(Make(From::kHeader, "A"))->NeedsBody());
  EXPECT_TRUE(CompiledExtract::Make(Make(From::kJson, "$"))->NeedsBody());
  EXPECT_TRUE(CompiledExtract::Make(Make(From::kRegex, "(a)"))->NeedsBody());
}

}  // namespace
}  // namespace squall
