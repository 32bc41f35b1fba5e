#include "daemon/plan/yaml_document.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

// Every problem as "line:column path: message"; "" when there is none.
std::string ProblemsOf(const std::string& text) {
  std::string all;
  for (const YamlProblem& problem : ReadYaml(text, 0).problems) {
    all += fmt::format("{}:{} {}: {}\n", problem.mark.line, problem.mark.column, problem.path,
                       problem.message);
  }
  return all;
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) {
    all += text;
  }
  return all;
}

TEST(YamlDocumentTest, NodesRememberWhereTheyStood) {
  const YamlDocument document = ReadYaml("a: 1\nb:\n  - x\n  - {c: 'y'}\n", 7);
  ASSERT_TRUE(document.problems.empty());
  const YamlNode* b = document.root.Find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->items[0].mark, (TextMark{7, 3, 5}));
  const YamlNode* c = b->items[1].Find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->mark, (TextMark{7, 4, 9}));
  EXPECT_TRUE(c->quoted);
  EXPECT_FALSE(b->items[0].quoted);
}

TEST(YamlDocumentTest, ScalarsStayAsTheyAreWritten) {
  const YamlDocument document =
      ReadYaml("[010, yes, 0x1F, 1_000, .inf, ~, null, '', \"5\", 2001-01-01]", 0);
  const std::vector<YamlNode>& items = document.root.items;
  ASSERT_EQ(items.size(), 10U);
  EXPECT_EQ(items[0].text, "010");
  EXPECT_EQ(items[1].text, "yes");
  EXPECT_EQ(items[3].text, "1_000");
  EXPECT_TRUE(items[5].IsNull());
  EXPECT_TRUE(items[6].IsNull());
  EXPECT_TRUE(items[7].IsScalar());
  EXPECT_TRUE(items[8].quoted);
  EXPECT_EQ(items[9].text, "2001-01-01");
}

TEST(YamlDocumentTest, AnEmptyTextIsNothing) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF"}) {
    const YamlDocument document = ReadYaml(text, 0);
    EXPECT_TRUE(document.root.IsNull()) << text;
    EXPECT_TRUE(document.problems.empty()) << text;
  }
}

TEST(YamlDocumentTest, DuplicateKeysAreReportedAndTheFirstStays) {
  EXPECT_EQ(ProblemsOf("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "2:11 b.c: must not be there twice\n3:1 a: must not be there twice\n");
  EXPECT_EQ(ReadYaml("a: 1\na: 3\n", 0).root.Find("a")->text, "1");
}

TEST(YamlDocumentTest, AliasesCopyTheirAnchor) {
  const YamlDocument document = ReadYaml("a: &x {n: 1}\nb: *x\n", 0);
  ASSERT_TRUE(document.problems.empty());
  EXPECT_EQ(document.root.Find("b")->Find("n")->text, "1");
}

TEST(YamlDocumentTest, MergeKeysGiveWayToOwnKeysWhereverTheyStand) {
  const YamlDocument document =
      ReadYaml("base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nm:\n  <<: [*b, *o]\n  x: 9\n", 0);
  ASSERT_TRUE(document.problems.empty());
  const YamlNode* m = document.root.Find("m");
  EXPECT_EQ(m->entries.size(), 3U);
  EXPECT_EQ(m->Find("x")->text, "9");
  EXPECT_EQ(m->Find("y")->text, "2");
  EXPECT_EQ(m->Find("z")->text, "4");
  EXPECT_EQ(ProblemsOf("m: {<<: 5}"), "1:9 m.<<: must be a map or a list of maps\n");
}

TEST(YamlDocumentTest, AnAliasInsideItsOwnAnchorIsRefused) {
  EXPECT_EQ(ProblemsOf("a: &x [1, *x]\n"),
            "1:11 a[1]: must not contain itself: the alias stands inside its own anchor\n");
}

TEST(YamlDocumentTest, AnUnknownAliasIsRefused) {
  EXPECT_EQ(ProblemsOf("a: *nobody\n"),
            "1:4 : must be valid YAML: the referenced anchor is not defined\n");
}

TEST(YamlDocumentTest, ExponentialAliasesAreBounded) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    text += fmt::format("a{0}: &a{0} [{1}]\n", i, Repeat(fmt::format("*a{}, ", i - 1), 10));
  }
  const std::string problems = ProblemsOf(text);
  EXPECT_NE(problems.find("must not have more than 1000000 values, aliases included"),
            std::string::npos)
      << problems;
}

TEST(YamlDocumentTest, LongTextThroughManyAliasesIsBounded) {
  const std::string text =
      "a: &a " + std::string(1 << 20, 'x') + "\nb: [" + Repeat("*a, ", 100) + "]\n";
  const std::string problems = ProblemsOf(text);
  EXPECT_NE(problems.find("must not have more than 64 MiB of text"), std::string::npos) << problems;
}

