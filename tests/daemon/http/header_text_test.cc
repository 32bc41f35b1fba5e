#include "daemon/http/header_text.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(HeaderTextTest, FindsAnEtagInAListByWeakComparison) {
  EXPECT_TRUE(NamesEtag(R"("v1")", "v1"));
  EXPECT_TRUE(NamesEtag(R"(W/"v1")", "v1"));
  EXPECT_TRUE(NamesEtag(R"("a", W/"v1" , "b")", "v1"));
  EXPECT_TRUE(NamesEtag(R"("a,b", "v1")", "v1"));
  EXPECT_TRUE(NamesEtag(R"("a,b")", "a,b"));
  EXPECT_TRUE(NamesEtag(" * ", "v1"));
  EXPECT_FALSE(NamesEtag("", "v1"));
  EXPECT_FALSE(NamesEtag("", ""));
  EXPECT_FALSE(NamesEtag("v1", "v1"));
  EXPECT_FALSE(NamesEtag(R"("v10")", "v1"));
  EXPECT_FALSE(NamesEtag(R"("*")", "v1"));
  EXPECT_FALSE(NamesEtag(R"(")", ""));
}

TEST(HeaderTextTest, CompressesForWhoeverAsksForIt) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZIP;q=0.5, br"));
  EXPECT_TRUE(AcceptsGzip("*"));
  EXPECT_TRUE(AcceptsGzip("gzip;q=1.000"));
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_FALSE(AcceptsGzip("br"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzip; q=0.000, *"));
  EXPECT_FALSE(AcceptsGzip("*;q=0"));
  EXPECT_FALSE(AcceptsGzip("gzipped"));
}

TEST(HeaderTextTest, KnowsABrowserThatWantsAPage) {
  EXPECT_TRUE(AcceptsPage("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  EXPECT_FALSE(AcceptsPage("*/*"));
  EXPECT_FALSE(AcceptsPage("application/json"));
  EXPECT_FALSE(AcceptsPage("text/html;q=0"));
  EXPECT_FALSE(AcceptsPage(""));
}

TEST(HeaderTextTest, FindsACookie) {
  EXPECT_EQ(FindCookie("a=1; b=2", "b"), "2");
  EXPECT_EQ(FindCookie("a=1;b=x=y", "b"), "x=y");
  EXPECT_EQ(FindCookie(";; b ; =; b=", "b"), "");
  EXPECT_EQ(FindCookie("b=1; b=2", "b"), "1");
  EXPECT_EQ(FindCookie("ab=1", "b"), std::nullopt);
  EXPECT_EQ(FindCookie("", "b"), std::nullopt);
}

TEST(HeaderTextTest, ReadsBasicCredentials) {
  EXPECT_EQ(BasicCredential("Basic dXNlcjpwYXNz"), "user:pass");
  EXPECT_EQ(BasicCredential("basic  dXNlcjpwYTpz"), "user:pa:s");
  EXPECT_EQ(BasicCredential("Basic Og=="), ":");
  EXPECT_EQ(BasicCredential("Basic dXNlcg=="), std::nullopt);  // no colon
  EXPECT_EQ(BasicCredential("Basic !!!"), std::nullopt);
  EXPECT_EQ(BasicCredential("Bearer dXNlcjpwYXNz"), std::nullopt);
  EXPECT_EQ(BasicCredential("Basic"), std::nullopt);
  EXPECT_EQ(BasicCredential(""), std::nullopt);
}

TEST(HeaderTextTest, WritesBasicCredentialsOfEveryLength) {
  EXPECT_EQ(BasicAuthorization("user", "pass"), "Basic dXNlcjpwYXNz");
  EXPECT_EQ(BasicAuthorization("", ""), "Basic Og==");
  EXPECT_EQ(BasicAuthorization("a", "b\xff"), "Basic YTpi/w==");
  for (const std::string password : {"", "1", "12", "123", "\xc3\xa4\xff"}) {
    EXPECT_EQ(BasicCredential(BasicAuthorization("me", password)), "me:" + password);
  }
}

TEST(HeaderTextTest, KnowsTextsByTheirType) {
  for (const char* type : {"text/html; charset=utf-8", "application/json", "image/svg+xml",
                           "text/javascript", "application/problem+JSON"}) {
    EXPECT_TRUE(IsText(type)) << type;
  }
  EXPECT_FALSE(IsText("image/png"));
  EXPECT_FALSE(IsText(""));
}

}  // namespace
}  // namespace squall
