#include "daemon/http/http_message.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(HttpMessageTest, ReadsTheFieldsOfAForm) {
  EXPECT_EQ(ParseForm("user_count=10&host=http%3A%2F%2Fshop+1&x"),
            (Fields{{"user_count", "10"}, {"host", "http://shop 1"}, {"x", ""}}));
  EXPECT_EQ(ParseForm("&&a=1&a=2&=v&"), (Fields{{"a", "1"}, {"a", "2"}, {"", "v"}}));
  EXPECT_EQ(ParseForm(""), Fields());
}

TEST(HttpMessageTest, AFormHasABoundedNumberOfFields) {
  std::string form;
  for (int i = 0; i < 5000; ++i) {
    form += "a&";
  }
  EXPECT_EQ(ParseForm(form).size(), 1000U);
}

TEST(HttpMessageTest, FindsParametersAndHeaders) {
  HttpRequest request;
  request.query = {{"a", "1"}, {"a", "2"}, {"empty", ""}};
  request.headers = {{"accept", "text/html"}, {"if-none-match", R"("v7")"}};
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("b"), "");
  EXPECT_EQ(request.FindQuery("empty"), "");
  EXPECT_EQ(request.FindQuery("b"), std::nullopt);
  EXPECT_EQ(request.Header("accept"), "text/html");
  EXPECT_EQ(request.Header("host"), "");
  EXPECT_TRUE(request.ClientHas("v7"));
  EXPECT_FALSE(request.ClientHas("v8"));
}

TEST(HttpMessageTest, AnErrorIsJsonWhateverItsText) {
  const HttpReply reply = ErrorReply(404, "no run \"a\\b\"\n\x01");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(*reply.body,
            R"({"error":{"code":"NOT_FOUND","message":"no run \"a\\b\"\u000a\u0001"}})");
  EXPECT_NE(ErrorReply(503, "").body->find("UNAVAILABLE"), std::string::npos);
  EXPECT_NE(ErrorReply(418, "").body->find("INVALID_ARGUMENT"), std::string::npos);
  EXPECT_NE(ErrorReply(500, "").body->find("INTERNAL"), std::string::npos);
}

TEST(HttpMessageTest, AnErrorIsUtf8WhateverBytesItNames) {
  EXPECT_EQ(*ErrorReply(404, "no such path: /\xff\xc3(\xc3\xa4").body,
            "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"no such path: "
            "/\xef\xbf\xbd\xef\xbf\xbd(\xc3\xa4\"}}");
}

}  // namespace
}  // namespace squall