TEST(YamlDocumentTest, DeepNestingIsOneErrorInEveryForm) {
  for (const char* form :
       {"[", "{", "{a: ", "[{a: ", "- ", "? ", "- - ", "[[\n", "&a [", "!!str ["}) {
    for (const int depth : {101, 10'000}) {
      EXPECT_EQ(ReadYaml(Repeat(form, depth), 0).problems.size(), 1U) << form << depth;
    }
  }
  EXPECT_EQ(ReadYaml(Repeat("[", 1'000'000), 0).problems.size(), 1U);
  EXPECT_EQ(ReadYaml(Repeat("- ", 1'000'000), 0).problems.size(), 1U);
  std::string blocks;
  for (int i = 0; i < 3'000; ++i) {
    blocks += std::string(i, ' ') + "a:\n";
  }
  EXPECT_EQ(ReadYaml(blocks, 0).problems.size(), 1U);
}

TEST(YamlDocumentTest, ManyBracketsInsideTextsAreFine) {
  EXPECT_EQ(ProblemsOf("rows:\n" + Repeat("  - 'a[ {'\n  - \"[ [\"\n", 100'000)), "");
  EXPECT_EQ(ProblemsOf("text: |\n" + Repeat("  [{ [{ [{\n", 20'000)), "");
}

TEST(YamlDocumentTest, ATextThatWouldBeBufferedWholeIsRefused) {
  const std::string message =
      "1:1 : must not have more than 1000000 brackets, commas and quotes in one value\n";
  EXPECT_EQ(ProblemsOf("a: |\n  " + Repeat("[],", 700'000) + "\nb: 1\n"), message);
  EXPECT_EQ(ProblemsOf("a: |\n" + Repeat("  [],\n", 300'000) + "b: 1\n"), "");
}

TEST(YamlDocumentTest, AHundredLevelsAreFine) {
  EXPECT_EQ(ProblemsOf(Repeat("[", 100) + Repeat("]", 100)), "");
  const std::string one_more = ProblemsOf(Repeat("[", 101) + Repeat("]", 101));
  EXPECT_NE(one_more.find("must not be nested deeper than 100"), std::string::npos) << one_more;
}

TEST(YamlDocumentTest, AliasesDoNotHideDepth) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 200; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
  }
  EXPECT_NE(ProblemsOf(text).find("must not be nested deeper than 100"), std::string::npos);
}

TEST(YamlDocumentTest, ASecondDocumentIsRefused) {
  EXPECT_EQ(ProblemsOf("a: 1\n---\nb: 2\n"),
            "2:1 : must hold one YAML document, got a second one\n");
}

TEST(YamlDocumentTest, TabsAsIndentationAreRefused) {
  EXPECT_NE(ProblemsOf("a:\n\tb: 1\n"), "");
  EXPECT_NE(ProblemsOf("a:\n  b: 1\n\tc: 2\n"), "");
}

TEST(YamlDocumentTest, KeysMustBeText) {
  EXPECT_EQ(ProblemsOf("? [1]\n: 2\n"), "1:3 : must have text as keys\n");
  EXPECT_EQ(ProblemsOf("~: 2\n"), "1:1 : must have text as keys\n");
}

TEST(YamlDocumentTest, TagsAreRefusedButForText) {
  EXPECT_EQ(ProblemsOf("a: !!int 5\n").substr(0, 4), "1:4 ");
  EXPECT_EQ(ProblemsOf("a: !secret 5\n").substr(0, 4), "1:4 ");
  const YamlDocument document = ReadYaml("a: !!str 5\n", 0);
  EXPECT_TRUE(document.problems.empty());
  EXPECT_TRUE(document.root.Find("a")->quoted);
}

TEST(YamlDocumentTest, JunkIsAnErrorWithAPlace) {
  for (const char* text :
       {"a: [1", "a: 'x", "a: b: c", "]", "a: 1\n]", "{a: 1", "@", "a: %", "a: `x"}) {
    const YamlDocument document = ReadYaml(text, 0);
    ASSERT_FALSE(document.problems.empty()) << text;
    EXPECT_GE(document.problems[0].mark.line, 1) << text;
  }
}

TEST(YamlDocumentTest, PathsPutUnclearKeysInQuotes) {
  EXPECT_EQ(JoinKey("", "users"), "users");
  EXPECT_EQ(JoinKey("thresholds", "response_time{name:a.b}"),
            "thresholds.\"response_time{name:a.b}\"");
  EXPECT_EQ(JoinIndex("users", 3), "users[3]");
}

}  // namespace
}  // namespace squall
