#include "daemon/target/message.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ErrorResponseTest, IsJsonWhateverTheMessage) {
  const TargetResponse response = ErrorResponse(404, "no \"such\" thing");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":"no \"such\" thing"})");
}

TEST(FindHeaderTest, IgnoresTheCaseOfNames) {
  const HeaderView headers[] = {{"Host", "a"}, {"COOKIE", "b"}, {"cookie", "c"}};
  TargetRequest request;
  request.headers = headers;
  EXPECT_EQ(FindHeader(request, "Cookie"), "b");
  EXPECT_EQ(FindHeader(request, "Cook"), std::nullopt);
}

TEST(QueryValueTest, FindsAndDecodes) {
  EXPECT_EQ(QueryValue("category=Books", "category"), "Books");
  EXPECT_EQ(QueryValue("a=b&category=Home+%26%20Garden&category=x", "category"), "Home & Garden");
  EXPECT_EQ(QueryValue("category", "category"), "");
  EXPECT_EQ(QueryValue("a=category", "category"), std::nullopt);
  EXPECT_EQ(QueryValue("", "category"), std::nullopt);
  EXPECT_EQ(QueryValue("category=%zz", "category"), std::nullopt);
}

TEST(QueryValueTest, ReadsNoFurtherThanTheQuery) {
  const std::string text = "category=Books HTTP/1.1";
  EXPECT_EQ(QueryValue(std::string_view(text).substr(0, 14), "category"), "Books");
}

}  // namespace
}  // namespace squall
