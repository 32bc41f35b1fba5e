#include "daemon/plan/value.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

Value Json(std::string_view text) {
  auto value = ParseJson(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.ok() ? *value : Value();
}

std::string ToJson(const Value& value) {
  std::string out;
  value.AppendJson(&out);
  return out;
}

TEST(ParseJsonTest, ReadsEveryKindAndWritesItBackCompactly) {
  const std::pair<const char*, const char*> rows[] = {
      {"null", "null"},
      {" true ", "true"},
      {"false\n", "false"},
      {"0", "0"},
      {"-12", "-12"},
      {"999.99", "999.99"},
      {"1000.5", "1000.5"},
      {"0.1", "0.1"},
      {"3.0", "3"},
      {"2.5e3", "2500"},
      {"1e-7", "1e-07"},
      {R"("a\"b\\c\/d\n\u0041\u00e9")", "\"a\\\"b\\\\c/d\\nA\xC3\xA9\""},
      {R"("\ud83d\ude00")", "\"\xF0\x9F\x98\x80\""},
      {R"("\u0001\u007f")", "\"\\u0001\x7F\""},
      {"[]", "[]"},
      {"{}", "{}"},
      {R"({ "b" : [1, 2.5, "x", null, [ ]], "a" : { "c" : { } } })",
       R"({"b":[1,2.5,"x",null,[]],"a":{"c":{}}})"},
  };
  for (const auto& [text, json] : rows) {
    EXPECT_EQ(ToJson(Json(text)), json) << text;
    EXPECT_EQ(Json(json), Json(text)) << "reads back: " << text;
  }
}

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "tru",
                           "'a'",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\"}",
                           "{a:1}",
                           "[1 2]",
                           "1 2",
                           "{} x",
                           "01",
                           "+1",
                           ".5",
                           "1.",
                           "1e",
                           "-",
                           "NaN",
                           "Infinity",
                           "\"a",
                           "\"\t\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "// c\n1",
                           "[",
                           "]",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\"\xed\xa0\x80\"",
                           "{\"\xfe\":1}",
                           "\xEF\xBB\xBF{}"}) {
    const auto value = ParseJson(text);
    EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(ParseJson(std::string_view("1\0", 2)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ParseJsonTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ParseJson("[1,]").status().message(), "must be JSON: syntax error at offset 3");
  EXPECT_EQ(ParseJson("{} x").status().message(),
            "must be JSON: something follows its end at offset 3");
}

TEST(ParseJsonTest, RefusesNestingBeyondSixtyFour) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(64)).ok());
  EXPECT_EQ(ParseJson(nested(65)).status().message(), "must be JSON nested at most 64 deep");
  EXPECT_FALSE(ParseJson(nested(10'000)).ok());
  std::string objects;
  for (int i = 0; i < 10'000; ++i) {
    objects += "{\"a\":";
  }
  EXPECT_FALSE(ParseJson(objects).ok());
}

TEST(ParseJsonTest, KeepsWholeNumbersExactAndTurnsLargerOnesIntoDoubles) {
  EXPECT_EQ(Json("9223372036854775807"), Value(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(Json("-9223372036854775808"), Value(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(Json("9223372036854775808"), Value(9223372036854775808.0));
  EXPECT_EQ(Json("18446744073709551616"), Value(18446744073709551616.0));
  EXPECT_EQ(Json("1e400"), Value(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(Json("1e-400"), Value(0.0));
  EXPECT_EQ(Json(std::string(5000, '9')), Value(std::numeric_limits<double>::infinity()));
}

TEST(ParseJsonTest, ReadsDoublesToTheLastDigit) {
  for (const char* text :
       {"0.30000000000000004", "123456789.12345679", "5e-324", "1.7976931348623157e+308",
        "2.2250738585072014e-308", "8.41e+21", "9007199254740993.5", "0.000123456789012345"}) {
    double number = 0;
    ASSERT_TRUE(Json(text).ToNumber(&number));
    EXPECT_EQ(number, std::strtod(text, nullptr)) << text;
  }
}

TEST(ParseJsonTest, TheLastOfRepeatedKeysCounts) {
  EXPECT_EQ(*Json(R"({"a":1,"a":2})").Find("a"), Value(2));
}

TEST(ValueTest, TextIsWhatAUrlOrABodyShows) {
  const std::pair<Value, const char*> rows[] = {
      {Value(), ""},
      {Value(true), "true"},
      {Value(false), "false"},
      {Value(42), "42"},
      {Value(std::numeric_limits<int64_t>::min()), "-9223372036854775808"},
      {Value(999.99), "999.99"},
      {Value(3.0), "3"},
      {Value(1000000.0), "1000000"},
      {Value(1e20), "100000000000000000000"},
      {Value(1e21), "1e+21"},
      {Value(0.000001), "0.000001"},
      {Value(1e-9), "1e-09"},
      {Value(0.0), "0"},
      {Value("a \"b\""), "a \"b\""},
      {Value(ValueList{1, "x"}), R"([1,"x"])"},
      {Value(ValueObject{{"k", Value()}}), R"({"k":null})"},
  };
  for (const auto& [value, text] : rows) {
    EXPECT_EQ(value.ToText(), text);
  }
}

TEST(ValueTest, JsonOfUnusableNumbersIsNull) {
  EXPECT_EQ(ToJson(Value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(ToJson(Value(std::nan(""))), "null");
}

TEST(ValueTest, EqualityLooksAtTheContent) {
  EXPECT_EQ(Json("[1,{\"a\":[2]}]"), Json(" [ 1 , { \"a\" : [ 2.0 ] } ] "));
  EXPECT_EQ(Value(3), Value(3.0));
  EXPECT_EQ(Value(3.0), Value(3));
  EXPECT_EQ(Value(), Json("null"));
  EXPECT_NE(Value(3), Value(3.5));
  EXPECT_NE(Value(3), Value("3"));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(), Value(""));
  EXPECT_NE(Value(), Value(false));
  EXPECT_NE(Json("[1]"), Json("[1,2]"));
  EXPECT_NE(Json("[]"), Json("{}"));
  EXPECT_NE(Value(std::numeric_limits<int64_t>::max()), Value(9223372036854775808.0))
      << "they round to the same double, but are not the same number";
}

TEST(ValueTest, FindDottedWalksMembersAndIndexes) {
  const Value root = Json(R"({"a":{"b":[10,{"c":"deep"}]},"":{"x":1},"n":5})");
  EXPECT_EQ(*root.FindDotted("a.b.0"), Value(10));
  EXPECT_EQ(*root.FindDotted("a.b.1.c"), Value("deep"));
  EXPECT_EQ(*root.FindDotted(".x"), Value(1));
  for (const char* path : {"b", "a.c", "a.b.2", "a.b.-1", "a.b.x", "a.b.0x", "a.b.", "n.x", "a.",
                           "a.b.99999999999999999999", "a..b"}) {
    EXPECT_EQ(root.FindDotted(path), nullptr) << path;
  }
}

TEST(ValueTest, ToNumberReadsTextFromEndToEnd) {
  const std::pair<Value, double> numbers[] = {
      {Value(5), 5}, {Value(2.5), 2.5}, {Value("7"), 7}, {Value("-1.5e2"), -150}};
  for (const auto& [value, expected] : numbers) {
    double number = 0;
    EXPECT_TRUE(value.ToNumber(&number)) << value.ToText();
    EXPECT_EQ(number, expected);
  }
  for (const Value& value : {Value(), Value(true), Value(""), Value("5 "), Value(" 5"), Value("5x"),
                             Value("inf"), Value("nan"), Value("1e999"), Value(ValueList{1})}) {
    double number = 0;
    EXPECT_FALSE(value.ToNumber(&number)) << value.ToText();
  }
}

TEST(AppendJsonEscapedTest, ReplacesBytesThatAreNotUtf8) {
  const std::pair<const char*, const char*> rows[] = {
      {"a\xFFz", "a\xEF\xBF\xBDz"},                              // never a UTF-8 byte
      {"\xC3", "\xEF\xBF\xBD"},                                  // cut short
      {"\xC3\xA9", "\xC3\xA9"},                                  // fine
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // surrogate
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},                  // four bytes
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // too large
      {"\r\t\n\"\\", "\\r\\t\\n\\\"\\\\"},
  };
  for (const auto& [text, escaped] : rows) {
    std::string out;
    AppendJsonEscaped(text, &out);
    EXPECT_EQ(out, escaped) << text;
    EXPECT_TRUE(ParseJson('"' + out + '"').ok()) << text;
  }
}

TEST(ValueTest, CopiesShareCompoundValues) {
  const Value list(ValueList{1, 2});
  const Value copy = list;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.AsList(), list.AsList());
}

}  // namespace
}  // namespace squall
