#include "daemon/plan/response_check.h"

#include <gtest/gtest.h>

#include "tests/daemon/plan/fake_reply.h"
#include "tests/support/allocation_counter.h"

namespace squall {
namespace {

using std::chrono::milliseconds;

struct Judged {
  std::string reason = "pass";
  std::vector<std::pair<std::string, bool>> checks;
};

struct Reply {
  int status = 200;
  std::string body;
  Nanos total{0};
};

Judged Judge(const std::vector<Check>& checks, const Reply& reply) {
  const auto compiled = CompiledChecks::Make(checks, {});
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  FakeScope scope;
  scope.variables = {{"accepted", Value("200,404")}, {"type", Value("json")}, {"bad", Value("ok")}};
  FakeHeaders headers;
  headers.values = {{"Content-Type", "application/json; charset=utf-8"}};
  ResponseView view;
  view.status = reply.status;
  view.body = reply.body;
  view.total = reply.total;
  view.headers = &headers;
  Judged judged;
  const auto reason = compiled->Evaluate(view, scope, [&](const std::string& name, bool passed) {
    judged.checks.emplace_back(name, passed);
  });
  judged.reason = reason.value_or("pass");
  return judged;
}

TEST(CompiledChecksTest, TellWhyAReplyFails) {
  const std::string html = "<html>Sorry</html>";
  const std::tuple<decltype(Check::test), Reply, const char*> rows[] = {
      {StatusIs{"2xx"}, {.status = 204}, "pass"},
      {StatusIs{"200"}, {.status = 503}, "Status code: 503 (expected 200)"},
      {StatusIs{"404"}, {.status = 404}, "pass"},
      {StatusIs{"{{accepted}}"}, {.status = 404}, "pass"},
      {StatusIs{"{{accepted}}"}, {.status = 500}, "Status code: 500 (expected 200,404)"},
      {StatusIs{"{{bad}}"},
       {},
       "status check must be statuses such as 200, 2xx, 200-299 or 200,404 (from 100 to 999), got "
       "'ok'"},
      {StatusIs{"{{nobody}}"}, {}, "variable 'nobody' must be set before it is used"},
      {HeaderIs{"Content-Type", {}, {}}, {}, "pass"},
      {HeaderIs{"X-None", {}, {}}, {}, "header X-None: missing"},
      {HeaderIs{"Content-Type", "application/json; charset=utf-8", {}}, {}, "pass"},
      {HeaderIs{"Content-Type", "text/html", {}},
       {},
       "header Content-Type: expected text/html, got application/json; charset=utf-8"},
      {HeaderIs{"Content-Type", {}, "{{type}}"}, {}, "pass"},
      {HeaderIs{"Content-Type", {}, "html"},
       {},
       "header Content-Type: expected to contain html, got application/json; charset=utf-8"},
      {HeaderIs{"Content-Type", "{{nobody}}", {}},
       {},
       "variable 'nobody' must be set before it is used"},
      {BodyContains{"Sorry"}, {.body = html}, "pass"},
      {BodyContains{"Welcome"}, {.body = html}, "body: expected to contain Welcome"},
      {BodyContains{"{{type}}"}, {.body = html}, "body: expected to contain json"},
      {BodyContains{std::string(1000, 'x')},
       {.body = html},
       "body: expected to contain "
       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"},
      {BodyMatches{"So+rry"}, {.body = "\xFF\xFE Soorry"}, "pass"},
      {BodyMatches{"^Sorry"}, {.body = html}, "body: no match for ^Sorry"},
      {JsonIs{.path = "$.price", .number = "999.99"},
       {.body = R"({"price": 1000.5})"},
       "json $.price: expected 999.99, got 1000.5"},
      {JsonIs{.path = "$"}, {.body = html}, "Invalid JSON"},
      {ResponseTimeBelow{milliseconds(500)}, {.total = milliseconds(499)}, "pass"},
      {ResponseTimeBelow{milliseconds(500)},
       {.total = milliseconds(500)},
       "response time: expected below 500ms"},
  };
  for (const auto& [test, reply, expected] : rows) {
    const Judged judged = Judge({{"named", test}}, reply);
    EXPECT_EQ(judged.reason, expected);
    EXPECT_EQ(
        judged.checks,
        (std::vector<std::pair<std::string, bool>>{{"named", std::string(expected) == "pass"}}));
  }
}

TEST(CompiledChecksTest, WithoutAStatusCheckErrorsFailFirst) {
  EXPECT_EQ(Judge({}, {.status = 200}).reason, "pass");
  EXPECT_EQ(Judge({}, {.status = 302}).reason, "pass");
  EXPECT_EQ(Judge({}, {.status = 404}).reason, "HTTP 404 Not Found");
  const Judged judged = Judge({{"text", BodyContains{"a"}}}, {.status = 500, .body = "b"});
  EXPECT_EQ(judged.reason, "HTTP 500 Internal Server Error");
  EXPECT_EQ(judged.checks.size(), 1u);
  EXPECT_EQ(Judge({{"status", StatusIs{"500"}}}, {.status = 500}).reason, "pass")
      << "a status check replaces the default";
}

TEST(CompiledChecksTest, EveryCheckIsHeardAndTheFirstFailureIsTheReason) {
  const std::vector<Check> checks = {{"status", StatusIs{"200"}},
                                     {"a", BodyContains{"a"}},
                                     {"b", BodyContains{"b"}},
                                     {"c", BodyContains{"c"}}};
  const Judged judged = Judge(checks, {.body = "b"});
  EXPECT_EQ(judged.reason, "body: expected to contain a");
  EXPECT_EQ(judged.checks, (std::vector<std::pair<std::string, bool>>{
                               {"status", true}, {"a", false}, {"b", true}, {"c", false}}));
}

TEST(CompiledChecksTest, SayWhatOfAReplyTheyNeed) {
  const std::tuple<std::vector<Check>, std::vector<Extract>, bool, bool> rows[] = {
      {{}, {}, false, false},
      {{{"", StatusIs{"200"}}, {"", ResponseTimeBelow{milliseconds(1)}}}, {}, false, false},
      {{{"", HeaderIs{"A", {}, {}}}}, {}, false, true},
      {{{"", BodyContains{"a"}}}, {}, true, false},
      {{{"", BodyMatches{"a"}}}, {}, true, false},
      {{{"", JsonIs{.path = "$"}}}, {}, true, false},
      {{}, {{.as = "x", .from = Extract::From::kHeader, .expression = "A"}}, false, true},
      {{}, {{.as = "x", .from = Extract::From::kJson, .expression = "$"}}, true, false},
      {{{"", HeaderIs{"A", {}, {}}}}, {{.as = "x", .expression = "$"}}, true, true},
  };
  for (const auto& [checks, extracts, body, headers] : rows) {
    const auto compiled = CompiledChecks::Make(checks, extracts);
    ASSERT_TRUE(compiled.ok()) << compiled.status();
    EXPECT_EQ(compiled->NeedsBody(), body);
    EXPECT_EQ(compiled->NeedsHeaders(), headers);
  }
}

TEST(CompiledChecksTest, ExtractStopsAtTheFirstMissingValue) {
  const auto compiled =
      CompiledChecks::Make({}, {{.as = "a", .expression = "$.a"},
                                {.as = "b", .scope = VariableScope::kShared, .expression = "$.b"},
                                {.as = "c", .expression = "$.a"}});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  std::string seen;
  const auto sink = [&seen](const std::string& as, VariableScope scope, const Value& value) {
    seen += as + (scope == VariableScope::kShared ? "*=" : "=") + value.ToText() + " ";
  };
  ResponseView whole;
  whole.body = R"({"a":1,"b":2})";
  EXPECT_EQ(compiled->Extract(whole, sink), std::nullopt);
  EXPECT_EQ(seen, "a=1 b*=2 c=1 ");
  seen.clear();
  ResponseView part;
  part.body = R"({"a":1})";
  EXPECT_EQ(compiled->Extract(part, sink), "extract b: json $.b: missing");
  EXPECT_EQ(seen, "a=1 ");
}

TEST(CompiledChecksTest, ErrorsSayWhichOneDoesNotCompile) {
  const auto error = [](decltype(Check::test) test) {
    return std::string(
        CompiledChecks::Make({{"fine", StatusIs{"200"}}, {"bad", std::move(test)}}, {})
            .status()
            .message());
  };
  EXPECT_EQ(error(StatusIs{"ok"}),
            "checks[1]: must be statuses such as 200, 2xx, 200-299 or 200,404 (from 100 to 999), "
            "got 'ok'");
  EXPECT_EQ(error(BodyMatches{"a("}),
            "checks[1]: regex must be in RE2 syntax: missing ): a(, got 'a('");
  EXPECT_EQ(error(BodyContains{"{{a b}}"}),
            "checks[1]: offset 4: must be '}}', or '|' and a filter, got 'b' (names have letters, "
            "digits, '_' and '-')");
  EXPECT_EQ(error(HeaderIs{}), "checks[1]: must name the header");
  EXPECT_EQ(error(JsonIs{}), "checks[1]: offset 0: must not be empty; '$' is the whole document");
  EXPECT_EQ(error(ResponseTimeBelow{}), "checks[1]: response time must be above 0");
  EXPECT_EQ(CompiledChecks::Make({}, {{.as = "x", .expression = "$["}}).status().message(),
            "extract[0]: offset 2: must be an index such as 0 or -1, '*', or a name in quotes");
}

TEST(CompiledChecksTest, AConstantStatusCheckAllocatesNothing) {
  const auto compiled = CompiledChecks::Make({{"a status check's long name", StatusIs{"2xx"}}}, {});
  ASSERT_TRUE(compiled.ok());
  const FakeScope scope;
  ResponseView view;
  view.status = 200;
  int passed_count = 0;
  const auto listener = [&](const std::string&, bool passed) { passed_count += passed ? 1 : 0; };
  const uint64_t before = allocation_count;
  for (int round = 0; round < 100; ++round) {
    compiled->Evaluate(view, scope, listener);
  }
  EXPECT_EQ(allocation_count, before);
  EXPECT_EQ(passed_count, 100);
}

TEST(CompiledChecksTest, AConstantTemplateIsReadWithoutACopyAndRenderingFillsARoomyString) {
  FakeScope scope;
  scope.variables = {{"name", Value("a name that fits no small string \"\xC3\xA9\"")}};
  const Template constant = *Template::Compile("a text that fits no small string");
  const Template holes = *Template::Compile(
      R"({"n":"{{name}}","id":"{{uuid()}}","k":{{random_int(1,5)}},"u":"{{name|url}}"})");
  std::string out;
  out.reserve(1000);
  RenderedText rendered;
  const uint64_t before = allocation_count;
  EXPECT_TRUE(rendered.Read(constant, scope).ok());
  for (int round = 0; round < 100; ++round) {
    out.clear();
    EXPECT_TRUE(holes.RenderJson(scope, &out).ok());
  }
  // FakeScope::Find makes a std::string of each name it looks up; "name" fits without allocating.
  EXPECT_EQ(allocation_count, before);
}

}  // namespace
}  // namespace squall
