#include "daemon/plan/response_view.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(DefaultStatusFailureTest, FailsFromFourHundredOnWithTheReasonPhrase) {
  for (const int status : {0, 100, 200, 204, 302, 399}) {
    EXPECT_EQ(DefaultStatusFailure(status), std::nullopt) << status;
  }
  const std::pair<int, const char*> rows[] = {
      {400, "HTTP 400 Bad Request"},
      {404, "HTTP 404 Not Found"},
      {418, "HTTP 418"},
      {500, "HTTP 500 Internal Server Error"},
      {503, "HTTP 503 Service Unavailable"},
      {511, "HTTP 511 Network Authentication Required"},
      {599, "HTTP 599"},
      {999, "HTTP 999"},
  };
  for (const auto& [status, reason] : rows) {
    EXPECT_EQ(DefaultStatusFailure(status), reason);
  }
}

TEST(BodyJsonTest, ParsesOnceAndKeepsTheResult) {
  ResponseView view;
  view.body = R"({"a": 1})";
  const Value* first = view.Json();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(*first->Find("a"), Value(1));
  EXPECT_EQ(view.Json(), first);
}

TEST(BodyJsonTest, KeepsThatABodyIsNotJson) {
  std::string body = "<html>";
  BodyJson json;
  EXPECT_EQ(json.Get(body), nullptr);
  body = "{}";
  EXPECT_EQ(json.Get(body), nullptr) << "it was not parsed again";
}

TEST(ResponseViewTest, HasNoHeadersWithoutALookup) {
  EXPECT_EQ(ResponseView().Header("Content-Type"), std::nullopt);
}

TEST(ReasonValueTest, IsOneShortLine) {
  EXPECT_EQ(ReasonValue("a\nb"), "a b");
  EXPECT_EQ(ReasonValue(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(ReasonValue(std::string(65, 'x')), std::string(64, 'x') + "…");
  EXPECT_EQ(ReasonValue("\xFF"), "\xEF\xBF\xBD");
}

TEST(InvalidJsonReasonTest, TellsAnEmptyBodyApart) {
  EXPECT_EQ(InvalidJsonReason(""), "Invalid JSON: empty body");
  EXPECT_EQ(InvalidJsonReason("<html>"), "Invalid JSON");
}

}  // namespace
}  // namespace squall
