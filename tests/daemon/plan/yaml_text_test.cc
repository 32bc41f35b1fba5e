#include "daemon/plan/yaml_text.h"

#include <string>

#include <gtest/gtest.h>

#include "daemon/plan/yaml_document.h"

namespace squall {
namespace {

TEST(YamlTextTest, PlainTextIsFine) {
  EXPECT_FALSE(FindTextFault("").has_value());
  EXPECT_FALSE(FindTextFault("name: Größe 日本 😀\r\n\tx").has_value());
}

TEST(YamlTextTest, BytesThatAreNotUtf8AreFoundWithTheirPlace) {
  const auto fault = FindTextFault("a: 1\nb: \xff\n");
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->line, 2);
  EXPECT_EQ(fault->column, 4);
  EXPECT_EQ(fault->message, "must be UTF-8 text without control characters, got byte 0xff");
}

TEST(YamlTextTest, ControlCharactersAreRefused) {
  EXPECT_TRUE(FindTextFault(std::string("a: \0b", 5)).has_value());
  EXPECT_TRUE(FindTextFault("a: \x1b[31m").has_value());
}

TEST(YamlTextTest, TheLengthIsBounded) {
  EXPECT_FALSE(FindTextFault(std::string(kYamlBytesMax, 'a')).has_value());
  const auto fault = FindTextFault(std::string(kYamlBytesMax + 1, 'a'));
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->message, "must not be longer than 16 MiB, got 16777217 bytes");
}

TEST(YamlTextTest, ShownTextIsOneShortLine) {
  EXPECT_EQ(Shown("ten"), "ten");
  EXPECT_EQ(Shown("a\nb"), "a b");
  EXPECT_EQ(Shown(std::string(100, 'x')), std::string(60, 'x') + "…");
}

}  // namespace
}  // namespace squall
