#include "daemon/plan/reader.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

// Reads the keys of one map and says what was wrong, a line for each.
class ReaderTest : public testing::Test {
 protected:
  Fields& Open(const std::string& text) {
    document_ = ReadYaml(text, 0);
    fields_.reset();
    problems_.emplace(std::vector<std::string>{"plan.yaml"});
    fields_.emplace(Place{&document_.root, ""}, &*problems_);
    return *fields_;
  }

  // Closes the map, which reports its unknown keys.
  std::string Errors() {
    fields_.reset();
    std::string text;
    for (const PlanError& error : problems_->TakeErrors(20)) {
      text += error.ToString() + "\n";
    }
    return text;
  }

  YamlDocument document_;
  std::optional<Problems> problems_;
  std::optional<Fields> fields_;
};

TEST_F(ReaderTest, FieldsOfEveryTypeAreRead) {
  Fields& fields = Open("{t: text, b: true, w: 7, n: 1.5, s: 1m30s, z: 64KiB}");
  std::string text;
  bool truth = false;
  int whole = 0;
  std::optional<double> number;
  Nanos span{0};
  int64_t bytes = 0;
  fields.Text("t", &text);
  fields.Truth("b", &truth);
  fields.Whole("w", {}, &whole);
  fields.Number("n", {}, &number);
  fields.Span("s", SpanRule::kPositive, &span);
  fields.Bytes("z", &bytes);
  EXPECT_EQ(Errors(), "");
  EXPECT_EQ(text, "text");
  EXPECT_TRUE(truth);
  EXPECT_EQ(whole, 7);
  EXPECT_EQ(number, 1.5);
  EXPECT_EQ(span, std::chrono::seconds(90));
  EXPECT_EQ(bytes, 65536);
}

TEST_F(ReaderTest, UnknownKeysSuggestTheNearest) {
  Fields& fields = Open("timout: 5\nzzz: 6\n");
  fields.Find("timeout");
  fields.Find("base_url");
  EXPECT_EQ(Errors(),
            "plan.yaml:1:1: timout: must be a known key; did you mean 'timeout'?\n"
            "plan.yaml:2:1: zzz: must be one of the keys timeout, base_url\n");
}

TEST_F(ReaderTest, WholeNumbersAreNothingElse) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"ten", "must be a whole number from 0 to 99, got 'ten'"},
           {"010", "must be a whole number from 0 to 99, got '010' (leave the leading zeros out)"},
           {"'5'", "must be a whole number from 0 to 99, got the text '5' (leave the quotes out)"},
           {"1.0", "must be a whole number from 0 to 99, got '1.0'"},
           {"-1", "must be a whole number from 0 to 99, got '-1'"},
           {"100", "must be a whole number from 0 to 99, got '100'"},
           {"99999999999999999999",
            "must be a whole number from 0 to 99, got "
            "'99999999999999999999'"},
           {"yes", "must be a whole number from 0 to 99, got 'yes'"},
           {"[1]", "must be a whole number from 0 to 99, got a list"}}) {
    int value = 42;
    Open("n: " + text).Whole("n", {.min = 0, .max = 99}, &value);
    EXPECT_EQ(Errors(), "plan.yaml:1:4: n: " + message + "\n");
    EXPECT_EQ(value, 42);
  }
}

TEST_F(ReaderTest, AMissingValueIsReportedAtItsKey) {
  int value = 0;
  Open("a: 1\nn:\n").Whole("n", {}, &value);
  EXPECT_NE(Errors().find("plan.yaml:2:1: n: must be a whole number of at least 0, got nothing"),
            std::string::npos);
}

TEST_F(ReaderTest, NumbersHaveTheirRange) {
  double value = 0;
  Open("n: .nan").Number("n", {}, &value);
  EXPECT_EQ(Errors(), "plan.yaml:1:4: n: must be a number of at least 0, got '.nan'\n");
  Open("n: 0").Number("n", {.above_min = true}, &value);
  EXPECT_EQ(Errors(), "plan.yaml:1:4: n: must be a number above 0, got '0'\n");
  Open("n: 2e6").Number("n", {.max = 1e6}, &value);
  EXPECT_EQ(Errors(),
            "plan.yaml:1:4: n: must be a number of at least 0 and at most 1000000, got '2e6'\n");
}

