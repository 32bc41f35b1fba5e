#include "daemon/plan/environment.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

const Environment kEnvironment = {{"HOST", "shop"}, {"USERS", "20"}, {"EMPTY", ""}};

std::string Expand(const std::string& text) {
  const absl::StatusOr<std::string> expanded = ExpandEnvironment(text, kEnvironment);
  return expanded.ok() ? *expanded : "error: " + std::string(expanded.status().message());
}

TEST(EnvironmentTest, NamesAndDefaultsAreReplaced) {
  EXPECT_EQ(Expand("http://${HOST}:80/${HOST}"), "http://shop:80/shop");
  EXPECT_EQ(Expand("${NOBODY:-local}"), "local");
  EXPECT_EQ(Expand("${HOST:-local}"), "shop");
  EXPECT_EQ(Expand("${NOBODY:-}"), "");
  EXPECT_EQ(Expand("no holes, $HOST and $ and }"), "no holes, $HOST and $ and }");
}

TEST(EnvironmentTest, AnEmptyVariableCountsAsSetOnlyWithoutADefault) {
  EXPECT_EQ(Expand("<${EMPTY}>"), "<>");
  EXPECT_EQ(Expand("<${EMPTY:-x}>"), "<x>");
}

TEST(EnvironmentTest, ADoubledDollarIsLiteral) {
  EXPECT_EQ(Expand("$${HOST}"), "${HOST}");
  EXPECT_EQ(Expand("a$${b ${HOST}"), "a${b shop");
}

TEST(EnvironmentTest, MissingNamesAreErrorsWithASuggestion) {
  EXPECT_EQ(Expand("${HOSTT}"),
            "error: must name an environment variable that is set, or give a default as in "
            "${HOSTT:-value}, got ${HOSTT}; did you mean ${HOST}?");
  EXPECT_EQ(Expand("${HOST"), "error: must close ${ with }, got ${HOST");
  EXPECT_EQ(Expand("${}").substr(0, 40), "error: must hold a variable's name betwe");
  EXPECT_EQ(Expand("${1A}").substr(0, 40), "error: must hold a variable's name betwe");
}

TEST(EnvironmentTest, ScalarsOfATreeAreReplacedButKeysAreNot) {
  YamlDocument document = ReadYaml("a: ${USERS}\n${HOST}: ['${HOST}', {b: \"${HOST}!\"}]\n", 0);
  ExpandEnvironment(&document.root, kEnvironment, &document.problems);
  ASSERT_TRUE(document.problems.empty());
  EXPECT_EQ(document.root.Find("a")->text, "20");
  const YamlNode* list = document.root.Find("${HOST}");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->items[1].Find("b")->text, "shop!");
}

TEST(EnvironmentTest, AQuotedScalarThatIsOneHoleReadsAsIfItWerePlain) {
  YamlDocument document = ReadYaml("['${USERS}', '${USERS}0', '5']", 0);
  ExpandEnvironment(&document.root, kEnvironment, &document.problems);
  EXPECT_FALSE(document.root.items[0].quoted);
  EXPECT_TRUE(document.root.items[1].quoted);
  EXPECT_TRUE(document.root.items[2].quoted);
}

TEST(EnvironmentTest, ProblemsHaveThePathAndPlaceOfTheScalar) {
  YamlDocument document = ReadYaml("a:\n  b: [1, \"${NOBODY}\"]\n", 0);
  ExpandEnvironment(&document.root, kEnvironment, &document.problems);
  ASSERT_EQ(document.problems.size(), 1U);
  EXPECT_EQ(document.problems[0].path, "a.b[1]");
  EXPECT_EQ(document.problems[0].mark, (TextMark{0, 2, 10}));
}

}  // namespace
}  // namespace squall
