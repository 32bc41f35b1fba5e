// Checks and extractions.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

PlanResult ParseRequestWith(const std::string& key, const std::string& item) {
  return ParseText(PlanWithSteps("- set: {v: 1}\n- get: {path: /, " + key + ": [" + item + "]}"));
}

RequestStep RequestOf(const std::string& key, const std::string& item) {
  const PlanResult result = ParseRequestWith(key, item);
  EXPECT_EQ(ErrorText(result), "") << item;
  return result.plan.users.empty()
             ? RequestStep()
             : std::get<RequestStep>(result.plan.users[0].tasks[0].steps[1].what);
}

Check CheckOf(const std::string& item) { return RequestOf("checks", item).checks.at(0); }
Extract ExtractOf(const std::string& item) { return RequestOf("extract", item).extract.at(0); }

void ExpectItemError(const std::string& key, const std::string& item, const std::string& message) {
  const std::string errors = ErrorText(ParseRequestWith(key, item));
  EXPECT_NE(errors.find(message), std::string::npos) << item << "\n" << errors;
}

TEST(ParseChecksTest, StatusesAreNumbersRangesListsOrTemplates) {
  EXPECT_EQ(CheckOf("{status: 200}"), (Check{"status is 200", StatusIs{"200"}}));
  EXPECT_EQ(std::get<StatusIs>(CheckOf("{status: [200, 404]}").test).expected, "200,404");
  EXPECT_EQ(std::get<StatusIs>(CheckOf("{status: 2xx}").test).expected, "2xx");
  EXPECT_EQ(std::get<StatusIs>(CheckOf("{status: 200-299}").test).expected, "200-299");
  EXPECT_EQ(std::get<StatusIs>(CheckOf("{status: \"{{v}}\"}").test).expected, "{{v}}");
  for (const char* bad : {"{status: ok}", "{status: 20}", "{status: 20x}", "{status: [200, x]}",
                          "{status: 299-200}"}) {
    ExpectItemError("checks", bad, "must be statuses such as 200");
  }
  ExpectItemError("checks", "{status: []}", "must have at least one status");
}

TEST(ParseChecksTest, HeadersAreEqualContainOrAreThere) {
  EXPECT_EQ(CheckOf("{header: {name: A, equals: x}}"),
            (Check{"header A is 'x'", HeaderIs{"A", "x", std::nullopt}}));
  EXPECT_EQ(CheckOf("{header: {name: A, contains: x}}"),
            (Check{"header A contains 'x'", HeaderIs{"A", std::nullopt, "x"}}));
  EXPECT_EQ(CheckOf("{header: A}"), (Check{"header A is there", HeaderIs{"A", {}, {}}}));
  ExpectItemError("checks", "{header: {equals: x}}", "must have the key 'name'");
  ExpectItemError("checks", "{header: {name: A, equals: x, contains: y}}", "must have only one");
}

TEST(ParseChecksTest, BodiesContainTextOrMatch) {
  EXPECT_EQ(CheckOf("{body_contains: ok}"), (Check{"body contains 'ok'", BodyContains{"ok"}}));
  EXPECT_EQ(CheckOf("{body_matches: 'a+'}"), (Check{"body matches a+", BodyMatches{"a+"}}));
  ExpectItemError("checks", "{body_matches: 'a('}",
                  "must be a regular expression in RE2's syntax: missing )");
}

TEST(ParseChecksTest, JsonIsComparedAtAPath) {
  EXPECT_EQ(CheckOf("{json: {path: $.a, equals: x}}"),
            (Check{"$.a is 'x'", JsonIs{.path = "$.a", .equals = "x"}}));
  const JsonIs price{.path = "$.a", .number = "9.99", .tolerance = 0.01};
  EXPECT_EQ(CheckOf("{json: {path: $.a, number: 9.99, tolerance: 0.01}}"),
            (Check{"$.a is 9.99 ± 0.01", price}));
  EXPECT_EQ(std::get<JsonIs>(CheckOf("{json: {path: $.a, number: \"{{v}}\"}}").test).number,
            "{{v}}");
  EXPECT_EQ(CheckOf("{json: {path: $.a, exists: true}}"),
            (Check{"$.a is there", JsonIs{.path = "$.a"}}));
  EXPECT_EQ(CheckOf("{json: $.a}"), (Check{"$.a is there", JsonIs{.path = "$.a"}}));
  EXPECT_EQ(CheckOf("{json: {has_fields: [a, b]}}"),
            (Check{"$ has a, b", JsonIs{.path = "$", .has_fields = {"a", "b"}}}));
}

TEST(ParseChecksTest, JsonChecksAreChecked) {
  ExpectItemError("checks", "{json: {path: $.a}}", "must have one of the keys equals, number");
  ExpectItemError("checks", "{json: {path: '$.a[', exists: true}}",
                  "checks[0].json.path: offset 4: must");
  ExpectItemError("checks", "{json: {number: ten}}", "must be a number");
  ExpectItemError("checks", "{json: {equals: 1, tolerance: 2}}",
                  "must stand beside the key 'number'");
  ExpectItemError("checks", "{json: {exists: false}}",
                  "must be true; leave the check out otherwise");
  ExpectItemError("checks", "{json: {has_fields: []}}", "must name at least one field");
  ExpectItemError("checks", "{json: {number: 1, tolerance: -1}}", "must be a number of at least 0");
}

TEST(ParseChecksTest, ResponseTimesHaveALimit) {
  EXPECT_EQ(
      CheckOf("{response_time: 300ms}"),
      (Check{"response time below 300ms", ResponseTimeBelow{std::chrono::milliseconds(300)}}));
  ExpectItemError("checks", "{response_time: 0}", "must be longer than 0 s");
}

TEST(ParseChecksTest, ACheckHasOneKindAndMaybeAName) {
  EXPECT_EQ(CheckOf("{status: 200, name: fine}").name, "fine");
  ExpectItemError("checks", "{name: x}", "must have one of the keys status, header");
  ExpectItemError("checks", "{status: 200, body_contains: x}", "must have only one of the keys");
  ExpectItemError("checks", "{statsu: 200}", "did you mean 'status'?");
}

TEST(ParseExtractsTest, ValuesComeFromJsonRegexOrHeader) {
  EXPECT_EQ(ExtractOf("{json: $.id, as: id}"),
            (Extract{"id", VariableScope::kUser, Extract::From::kJson, "$.id", std::nullopt}));
  EXPECT_EQ(ExtractOf("{regex: 't=(.*)', as: t, scope: shared, default: none}"),
            (Extract{"t", VariableScope::kShared, Extract::From::kRegex, "t=(.*)", "none"}));
  EXPECT_EQ(ExtractOf("{header: Location, as: l}"),
            (Extract{"l", VariableScope::kUser, Extract::From::kHeader, "Location", std::nullopt}));
}

TEST(ParseExtractsTest, MistakesAreFoundWhenThePlanLoads) {
  ExpectItemError("extract", "{regex: 'a', as: x}", "must have exactly 1 group in (), got 0");
  ExpectItemError("extract", "{regex: '(a)(b)', as: x}", "must have exactly 1 group in (), got 2");
  ExpectItemError("extract", "{json: '$..', as: x}", "extract[0].json: offset 2: must");
  ExpectItemError("extract", "{json: $.a, as: 1x}", "must be a variable's name");
  ExpectItemError("extract", "{json: $.a}", "must have the key 'as'");
  ExpectItemError("extract", "{as: a}", "must have one of the keys json, regex, header");
}

}  // namespace
}  // namespace squall
