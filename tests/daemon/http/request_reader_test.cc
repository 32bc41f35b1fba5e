#include "daemon/http/request_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using State = RequestReader::State;

class RequestReaderTest : public testing::Test {
 protected:
  void Feed(std::string_view text) {
    while (!text.empty()) {
      const auto room = reader_.Room();
      const size_t size = std::min(room.size(), text.size());
      std::memcpy(room.data(), text.data(), size);
      reader_.Commit(size);
      text.remove_prefix(size);
    }
  }
  int StatusOf(std::string_view text) {
    Feed(text);
    State state = reader_.Parse();
    if (state == State::kHead) {
      state = reader_.Parse();
    }
    return state == State::kBad ? reader_.Complaint().status : static_cast<int>(state);
  }

  RequestReader reader_{1000, 100};
};

constexpr int kWhole = static_cast<int>(State::kComplete);
constexpr int kPart = static_cast<int>(State::kNeedMore);

TEST_F(RequestReaderTest, ReadsAHeadAndThenItsBody) {
  Feed(
      "POST /a%20b?x=1&y HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nCookie: b=2\r\nX-A: 1\r\nx-a: 2\r\n"
      "Content-Length: 3\r\n\r\nab");
  ASSERT_EQ(reader_.Parse(), State::kHead);
  const HttpRequest& request = reader_.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.Query("x"), "1");
  EXPECT_EQ(request.Header("cookie"), "a=1; b=2");
  EXPECT_EQ(request.Header("x-a"), "1, 2");
  EXPECT_FALSE(reader_.body_done());
  EXPECT_EQ(reader_.Parse(), State::kNeedMore);
  Feed("c");
  ASSERT_EQ(reader_.Parse(), State::kComplete);
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(reader_.keep_alive());
}

TEST_F(RequestReaderTest, ReadsByteByByte) {
  const std::string text = "HEAD /x HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n";
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    Feed(text.substr(i, 1));
    ASSERT_EQ(reader_.Parse(), State::kNeedMore) << i;
  }
  Feed(text.substr(text.size() - 1));
  ASSERT_EQ(reader_.Parse(), State::kHead);
  EXPECT_TRUE(reader_.is_head_request());
  EXPECT_TRUE(reader_.expects_continue());
  EXPECT_TRUE(reader_.body_done());
  EXPECT_EQ(reader_.request().method, "GET");
  EXPECT_EQ(reader_.Parse(), State::kComplete);
}

TEST_F(RequestReaderTest, KeepsWhatComesAfterARequestForTheNext) {
  Feed("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(reader_.Parse(), State::kHead);
  EXPECT_EQ(reader_.Parse(), State::kComplete);
  EXPECT_EQ(reader_.request().body, "hi");
  EXPECT_TRUE(reader_.HasInput());
  reader_.StartNext();
  EXPECT_EQ(reader_.Parse(), State::kHead);
  EXPECT_EQ(reader_.request().path, "/2");
  EXPECT_EQ(reader_.request().body, "");
  EXPECT_FALSE(reader_.keep_alive());  // HTTP/1.0
}

TEST_F(RequestReaderTest, NonsenseIsNoRequestLikeTheOneBefore) {
  Feed("HEAD /1 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\nnonsense\r\n\r\n");
  EXPECT_EQ(reader_.Parse(), State::kHead);
  EXPECT_EQ(reader_.Parse(), State::kComplete);
  EXPECT_TRUE(reader_.is_head_request());
  reader_.StartNext();
  EXPECT_FALSE(reader_.keep_alive());
  EXPECT_FALSE(reader_.expects_continue());
  EXPECT_EQ(reader_.Parse(), State::kBad);
  EXPECT_FALSE(reader_.is_head_request());
}

TEST_F(RequestReaderTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x')), 431);
  reader_.DropInput();
  reader_.StartNext();
  EXPECT_EQ(StatusOf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n"), 413);
  reader_.DropInput();
  reader_.StartNext();
  EXPECT_EQ(StatusOf("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                     std::string(101, 'x') + "\r\n0\r\n\r\n"),
            413);
}

TEST_F(RequestReaderTest, ATargetThatIsTooLongIsSaidToBe) {
  EXPECT_EQ(StatusOf("GET /" + std::string(2000, 'x')), 414);
}

TEST_F(RequestReaderTest, RefusesWhatIsNotAWholesomeRequest) {
  const std::pair<const char*, int> table[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},                        // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},  // which one?
      {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},     // we are no proxy
      {"GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},  // smuggling by a space
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},  // TLS
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", kWhole},
      {"GET / HTTP/1.1\r\nHost: h\r\n", kPart},
  };
  for (const auto& [text, status] : table) {
    reader_.DropInput();
    reader_.StartNext();
    EXPECT_EQ(StatusOf(text), status) << text;
  }
}

}  // namespace
}  // namespace squall