TEST_F(ReaderTest, TruthsAreTrueAndFalseOnly) {
  for (const char* text : {"yes", "on", "True", "1", "'true'"}) {
    bool truth = false;
    Open(std::string("b: ") + text).Truth("b", &truth);
    EXPECT_NE(Errors().find("must be true or false"), std::string::npos) << text;
  }
}

TEST_F(ReaderTest, TimeSpansAreNotNegativeAndMayHaveToBePositive) {
  Nanos span{0};
  Open("s: -5").Span("s", SpanRule::kAny, &span);
  EXPECT_EQ(Errors(), "plan.yaml:1:4: s: must be a time span that is not negative, got '-5'\n");
  Open("s: 0").Span("s", SpanRule::kPositive, &span);
  EXPECT_EQ(Errors(), "plan.yaml:1:4: s: must be longer than 0 s, got '0'\n");
  Open("s: soon").Span("s", SpanRule::kAny, &span);
  EXPECT_NE(Errors().find("must be a time span such as 20, 20s"), std::string::npos);
}

TEST_F(ReaderTest, SizesAreAboveZero) {
  int64_t bytes = 7;
  for (const char* text : {"0", "-1", "ten", "64 KiB", "[1]"}) {
    Open(std::string("z: ") + text).Bytes("z", &bytes);
    EXPECT_NE(Errors().find("must be a size above 0, such as"), std::string::npos) << text;
  }
  EXPECT_EQ(bytes, 7);
}

TEST_F(ReaderTest, MessagesAreOneLineWhateverTheTextHolds) {
  Nanos span{0};
  Open("s: \"a\\nb\"").Span("s", SpanRule::kAny, &span);
  EXPECT_NE(Errors().find("got 'a b'"), std::string::npos);
}

TEST_F(ReaderTest, ChoicesSuggestTheNearest) {
  Fields& fields = Open("{c: peek}");
  EXPECT_FALSE(ReadChoice(*fields.Find("c"), {"peak", "soak"}, &*problems_).has_value());
  EXPECT_EQ(Errors(),
            "plan.yaml:1:5: c: must be one of peak, soak, got 'peek'; did you mean "
            "'peak'?\n");
}

TEST_F(ReaderTest, AlternativesExcludeEachOther) {
  EXPECT_EQ(Open("{a: 1}").OneOf({"a", "b"}, true), 0U);
  EXPECT_FALSE(Open("{a: 1, b: 2}").OneOf({"a", "b"}, true).has_value());
  EXPECT_EQ(Errors(), "plan.yaml:1:1: must have only one of the keys a, b, got 'a' and 'b'\n");
  EXPECT_FALSE(Open("{}").OneOf({"a", "b"}, true).has_value());
  EXPECT_EQ(Errors(), "plan.yaml:1:1: must have one of the keys a, b\n");
  EXPECT_FALSE(Open("{}").OneOf({"a", "b"}, false).has_value());
  EXPECT_EQ(Errors(), "");
}

TEST_F(ReaderTest, WhatIsNoMapIsReportedOnce) {
  Fields& fields = Open("[1]");
  fields.Require("a");
  fields.OneOf({"b"}, true);
  EXPECT_EQ(Errors(), "plan.yaml:1:1: must be a map, got a list\n");
}

TEST(ProblemsTest, ErrorsComeInTheOrderOfTheTextsAndAreBounded) {
  Problems problems({"a.yaml", "b.yaml"});
  problems.Add({1, 1, 1}, "x", "must be third");
  problems.Add({0, 9, 2}, "y", "must be second");
  problems.Add({0, 9, 1}, "z", "must be first");
  for (int i = 0; i < 100'000; ++i) {
    problems.Add({1, 2, i}, "", "must be later");
  }
  EXPECT_EQ(problems.count(), 100'003U);
  const std::vector<PlanError> errors = problems.TakeErrors(20);
  ASSERT_EQ(errors.size(), 20U);
  EXPECT_EQ(errors[0].ToString(), "a.yaml:9:1: z: must be first");
  EXPECT_EQ(errors[1].ToString(), "a.yaml:9:2: y: must be second");
  EXPECT_EQ(errors[2].ToString(), "b.yaml:1:1: x: must be third");
}

}  // namespace
}  // namespace squall
