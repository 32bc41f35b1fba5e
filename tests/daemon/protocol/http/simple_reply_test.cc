#include "daemon/protocol/http/simple_reply.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/protocol/http/response_reader.h"

namespace squall {
namespace {

constexpr size_t kHeadMax = 8192;
constexpr uint64_t kBodyMax = 1 << 20;
const std::string kHead = "HTTP/1.1 200 OK\r\nServer: nginx\r\n";

std::optional<SimpleReply> ReadReply(const std::string& text) {
  return ReadSimpleReply(text, kHeadMax, kBodyMax);
}

TEST(ReadSimpleReplyTest, ReadsAWholePlainReply) {
  const std::string text = kHead + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello";
  const std::optional<SimpleReply> reply = ReadReply(text);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(std::string(reply->head) + "hello", text);
  EXPECT_EQ(ReadReply("HTTP/1.1 404\r\ncontent-length:0\r\n\r\n")->status, 404);
}

TEST(ReadSimpleReplyTest, LeavesEverythingUnusualToTheParser) {
  const std::vector<std::string> rows = {
      "",
      "HTTP/1.1 200 OK\r\n",
      kHead + "Content-Length: 5\r\n\r\nhell",
      kHead + "Content-Length: 5\r\n\r\nhello!",
      kHead + "\r\n",
      kHead + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      kHead + "Content-Length: +5\r\n\r\nhello",
      kHead + "Content-Length: 5x\r\n\r\nhello",
      kHead + "Content-Length: 99999999999999999999\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nLocation: /\r\n\r\nhello",
      kHead + "Content-Length: 5\r\n folded\r\n\r\nhello",
      kHead + "Content-Length: 5\nX: y\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nBad Name: y\r\n\r\nhello",
      kHead + "Content-Length: 5\r\n: y\r\n\r\nhello",
      kHead + "Content-Length: 5\r\nX: a\x01\r\n\r\nhello",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
  };
  for (const std::string& text : rows) {
    EXPECT_FALSE(ReadReply(text).has_value()) << text;
  }
}

TEST(ReadSimpleReplyTest, KeepsTheLimits) {
  const std::string long_head = kHead + "X: " + std::string(kHeadMax, 'a') + "\r\n";
  EXPECT_FALSE(ReadReply(long_head + "Content-Length: 0\r\n\r\n").has_value());
  const std::string body(kBodyMax + 1, 'b');
  EXPECT_FALSE(
      ReadReply(kHead + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
}

// Whatever the short way accepts, the parser must have read the same.
TEST(ReadSimpleReplyTest, NeverDisagreesWithTheParser) {
  const std::vector<std::string> parts = {"HTTP/1.1 200 OK\r\n",
                                          "HTTP/1.1 503 Busy\r\n",
                                          "Content-Length: 3\r\n",
                                          "content-length:3 \r\n",
                                          "Content-Length: 0\r\n",
                                          "X: y\r\n",
                                          "X:\r\n",
                                          "x y: z\r\n",
                                          "Connection: keep-alive\r\n",
                                          "Connection: close\r\n",
                                          "Date: Tue\r\n",
                                          "\r\n",
                                          "\n",
                                          "abc",
                                          "\r",
                                          ":",
                                          " folded\r\n",
                                          "Keep-Alive: timeout=5\r\n",
                                          "Transfer-Encoding: chunked\r\n"};
  Rng rng(11);
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = parts[rng.Below(2)];
    for (int64_t n = rng.Between(1, 5); n > 0; --n) {
      text += parts[rng.Below(parts.size())];
    }
    const std::optional<SimpleReply> reply = ReadReply(text);
    if (!reply.has_value()) {
      continue;
    }
    ++accepted;
    std::string body;
    ResponseReader reader(ResponseSink{&body}, false, kHeadMax, kBodyMax);
    std::string_view error;
    ASSERT_EQ(reader.Feed(text, &error), text.size()) << text;
    ASSERT_TRUE(reader.is_done() && reader.keep_alive()) << text;
    ASSERT_EQ(error, "") << text;
    ASSERT_EQ(reader.status(), reply->status) << text;
    ASSERT_EQ(body, reply->body) << text;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace squall
