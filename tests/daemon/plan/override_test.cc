#include "daemon/plan/override.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

class OverrideTest : public testing::Test {
 protected:
  // Applies one override; the first problem, or "".
  std::string Set(const std::string& text) {
    std::vector<YamlProblem> problems;
    ApplyOverride(text, 3, {{"N", "9"}}, &root_, &problems);
    return problems.empty() ? "" : problems[0].path + ": " + problems[0].message;
  }

  YamlNode root_ =
      ReadYaml(
          "service: {timeout: 30s}\n"
          "load_profile: {stages: [{users: 1, duration: 5}, {users: 2, duration: 5}]}\n",
          0)
          .root;
};

TEST_F(OverrideTest, AValueOfAMapIsChanged) {
  EXPECT_EQ(Set("service.base_url=http://h:1/p=q"), "");
  EXPECT_EQ(root_.Find("service")->Find("base_url")->text, "http://h:1/p=q");
  EXPECT_EQ(root_.Find("service")->Find("base_url")->mark, (TextMark{3, 0, 0}));
}

TEST_F(OverrideTest, ItMergesAsALastFileWould) {
  EXPECT_EQ(Set("service.timeout_seconds=5"), "");
  EXPECT_EQ(root_.Find("service")->Find("timeout"), nullptr);
  EXPECT_EQ(Set("load_profile.users=5"), "");
  EXPECT_EQ(root_.Find("load_profile")->Find("stages"), nullptr);
}

TEST_F(OverrideTest, MissingMapsAreMade) {
  EXPECT_EQ(Set("outputs.csv=out"), "");
  EXPECT_EQ(root_.Find("outputs")->Find("csv")->text, "out");
}

TEST_F(OverrideTest, ListItemsAreReachedByIndex) {
  EXPECT_EQ(Set("load_profile.stages[1].users=50"), "");
  EXPECT_EQ(root_.Find("load_profile")->Find("stages")->items[1].Find("users")->text, "50");
  EXPECT_EQ(Set("load_profile.stages[2]={users: 7, duration: 1}"), "");
  EXPECT_EQ(root_.Find("load_profile")->Find("stages")->items.size(), 3U);
  EXPECT_EQ(Set("load_profile.stages[9].users=5"),
            "load_profile.stages: must be an index up to 3, got 9");
  EXPECT_EQ(Set("service[0]=5"), "service: must be a list to have an index");
  EXPECT_EQ(Set("load_profile.stages[0].users[0]=5"),
            "load_profile.stages[0].users: must be a list to have an index");
}

TEST_F(OverrideTest, ValuesAreYaml) {
  EXPECT_EQ(Set("name='5'"), "");
  EXPECT_TRUE(root_.Find("name")->quoted);
  EXPECT_EQ(Set("tags=[a, b]"), "");
  EXPECT_EQ(root_.Find("tags")->items.size(), 2U);
  EXPECT_EQ(Set("seed=${N}"), "");
  EXPECT_EQ(root_.Find("seed")->text, "9");
  EXPECT_EQ(Set("a.b=[1").substr(0, 25), "a.b: must be valid YAML: ");
}

TEST_F(OverrideTest, NothingTakesTheKeyAway) {
  EXPECT_EQ(Set("service.timeout="), "");
  EXPECT_EQ(root_.Find("service")->Find("timeout"), nullptr);
}

TEST_F(OverrideTest, KeysWithDotsStandInQuotes) {
  EXPECT_EQ(Set("thresholds.\"failures{name:a.b}\"=rate < 1%"), "");
  EXPECT_EQ(root_.Find("thresholds")->Find("failures{name:a.b}")->text, "rate < 1%");
}

TEST_F(OverrideTest, MalformedTextIsRefusedWithoutShowingItsValue) {
  for (const char* text : {"", "=", "a", "a.", "a.=1", ".a=1", "a[=1", "a[x]=1", "a[1]b=1", "\"a=1",
                           "a[-1]=2", "a[99999999999999999999]=1"}) {
    const std::string problem = Set(text);
    EXPECT_NE(problem.find("must look like"), std::string::npos) << text << ": " << problem;
  }
  EXPECT_EQ(Set("auth bearer.=secret").find("secret"), std::string::npos);
}

}  // namespace
}  // namespace squall
