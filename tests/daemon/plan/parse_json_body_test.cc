// A JSON body that is written as YAML.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

PlanResult ParseBody(const std::string& json) {
  return ParseText(PlanWithSteps("- set: {x: 1, y: 2}\n- post: {path: /, json: " + json + "}"));
}

std::string JsonOf(const std::string& json) {
  const PlanResult result = ParseBody(json);
  EXPECT_EQ(ErrorText(result), "") << json;
  EXPECT_TRUE(result.warnings.empty()) << json;
  return result.plan.users.empty()
             ? ""
             : std::get<RequestStep>(result.plan.users[0].tasks[0].steps.back().what).json;
}

TEST(ParseJsonBodyTest, MapsAndListsBecomeJson) {
  EXPECT_EQ(JsonOf("{a: 1, b: [1.50, true, ~, text, '5', yes, 007], c: {}}"),
            R"({"a":1,"b":[1.50,true,null,"text","5","yes","007"],"c":{}})");
}

TEST(ParseJsonBodyTest, AValueThatIsOneHoleKeepsItsType) {
  EXPECT_EQ(JsonOf(R"({a: "{{x}}", b: "{{x}}{{y}}", c: "n {{x}}", d: "{{random_int(1,5)}}"})"),
            R"({"a":{{x}},"b":"{{x}}{{y}}","c":"n {{x}}","d":{{random_int(1,5)}}})");
}

TEST(ParseJsonBodyTest, TextIsEscapedButHolesAreNot) {
  EXPECT_EQ(JsonOf(R"({a: "{{x|default('}}\"')}} \" {{x|default('\"')}}"})"),
            R"({"a":"{{x|default('}}"')}} \" {{x|default('"')}}"})");
}

TEST(ParseJsonBodyTest, QuotesAndBackslashesAroundHolesAreEscaped) {
  EXPECT_EQ(JsonOf(R"({a: 'say "{{x}}" \ ok', 'k"{{y}}': 1})"),
            R"({"a":"say \"{{x}}\" \\ ok","k\"{{y}}":1})");
}

TEST(ParseJsonBodyTest, ALiteralBraceIsNoHole) {
  EXPECT_EQ(JsonOf(R"({a: "{{{{x}}"})"), R"({"a":"{{{{x}}"})");
}

TEST(ParseJsonBodyTest, TextIsJsonAlready) {
  EXPECT_EQ(JsonOf(R"('{"a": {{x}}}')"), R"({"a": {{x}}})");
  EXPECT_EQ(JsonOf(R"("{{x}}")"), "{{x}}");
  EXPECT_EQ(JsonOf("5"), "5");
}

TEST(ParseJsonBodyTest, TextThatIsNoJsonIsAnError) {
  EXPECT_NE(ErrorText(ParseBody("hello")).find("must be JSON: "), std::string::npos);
  EXPECT_NE(ErrorText(ParseBody(R"('{"a": 1')")).find("must be JSON: "), std::string::npos);
  EXPECT_NE(ErrorText(ParseBody("~")).find("must be a map, a list or JSON text, got nothing"),
            std::string::npos);
}

TEST(ParseJsonBodyTest, TextThatOnlyItsVariablesCouldMakeJsonIsAWarning) {
  const PlanResult result = ParseBody(R"('{"a": {{x}}{{y}}}')");
  EXPECT_EQ(ErrorText(result), "");
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_NE(result.warnings[0].find("must be JSON: "), std::string::npos);
}

}  // namespace
}  // namespace squall
