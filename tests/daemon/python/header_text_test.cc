#include "daemon/python/header_text.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(FindFieldTest, FindsTheFirstOfAName) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nAb: 1 \r\nAB:2\r\nA:\r\n\r\n";
  EXPECT_EQ(FindField(kHead, "ab"), "1");
  EXPECT_EQ(FindField(kHead, "a"), "");
  EXPECT_EQ(FindField(kHead, "b"), std::nullopt);
}

TEST(DropFieldTest, DropsEveryLineOfThatName) {
  std::string lines = "A: 1\r\nB: 2\r\na: 3\r\nAb: 4\r\n";
  DropField("A", &lines);
  EXPECT_EQ(lines, "B: 2\r\nAb: 4\r\n");
}

TEST(ReasonInTest, IsWhatFollowsTheNumber) {
  EXPECT_EQ(ReasonIn("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n"), "Not Found");
  EXPECT_EQ(ReasonIn("HTTP/1.1 404 \r\n\r\n"), "");
  EXPECT_EQ(ReasonIn("HTTP/1.1 404\r\n\r\n"), "");
  EXPECT_EQ(ReasonIn(""), "");
}

}  // namespace
}  // namespace squall
