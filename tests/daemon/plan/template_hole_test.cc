#include "daemon/plan/template_hole.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

absl::StatusOr<TemplateHole> Parse(const std::string& inside) {
  const std::string text = "{{" + inside + "}}";
  size_t offset = 2;
  auto hole = ParseTemplateHole(text, &offset);
  if (hole.ok()) {
    EXPECT_EQ(offset, text.size()) << inside;
  }
  return hole;
}

TEST(TemplateHoleTest, SplitsAVariableAtItsFirstDot) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"product", "product", ""},        {" product.id ", "product", "id"},
      {"list.0.name", "list", "0.name"}, {"x-request-id", "x-request-id", ""},
      {"größe.länge", "größe", "länge"}, {"_a1", "_a1", ""},
  };
  for (const auto& [text, variable, path] : rows) {
    const auto hole = Parse(text);
    ASSERT_TRUE(hole.ok()) << text << ": " << hole.status();
    EXPECT_EQ(hole->kind, TemplateHole::Kind::kVariable);
    EXPECT_EQ(hole->variable, variable);
    EXPECT_EQ(hole->path, path);
  }
}

TEST(TemplateHoleTest, ReadsTheArgumentsOfFunctions) {
  const auto whole = Parse("random_int(-5, 10)");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->low, -5);
  EXPECT_EQ(whole->high, 10);
  const auto real = Parse("random_float(0.5,2)");
  ASSERT_TRUE(real.ok());
  EXPECT_EQ(real->low_real, 0.5);
  EXPECT_EQ(real->width_real, 1.5);
  const auto length = Parse("random_string(65536)");
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(length->low, 65536);
  EXPECT_TRUE(Parse("uuid( )").ok());
}

TEST(TemplateHoleTest, ChoicesAreTextUnlessTheyReadAsAScalar) {
  const auto hole = Parse(R"(random_choice(Office Chair | '7' | 7 | true | 007 | '' | "a|b'\"c"))");
  ASSERT_TRUE(hole.ok()) << hole.status();
  const std::pair<const char*, const char*> expected[] = {
      {"Office Chair", R"("Office Chair")"},
      {"7", R"("7")"},
      {"7", "7"},
      {"true", "true"},
      {"007", R"("007")"},
      {"", R"("")"},
      {"a|b'\"c", R"("a|b'\"c")"},
  };
  ASSERT_EQ(hole->choices.size(), std::size(expected));
  for (size_t i = 0; i < hole->choices.size(); ++i) {
    EXPECT_EQ(hole->choices[i].text, expected[i].first);
    EXPECT_EQ(hole->choices[i].json, expected[i].second);
  }
}

TEST(TemplateHoleTest, ReadsFiltersInOrder) {
  const auto hole = Parse("name | default('a }} b') | json | url");
  ASSERT_TRUE(hole.ok()) << hole.status();
  ASSERT_EQ(hole->fallback.size(), 1u);
  EXPECT_EQ(hole->fallback[0].text, "a }} b");
  EXPECT_TRUE(hole->as_json);
  EXPECT_TRUE(hole->as_url);
}

TEST(TemplateHoleTest, SaysWhatIsWrongAndWhere) {
  const std::string names = " (names have letters, digits, '_' and '-')";
  const std::pair<std::string, std::string> rows[] = {
      {"", "offset 2: must be a variable or a function, got '}'" + names},
      {"1a", "offset 2: must be a variable or a function, got '1'" + names},
      {"unit price", "offset 7: must be '}}', or '|' and a filter, got 'p'" + names},
      {"a.", "offset 4: must be a name or an index after '.', got '}'" + names},
      {"a\x01", "offset 3: must be '}}', or '|' and a filter, got byte 0x01" + names},
      {"uid()", "offset 2: must be a known function, got 'uid'; did you mean 'uuid'?"},
      {"randomint(1,2)",
       "offset 2: must be a known function, got 'randomint'; did you mean 'random_int'?"},
      {"zzzzzzzzz()",
       "offset 2: must be a known function, got 'zzzzzzzzz'; there are random_int, random_float, "
       "random_string, random_choice, uuid, timestamp, timestamp_ms, user_number, iteration, "
       "class_name"},
      {"random_int(1)",
       "offset 2: must be random_int(low,high), whole numbers with low <= high; got "
       "'random_int(1)'"},
      {"uuid(4)", "offset 2: must be uuid(); got 'uuid(4)'"},
      {"uuid('" + std::string(2000, 'x') + "')",
       "offset 2: must be uuid(); got 'uuid('" + std::string(74, 'x') + "…'"},
      {"random_int(1,2", "offset 12: '(' must be closed by ')'"},
      {"random_choice(a|f(x))",
       "offset 19: must be '|' or ')' (put text with ( ) { } ' \" in quotes), got '('" + names},
      {"default('x') | json",
       "offset 2: must be a known function, got 'default'; there are "
       "random_int, random_float, random_string, random_choice, uuid, "
       "timestamp, timestamp_ms, user_number, iteration, class_name"},
      {"a | jsno", "offset 6: must be a known filter, got 'jsno'; did you mean 'json'?"},
      {"a |", "offset 5: must be a filter (json, url or default('text')), got '}'" + names},
      {"a | default", "offset 6: must be default('text')"},
      {"a | default()", "offset 6: must be default('text')"},
      {"a | default('x)", "offset 14: the quote ' must be closed"},
      {"uuid() | default('x')", "offset 11: must be on a variable: a function always has a value"},
      {"a | url | json",
       "offset 12: must have its filters in the order default, json, url, each once"},
      {"a | json | json",
       "offset 13: must have its filters in the order default, json, url, each once"},
  };
  for (const auto& [text, message] : rows) {
    const auto hole = Parse(text);
    EXPECT_EQ(hole.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(hole.status().message(), message) << text;
  }
}

TEST(TemplateHoleTest, RefusesArgumentsThatMakeNoSense) {
  for (const char* text : {"random_int()",         "random_int(2,1)",
                           "random_int(a,b)",      "random_int(1.5,2)",
                           "random_int('1',2)",    "random_int(1,99999999999999999999)",
                           "random_int(1,2,3)",    "random_float(2,1)",
                           "random_float(nan,1)",  "random_float(-1e308,1e308)",
                           "random_float(1)",      "random_string(-1)",
                           "random_string(65537)", "random_string()",
                           "random_choice()",      "random_choice(a||b)",
                           "random_choice(a|)",    "random_choice(a,b,c)",
                           "timestamp(1)",         "user_number(0)",
                           "class_name('x')",      "a | default(b,c)"}) {
    EXPECT_EQ(Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(TemplateHoleTest, PointsAtTheStartOfAHoleThatNeverEnds) {
  for (const std::string text : {"ab{{name", "ab{{", "ab{{name | json", "ab{{ name."}) {
    size_t offset = 4;
    EXPECT_EQ(ParseTemplateHole(text, &offset).status().message(),
              "offset 2: '{{' must be closed by '}}' (write '{{{{' for the text '{{')")
        << text;
  }
}

}  // namespace
}  // namespace squall
