#include "daemon/http/url_text.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(UrlTextTest, DecodesEscapesAndLeavesWhatIsNone) {
  EXPECT_EQ(DecodeUrlText("a%20b%2Fc", PlusSign::kIsItself), "a b/c");
  EXPECT_EQ(DecodeUrlText("1+2", PlusSign::kIsItself), "1+2");
  EXPECT_EQ(DecodeUrlText("1+2%2B", PlusSign::kIsSpace), "1 2+");
  EXPECT_EQ(DecodeUrlText("100%", PlusSign::kIsSpace), "100%");
  EXPECT_EQ(DecodeUrlText("%4", PlusSign::kIsSpace), "%4");
  EXPECT_EQ(DecodeUrlText("%zz%41", PlusSign::kIsSpace), "%zzA");
  EXPECT_EQ(DecodeUrlText("%00", PlusSign::kIsSpace), std::string(1, '\0'));
}

TEST(UrlTextTest, WhatIsEncodedDecodesToItself) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  EXPECT_EQ(DecodeUrlText(EncodeUrlText(all), PlusSign::kIsSpace), all);
  EXPECT_EQ(EncodeUrlText("/runs/r-1?a=b&c"), "/runs/r-1%3Fa%3Db%26c");
}

TEST(UrlTextTest, SplitsATarget) {
  const auto target = ParseUrlTarget("/api/v1/r%2d1?format=csv&x=%41");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/api/v1/r-1");
  EXPECT_EQ(target->query, "format=csv&x=%41");
  EXPECT_EQ(ParseUrlTarget("/")->query, "");
  EXPECT_EQ(ParseUrlTarget("/?")->path, "/");
}

TEST(UrlTextTest, RefusesTargetsThatAreMadeToConfuse) {
  for (const char* target :
       {"", "*", "http://h/x", "host:443", "?x", "/a/../b", "/..", "/.", "/a/%2e%2e/b", "/a%2f../b",
        "/a%00b", "/a%0d%0aSet-Cookie:%20x", "/%7f"}) {
    EXPECT_FALSE(ParseUrlTarget(target).has_value()) << target;
  }
  EXPECT_TRUE(ParseUrlTarget("/a..b/...").has_value());
}

TEST(UrlTextTest, RedirectsOnlyToThisServer) {
  const std::pair<const char*, const char*> table[] = {
      {"/runs/1?x=1", "/runs/1?x=1"}, {"//evil.test/", "/"},
      {"/\\evil.test/", "/"},         {"/\t/evil.test/", "/"},
      {"/\n/evil.test/", "/"},        {"https://evil.test/", "/"},
      {"javascript:alert(1)", "/"},   {"", "/"},
  };
  for (const auto& [wanted, path] : table) {
    EXPECT_EQ(LocalPath(wanted), path) << wanted;
  }
  EXPECT_EQ(LocalPath("/" + std::string(5000, 'x')), "/");
}

}  // namespace
}  // namespace squall
