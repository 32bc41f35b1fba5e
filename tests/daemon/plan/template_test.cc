#include "daemon/plan/template.h"

#include <cctype>
#include <set>

#include <gtest/gtest.h>

#include "tests/daemon/plan/fake_reply.h"

namespace squall {
namespace {

// One of every kind of value.
FakeScope FullScope() {
  FakeScope scope;
  scope.variables = {
      {"name", Value("Office Chair")},
      {"quote", Value("a \"b\"\\\n\xC3\xA9\xFF")},
      {"count", Value(3)},
      {"price", Value(999.99)},
      {"yes", Value(true)},
      {"none", Value()},
      {"tags", Value(ValueList{"x", 2})},
      {"product", Value(ValueObject{{"id", 17}, {"name", "Mouse"}, {"gone", Value()}})},
  };
  return scope;
}

std::string Rendered(std::string_view text) {
  const auto compiled = Template::Compile(text);
  EXPECT_TRUE(compiled.ok()) << text << ": " << compiled.status();
  std::string out = ">";
  EXPECT_TRUE(compiled->Render(FullScope(), &out).ok()) << text;
  return out.substr(1);
}

std::string RenderedJson(std::string_view text) {
  const auto compiled = Template::Compile(text);
  EXPECT_TRUE(compiled.ok()) << text << ": " << compiled.status();
  std::string out;
  EXPECT_TRUE(compiled->RenderJson(FullScope(), &out).ok()) << text;
  EXPECT_TRUE(ParseJson(out).ok()) << out;
  return out;
}

TEST(TemplateTest, RendersVariablesAndFunctionsIntoText) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"/products", "/products"},
      {"/products/{{product.id}}?n={{count}}", "/products/17?n=3"},
      {"{{price}}{{yes}}[{{none}}]", "999.99true[]"},
      {"{{tags}} {{tags.0}} {{tags.1}}", "[\"x\",2] x 2"},
      {"{{ name | url }}", "Office%20Chair"},
      {"{{quote|url}}", "a%20%22b%22%5C%0A%C3%A9%FF"},
      {"{{name|json}}", "\"Office Chair\""},
      {"{{tags|json|url}}", "%5B%22x%22%2C2%5D"},
      {"{{nobody|default('me')}} {{none|default(0)}} {{name|default('x')}}", "me 0 Office Chair"},
      {"{{product.color|default(red)}} {{product.gone|default(gone)}}", "red gone"},
      {"{{user_number()}} {{iteration()}} {{class_name()}}", "42 7 Buyer \"A\""},
      {"{{timestamp()}} {{timestamp_ms()}}", "1700000000 1700000000123"},
      {"{{random_int(5,5)}} {{random_choice(only)}} {{random_float(2,2)}}", "5 only 2"},
      {"{{random_string(0)}}", ""},
      {"{{{{name}}", "{{name}}"},
      {"{{{{{{count}}}}", "{{3}}"},
      {"}} { } {a}", "}} { } {a}"},
      {"{\"a\":{\"b\":{{count}}}}", "{\"a\":{\"b\":3}}"},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(Rendered(text), expected) << text;
  }
}

