#include "daemon/plan/merge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

// The tree on one line.
std::string Text(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "~";
    case YamlNode::Kind::kScalar:
      return node.text;
    case YamlNode::Kind::kList:
      for (const YamlNode& item : node.items) {
        text += (text.empty() ? "" : ", ") + Text(item);
      }
      return "[" + text + "]";
    case YamlNode::Kind::kMap:
      for (const YamlEntry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.key + ": " + Text(entry.value);
      }
      return "{" + text + "}";
  }
  return text;
}

std::string Merged(const std::string& base, const std::string& later) {
  YamlNode root = ReadYaml(base, 0).root;
  MergeYaml("", &root, ReadYaml(later, 1).root);
  return Text(root);
}

TEST(MergeTest, MapsMergeDeeplyAndTheLaterWins) {
  EXPECT_EQ(Merged("{a: {x: 1, y: 2}, b: 3}", "{a: {y: 5, z: 6}}"),
            "{a: {x: 1, y: 5, z: 6}, b: 3}");
}

TEST(MergeTest, ListsAndScalarsReplace) {
  EXPECT_EQ(Merged("{a: [1, 2, 3], b: {c: 1}}", "{a: [4], b: 2}"), "{a: [4], b: 2}");
}

TEST(MergeTest, NothingTakesAKeyAway) {
  EXPECT_EQ(Merged("{a: {x: 1, y: 2}, b: 3}", "{a: {x: }, b: ~, c: {d: ~}}"), "{a: {y: 2}, c: {}}");
  EXPECT_EQ(Merged("{}", "{rows: [~, 1]}"), "{rows: [~, 1]}");
}

TEST(MergeTest, ValuesKeepTheMarkOfTheirOwnFile) {
  YamlNode root = ReadYaml("a:\n  x: 1\n  y: 2\n", 0).root;
  MergeYaml("", &root, ReadYaml("a: {y: 7}\n", 1).root);
  EXPECT_EQ(root.Find("a")->Find("x")->mark, (TextMark{0, 2, 6}));
  EXPECT_EQ(root.Find("a")->Find("y")->mark, (TextMark{1, 1, 8}));
  EXPECT_EQ(root.Find("a")->entries[1].key_mark, (TextMark{1, 1, 5}));
}

TEST(MergeTest, AnotherKindOfLoadReplacesTheWholeProfile) {
  const std::string constant = "{load_profile: {users: 5, run_time: 9, warm_up: 1}}";
  EXPECT_EQ(Merged(constant, "{load_profile: {stages: [1]}}"), "{load_profile: {stages: [1]}}");
  EXPECT_EQ(Merged(constant, "{load_profile: {shape: peak, users: 8}}"),
            "{load_profile: {shape: peak, users: 8}}");
  EXPECT_EQ(Merged("{load_profile: {stages: [1]}}", "{load_profile: {users: 8}}"),
            "{load_profile: {users: 8}}");
  EXPECT_EQ(Merged("{load_profile: {shape: peak, hold: 3}}", "{load_profile: {shape: soak}}"),
            "{load_profile: {shape: soak}}");
}

TEST(MergeTest, TheSameKindOfLoadIsAdjusted) {
  EXPECT_EQ(Merged("{load_profile: {users: 5, run_time: 9}}", "{load_profile: {users: 8}}"),
            "{load_profile: {users: 8, run_time: 9}}");
  EXPECT_EQ(Merged("{load_profile: {shape: peak, hold: 3}}", "{load_profile: {users: 8}}"),
            "{load_profile: {shape: peak, hold: 3, users: 8}}");
  EXPECT_EQ(Merged("{load_profile: {stages: [1]}}", "{load_profile: {iterations: 8}}"),
            "{load_profile: {stages: [1], iterations: 8}}");
}

TEST(MergeTest, AlternativesOfOneSettingReplaceEachOther) {
  EXPECT_EQ(Merged("{service: {timeout: 5, proxy: p}}", "{service: {timeout_seconds: 7}}"),
            "{service: {proxy: p, timeout_seconds: 7}}");
  EXPECT_EQ(Merged("{service: {auth: {basic: {a: 1}}}}", "{service: {auth: {bearer: t}}}"),
            "{service: {auth: {bearer: t}}}");
  EXPECT_EQ(Merged("{test_data: {d: {rows: [1], order: unique}}}", "{test_data: {d: {file: f}}}"),
            "{test_data: {d: {order: unique, file: f}}}");
}

TEST(MergeTest, LargeMapsMergeInLinearTime) {
  std::string base = "m:\n";
  for (int i = 0; i < 50'000; ++i) {
    base += fmt::format("  k{}: 1\n", i);
  }
  YamlNode root = ReadYaml(base, 0).root;
  MergeYaml("", &root, ReadYaml(base, 1).root);
  EXPECT_EQ(root.Find("m")->entries.size(), 50'000U);
}

}  // namespace
}  // namespace squall
