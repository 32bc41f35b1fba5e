#include "daemon/target/fixtures.h"

#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <zlib.h>

namespace squall {
namespace {

// The answer of a fixture to a request with one header.
struct Asked {
  TargetRequest request;
  std::vector<HeaderView> headers;

  explicit Asked(HeaderView header = {"Host", "target"}) : headers{header} {
    request.method = "GET";
    request.headers = headers;
  }
  TargetResponse Of(TargetResponse (*fixture)(const TargetCall&), std::string_view parameter = "",
                    std::string_view query = "") const {
    return fixture(TargetCall{request, parameter, query});
  }
};

std::string Header(const TargetResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) {
      return value;
    }
  }
  return "(absent)";
}

TEST(BytesFixtureTest, GivesUpToTheLimit) {
  EXPECT_EQ(Asked().Of(BytesFixture, "1000").filler_bytes, 1000);
  EXPECT_EQ(Asked().Of(BytesFixture, "0").status, 200);
  EXPECT_EQ(Asked().Of(BytesFixture, "67108864").filler_bytes, kFixtureBytesMax);
  for (const char* bad : {"67108865", "-1", "x", "1x", "99999999999999999999"}) {
    EXPECT_EQ(Asked().Of(BytesFixture, bad).status, 400) << bad;
  }
}

TEST(StatusFixtureTest, GivesTheStatusAskedFor) {
  for (const int status : {200, 204, 304, 418, 503, 599}) {
    EXPECT_EQ(Asked().Of(StatusFixture, std::to_string(status)).status, status);
  }
  for (const char* bad : {"100", "199", "600", "", "ok"}) {
    EXPECT_EQ(Asked().Of(StatusFixture, bad).status, 400) << bad;
  }
}

TEST(DelayFixtureTest, GivesTheDelayAskedFor) {
  EXPECT_EQ(Asked().Of(DelayFixture, "250").delay, std::chrono::milliseconds(250));
  EXPECT_EQ(Asked().Of(DelayFixture, "60001").status, 400);
}

TEST(RedirectFixtureTest, CountsDownToAnAnswer) {
  const TargetResponse two = Asked().Of(RedirectFixture, "2", "code=307");
  EXPECT_EQ(two.status, 307);
  EXPECT_EQ(Header(two, "Location"), "/redirect/1?code=307");
  EXPECT_EQ(Asked().Of(RedirectFixture, "1").status, 302);
  EXPECT_EQ(Header(Asked().Of(RedirectFixture, "1"), "Location"), "/redirect/0");
  EXPECT_EQ(Asked().Of(RedirectFixture, "0").status, 200);
  EXPECT_EQ(Asked().Of(RedirectFixture, "1", "code=200").status, 400);
}

TEST(CookieFixtureTest, WhatIsSetIsWhatIsChecked) {
  const TargetResponse set = Asked().Of(CookieSetFixture, "", "value=abc");
  EXPECT_EQ(Header(set, "Set-Cookie"), "session=abc; Path=/; HttpOnly");
  EXPECT_EQ(Asked({"Cookie", "a=b; session=abc"}).Of(CookieCheckFixture).body,
            R"({"session":"abc"})");
  EXPECT_EQ(Asked().Of(CookieCheckFixture).status, 403);
  EXPECT_EQ(Asked({"Cookie", "xsession=abc"}).Of(CookieCheckFixture).status, 403);
}

TEST(CookieFixtureTest, AValueCannotAddAHeader) {
  EXPECT_EQ(Asked().Of(CookieSetFixture, "", "value=a%0D%0AX:%20b").status, 400);
}

TEST(GzipFixtureTest, UnpacksToJson) {
  const TargetResponse response = Asked().Of(GzipFixture);
  EXPECT_EQ(Header(response, "Content-Encoding"), "gzip");
  std::string text(1000, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(response.body.data()));
  stream.avail_in = static_cast<uInt>(response.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_TRUE(boost::json::parse(text).at("gzipped").as_bool());
}

TEST(EchoFixtureTest, TellsWhatArrived) {
  Asked asked({"X-Test", "1"});
  asked.headers.push_back({"X-Test", "2"});
  asked.request.headers = asked.headers;
  asked.request.method = "POST";
  asked.request.target = "/echo?a=b";
  asked.request.body = "h\xC3\xA9llo";
  const auto echo = boost::json::parse(asked.Of(EchoFixture).body);
  EXPECT_EQ(echo.at("method").as_string(), "POST");
  EXPECT_EQ(echo.at("target").as_string(), "/echo?a=b");
  EXPECT_EQ(echo.at("headers").at("X-Test").as_string(), "1, 2");
  EXPECT_EQ(echo.at("body").as_string(), "h\xC3\xA9llo");
  EXPECT_EQ(echo.at("body_bytes").as_int64(), 6);
}

TEST(EchoFixtureTest, ABodyThatIsNotTextIsToldByItsSize) {
  Asked asked;
  asked.request.body = "\xFF\xFE\xFD";
  const auto echo = boost::json::parse(asked.Of(EchoFixture).body);
  EXPECT_TRUE(echo.at("body").is_null());
  EXPECT_EQ(echo.at("body_bytes").as_int64(), 3);
}

TEST(AuthFixtureTest, LetsInOnlyTheRightCredentials) {
  EXPECT_EQ(Asked({"Authorization", "Basic ZGVtbzpkZW1v"}).Of(BasicAuthFixture).status, 200);
  EXPECT_EQ(Asked({"Authorization", "Basic ZGVtbzp4"}).Of(BasicAuthFixture).status, 401);
  EXPECT_EQ(Header(Asked().Of(BasicAuthFixture), "WWW-Authenticate"),
            R"(Basic realm="squall-target")");
  EXPECT_EQ(Asked({"Authorization", "Bearer demo-token"}).Of(BearerFixture).status, 200);
  EXPECT_EQ(Asked().Of(BearerFixture).status, 401);
}

TEST(FramingFixtureTest, EachHasItsOwnEnding) {
  EXPECT_EQ(Asked().Of(ChunkedFixture).framing, BodyFraming::kChunked);
  EXPECT_EQ(Asked().Of(CloseFixture).framing, BodyFraming::kUntilClose);
  EXPECT_EQ(Asked().Of(TruncateFixture).framing, BodyFraming::kTruncated);
  EXPECT_EQ(Asked().Of(DropFixture).framing, BodyFraming::kNoAnswer);
}

}  // namespace
}  // namespace squall