TEST(TemplateTest, JsonKnowsWhetherAHoleStandsInAString) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"n":{{name}},"c":{{count}},"t":{{tags}},"p":{{product}},"z":{{none}}})",
       R"({"n":"Office Chair","c":3,"t":["x",2],)"
       R"("p":{"id":17,"name":"Mouse","gone":null},"z":null})"},
      {R"({"n":"{{name}}","c":"{{count}}","z":"{{none}}"})",
       R"({"n":"Office Chair","c":"3","z":""})"},
      {R"({"n":"{{quote}}"})", "{\"n\":\"a \\\"b\\\"\\\\\\n\xC3\xA9\xEF\xBF\xBD\"}"},
      {R"({"n":{{quote}}})", "{\"n\":\"a \\\"b\\\"\\\\\\n\xC3\xA9\xEF\xBF\xBD\"}"},
      {R"({"t":"{{tags}}"})", R"({"t":"[\"x\",2]"})"},
      {R"({"t":"{{name|json}}","u":{{name|json}}})",
       R"({"t":"\"Office Chair\"","u":"Office Chair"})"},
      {R"({"u":"{{name|url}}","v":{{name|url}}})",
       R"({"u":"Office%20Chair","v":"Office%20Chair"})"},
      {R"({"k\"{{count}}":"\\{{count}}\\","x":{{count}}})", R"({"k\"3":"\\3\\","x":3})"},
      {R"({"c":{{class_name()}},"d":"{{class_name()}}","e":{{user_number()}}})",
       R"({"c":"Buyer \"A\"","d":"Buyer \"A\"","e":42})"},
      {R"([{{random_choice(5)}},{{random_choice('5')}},"{{random_choice('a"b')}}"])",
       R"([5,"5","a\"b"])"},
      {R"([{{nobody|default(0)}},{{nobody|default('a')}},"{{nobody|default(b)}}"])",
       R"([0,"a","b"])"},
      {R"(["{{{{", {{count}}])", R"(["{{", 3])"},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(RenderedJson(text), expected) << text;
  }
}

TEST(TemplateTest, RandomTextIsQuotedInJsonAndRandomNumbersAreNot) {
  for (int round = 0; round < 50; ++round) {
    const std::string out = RenderedJson(
        R"([{{uuid()}},{{random_string(5)}},{{random_int(1,9)}},{{random_float(0,1)}},)"
        R"("{{uuid()}}"])");
    const Value list = *ParseJson(out);
    EXPECT_NE(list.FindDotted("0")->AsString(), nullptr);
    EXPECT_EQ(list.FindDotted("1")->AsString()->size(), 5u);
    EXPECT_EQ(list.FindDotted("2")->AsString(), nullptr);
    EXPECT_EQ(list.FindDotted("4")->AsString()->size(), 36u);
  }
}

TEST(TemplateTest, RandomDrawsStayInTheirRangeAndReachItsEnds) {
  const FakeScope scope = FullScope();
  const auto draw = [&scope](const char* text) {
    return *Template::Compile(text)->Evaluate(scope);
  };
  std::set<std::string> numbers;
  std::set<std::string> choices;
  for (int round = 0; round < 300; ++round) {
    numbers.insert(draw("{{random_int(-1,2)}}").ToText());
    choices.insert(draw("{{random_choice(a|b|c)}}").ToText());
    double real = 0;
    ASSERT_TRUE(draw("{{random_float(1.5,2.5)}}").ToNumber(&real));
    EXPECT_GE(real, 1.5);
    EXPECT_LT(real, 2.5);
    for (const char c : draw("{{random_string(20)}}").ToText()) {
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
    }
  }
  EXPECT_EQ(numbers, (std::set<std::string>{"-1", "0", "1", "2"}));
  EXPECT_EQ(choices, (std::set<std::string>{"a", "b", "c"}));
}

TEST(TemplateTest, UuidsAreOfVersionFourAndDiffer) {
  std::string out;
  const FakeScope scope = FullScope();
  const Template uuid = *Template::Compile("{{uuid()}}");
  std::set<std::string> seen;
  for (int round = 0; round < 200; ++round) {
    out.clear();
    ASSERT_TRUE(uuid.Render(scope, &out).ok());
    ASSERT_EQ(out.size(), 36u);
    for (const size_t dash : {8, 13, 18, 23}) {
      EXPECT_EQ(out[dash], '-');
    }
    EXPECT_EQ(out[14], '4');
    EXPECT_NE(std::string("89ab").find(out[19]), std::string::npos) << out;
    seen.insert(out);
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(TemplateTest, EvaluateKeepsTheValueOfASingleHole) {
  const FakeScope scope = FullScope();
  const std::pair<const char*, Value> rows[] = {
      {"{{product}}", scope.variables.at("product")},
      {"{{tags.1}}", Value(2)},
      {"{{none}}", Value()},
      {"{{ yes }}", Value(true)},
      {" {{yes}}", Value(" true")},
      {"{{count}}{{count}}", Value("33")},
      {"{{tags|json}}", Value("[\"x\",2]")},
      {"{{user_number()}}", Value(42)},
      {"{{random_choice(5)}}", Value(5)},
      {"{{random_choice('5')}}", Value("5")},
      {"{{nobody|default(null)}}", Value()},
      {"plain", Value("plain")},
      {"", Value("")},
  };
  for (const auto& [text, expected] : rows) {
    const auto value = Template::Compile(text)->Evaluate(scope);
    ASSERT_TRUE(value.ok()) << text << ": " << value.status();
    EXPECT_EQ(*value, expected) << text;
  }
}

TEST(TemplateTest, AMissingVariableIsNamedAndLeavesTheTextAsItWas) {
  const std::pair<const char*, const char*> rows[] = {
      {"a{{nobody}}", "variable 'nobody' must be set before it is used"},
      {"a{{nobody.x}}", "variable 'nobody' must be set before it is used"},
      {"a{{product.color}}", "variable 'product' must have 'color'"},
      {"a{{count.x}}", "variable 'count' must have 'x'"},
      {"a{{uuid}}", "variable 'uuid' must be set before it is used (the function is 'uuid()')"},
  };
  for (const auto& [text, message] : rows) {
    std::string out = "before ";
    const Template compiled = *Template::Compile(text);
    const absl::Status status = compiled.Render(FullScope(), &out);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << text;
    EXPECT_EQ(status.message(), message);
    EXPECT_EQ(out, "before ");
    EXPECT_EQ(compiled.Evaluate(FullScope()).status().code(), absl::StatusCode::kNotFound);
  }
}

TEST(TemplateTest, ATextWithoutHolesIsConstant) {
  EXPECT_TRUE(Template().IsConstant());
  EXPECT_TRUE(Template::Compile("/a{{{{b}}")->IsConstant());
  EXPECT_EQ(Template::Compile("/a{{{{b}}")->constant(), "/a{{b}}");
  EXPECT_FALSE(Template::Compile("/a{{b}}")->IsConstant());
}

TEST(TemplateTest, RenderingIntoARoomyStringDoesNotMoveIt) {
  std::string out;
  out.reserve(1000);
  const char* data = out.data();
  const Template compiled = *Template::Compile("{{name|url}} {{quote}} {{uuid()}} {{price}}");
  ASSERT_TRUE(compiled.Render(FullScope(), &out).ok());
  EXPECT_EQ(out.data(), data);
}

TEST(TemplateTest, ListsItsVariablesOnce) {
  EXPECT_EQ(Template::Compile("{{a.b}}{{c}}{{a}}{{uuid()}}{{d|default(1)}}")->Variables(),
            (std::vector<std::string>{"a", "c", "d"}));
  EXPECT_TRUE(Template::Compile("x")->Variables().empty());
}

TEST(TemplateTest, ListsTheTextAroundItsHoles) {
  EXPECT_EQ(Template::Compile("/a/{{id}}/b/{{uuid()}}")->Literals(),
            (std::vector<std::string>{"/a/", "/b/", ""}));
  EXPECT_EQ(Template::Compile("100 {{{{ x")->Literals(), std::vector<std::string>{"100 {{ x"});
}

TEST(TemplateTest, HasLimits) {
  EXPECT_TRUE(Template::Compile(std::string(1 << 20, 'x')).ok());
  EXPECT_EQ(Template::Compile(std::string((1 << 20) + 1, 'x')).status().message(),
            "must be at most 1048576 bytes of text, got 1048577");
  std::string holes;
  for (int i = 0; i < 1000; ++i) {
    holes += "{{a}}";
  }
  EXPECT_TRUE(Template::Compile(holes).ok());
  EXPECT_EQ(Template::Compile(holes + "{{a}}").status().message(),
            "offset 5000: must have at most 1000 holes");
}

TEST(TemplateTest, ErrorsCarryTheOffsetInTheWholeText) {
  EXPECT_EQ(Template::Compile("/p/{{id}}/{{").status().message(),
            "offset 10: '{{' must be closed by '}}' (write '{{{{' for the text '{{')");
  EXPECT_EQ(Template::Compile("{\"id\": {{uid()}}}").status().message(),
            "offset 9: must be a known function, got 'uid'; did you mean 'uuid'?");
}

TEST(TemplateTest, NeverStopsTheProcessOnRandomText) {
  constexpr std::string_view kPieces[] = {"{{", "}}",     "a",     ".",       "|",      "json",
                                          "(",  ")",      "'",     "\"",      "\\",     "url",
                                          ",",  "uuid()", "count", "default", "\xFF\n", "5"};
  const FakeScope scope = FullScope();
  Rng rng(3);
  int compiled_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 10; ++i) {
      text += kPieces[rng.Below(std::size(kPieces))];
    }
    const auto compiled = Template::Compile(text);
    std::string out;
    if (compiled.ok()) {
      ++compiled_count;
      compiled->RenderJson(scope, &out).IgnoreError();
      compiled->Evaluate(scope).status().IgnoreError();
    }
  }
  EXPECT_GT(compiled_count, 1'000);
}

TEST(PercentEncodeFromTest, EncodesInPlaceFromTheStart) {
  std::string text = "a b?c d/\xC3\xA9~-._";
  PercentEncodeFrom(4, &text);
  EXPECT_EQ(text, "a b?c%20d%2F%C3%A9~-._");
}

}  // namespace
}  // namespace squall
