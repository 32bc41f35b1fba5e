#include "daemon/protocol/http/response_reader.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

struct Read {
  std::string body;
  std::string headers;
  std::string location;
  std::string set_cookies;
  std::string reason;
  std::string error;
  std::string rest;  // what came after the reply
  int status = 0;
  uint64_t body_bytes = 0;
  bool done = false;
  bool keep_alive = false;
  bool compressed = false;
};

struct Options {
  bool head_request = false;
  bool then_close = false;
  uint32_t header_max = 8192;
  uint64_t body_max = 1 << 20;
};

// Reads a reply that comes in `pieces`, as the session does: unused bytes are given again.
Read ReadPieces(const std::vector<std::string_view>& pieces, const Options& options = {}) {
  Read read;
  ResponseReader reader(
      ResponseSink{&read.body, &read.headers, &read.location, &read.set_cookies, &read.reason},
      options.head_request, options.header_max, options.body_max);
  std::string_view error;
  for (const std::string_view piece : pieces) {
    read.rest.append(piece);
    if (error.empty() && !reader.is_done()) {
      read.rest.erase(0, reader.Feed(read.rest, &error));
    }
  }
  if (options.then_close && error.empty() && !reader.is_done()) {
    reader.Finish();
  }
  read.error = error;
  read.status = reader.status();
  read.body_bytes = reader.body_bytes();
  read.done = reader.is_done();
  read.keep_alive = reader.is_done() && reader.keep_alive();
  read.compressed = reader.compressed();
  return read;
}

Read ReadAll(std::string_view text, const Options& options = {}) {
  return ReadPieces({text}, options);
}

constexpr std::string_view kPlainReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
constexpr std::string_view kChunkedReply =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";

TEST(ResponseReaderTest, ReadsABodyOfKnownLength) {
  const Read read = ReadAll(kPlainReply);
  EXPECT_TRUE(read.done);
  EXPECT_TRUE(read.keep_alive);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, "hello");
  EXPECT_EQ(read.body_bytes, 5U);
  EXPECT_EQ(read.headers, "Content-Length: 5\r\nX-A: b\r\n");
  EXPECT_EQ(read.reason, "OK");
  EXPECT_EQ(read.rest, "");
}

TEST(ResponseReaderTest, ReadsChunksAndCountsOnlyTheirContent) {
  const Read read = ReadAll(kChunkedReply);
  EXPECT_TRUE(read.done);
  EXPECT_TRUE(read.keep_alive);
  EXPECT_EQ(read.body, "hello");
  EXPECT_EQ(read.body_bytes, 5U);
}

TEST(ResponseReaderTest, ABodyWithoutLengthEndsWithTheConnection) {
  const std::string_view text = "HTTP/1.1 200 OK\r\n\r\nall of it";
  EXPECT_FALSE(ReadAll(text).done);
  const Read read = ReadAll(text, {.then_close = true});
  EXPECT_TRUE(read.done);
  EXPECT_EQ(read.body, "all of it");
  EXPECT_FALSE(read.keep_alive);
}

TEST(ResponseReaderTest, ACloseInTheMiddleIsNotTheEnd) {
  for (const std::string_view text : {kPlainReply, kChunkedReply}) {
    for (size_t size = 1; size < text.size(); ++size) {
      EXPECT_FALSE(ReadAll(text.substr(0, size), {.then_close = true}).done) << size;
    }
  }
}

TEST(ResponseReaderTest, EverySplitReadsTheSame) {
  for (const std::string_view text : {kPlainReply, kChunkedReply}) {
    for (size_t at = 0; at <= text.size(); ++at) {
      const Read read = ReadPieces({text.substr(0, at), text.substr(at)});
      EXPECT_EQ(read.error, "") << at;
      EXPECT_TRUE(read.done) << at;
      EXPECT_EQ(read.body, "hello") << at;
      EXPECT_EQ(read.rest, "") << at;
    }
    std::vector<std::string_view> bytes;
    for (size_t at = 0; at < text.size(); ++at) {
      bytes.push_back(text.substr(at, 1));
    }
    const Read read = ReadPieces(bytes);
    EXPECT_TRUE(read.done);
    EXPECT_EQ(read.body, "hello");
  }
}

// Beast asserted here that the last chunk had come whole.
TEST(ResponseReaderTest, TheOnlyChunkMayComeByteByByte) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Read read = ReadPieces({kHead, "0\r\n", "\r", "\n"});
  EXPECT_EQ(read.error, "");
  EXPECT_TRUE(read.done);
  EXPECT_EQ(read.body, "");
}

TEST(ResponseReaderTest, LeavesWhatComesAfterTheReply) {
  EXPECT_EQ(ReadAll(std::string(kPlainReply) + "junk").rest, "junk");
  EXPECT_EQ(ReadAll(std::string(kChunkedReply) + "HTTP/1.1 200").rest, "HTTP/1.1 200");
}

TEST(ResponseReaderTest, RepliesToHeadHaveNoBody) {
  const Read read =
      ReadAll("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", {.head_request = true});
  EXPECT_TRUE(read.done);
  EXPECT_EQ(read.body_bytes, 0U);
  EXPECT_TRUE(read.keep_alive);
}

TEST(ResponseReaderTest, SomeStatusesHaveNoBody) {
  for (const char* line : {"204 No Content", "304 Not Modified", "100 Continue", "103 Early Hints",
                           "101 Switching Protocols"}) {
    const Read read = ReadAll(fmt::format("HTTP/1.1 {}\r\n\r\nnext", line));
    EXPECT_TRUE(read.done) << line;
    EXPECT_EQ(read.body, "") << line;
    EXPECT_EQ(read.rest, "next") << line;
  }
}

TEST(ResponseReaderTest, KnowsWhoKeepsTheConnection) {
  EXPECT_FALSE(
      ReadAll("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").keep_alive);
  EXPECT_FALSE(ReadAll("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
  EXPECT_TRUE(
      ReadAll("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").keep_alive);
}

TEST(ResponseReaderTest, NotesWhatTheSessionActsOn) {
  const Read read = ReadAll(
      "HTTP/1.1 302 Found\r\nLOCATION: /next\r\nset-cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n"
      "Content-Encoding: GZIP\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(read.status, 302);
  EXPECT_EQ(read.location, "/next");
  EXPECT_EQ(read.set_cookies, "a=1; Path=/\nb=2\n");
  EXPECT_TRUE(read.compressed);
}

TEST(ResponseReaderTest, KeepsNothingThatNobodyAskedFor) {
  ResponseReader reader(ResponseSink{}, false, 8192, 100);
  std::string_view error;
  EXPECT_EQ(reader.Feed(kPlainReply, &error), kPlainReply.size());
  EXPECT_EQ(error, "");
  EXPECT_TRUE(reader.is_done());
  EXPECT_EQ(reader.body_bytes(), 5U);
}

TEST(ResponseReaderTest, OnlyDeflateAndGzipAreCompressed) {
  EXPECT_TRUE(ReadAll("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n").compressed);
  EXPECT_FALSE(ReadAll("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n").compressed);
  EXPECT_FALSE(ReadAll("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n").compressed);
}

TEST(ResponseReaderTest, ABodyOverTheLimitIsRefused) {
  const Options limit{.body_max = 4};
  EXPECT_EQ(ReadAll(kPlainReply, limit).error, "reply body too long");
  EXPECT_EQ(ReadAll(kChunkedReply, limit).error, "reply body too long");
  EXPECT_EQ(ReadAll("HTTP/1.1 200 OK\r\n\r\nhello", limit).error, "reply body too long");
  EXPECT_EQ(ReadAll(kPlainReply, {.body_max = 5}).error, "");
}

TEST(ResponseReaderTest, AHeadOverTheLimitIsRefused) {
  const std::string bomb = "HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\n\r\n";
  EXPECT_EQ(ReadAll(bomb, {.header_max = 4096}).error, "reply head too long");
  EXPECT_EQ(ReadAll(bomb.substr(0, 4500), {.header_max = 4096}).error, "reply head too long");
  EXPECT_EQ(ReadAll(bomb, {.header_max = 8192}).error, "");
}

TEST(ResponseReaderTest, SaysWhatIsMalformed) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"garbage\r\n\r\n", "malformed reply (bad version)"},
      {"HTTP/2.0 200 OK\r\n\r\n", "malformed reply (bad version)"},
      {"GET / HTTP/1.1\r\n\r\n", "malformed reply (bad version)"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "malformed reply"},
      {"HTTP/1.1 abc OK\r\n\r\n", "malformed reply"},
      {"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n", "malformed reply"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed reply (bad framing)"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed reply (bad framing)"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       "malformed reply (bad framing)"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "malformed reply (bad framing)"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX\r\n0\r\n\r\n",
       "malformed reply (bad framing)"},
  };
  for (const auto& [text, reason] : rows) {
    EXPECT_EQ(ReadAll(text).error, reason) << text;
  }
}

TEST(ResponseReaderTest, NoNoiseCrashesIt) {
  uint32_t x = 20'260'101;
  for (int round = 0; round < 2000; ++round) {
    std::string text(round % 2 == 0 ? kPlainReply : kChunkedReply);
    for (int flips = 0; flips < 3; ++flips) {
      x = x * 1664525 + 1013904223;
      text[(x >> 8) % text.size()] = static_cast<char>(x >> 24);
    }
    const Read read = ReadPieces({std::string_view(text).substr(0, round % text.size()),
                                  std::string_view(text).substr(round % text.size())},
                                 {.then_close = true});
    EXPECT_LE(read.body_bytes, text.size());
  }
}

}  // namespace
}  // namespace squall
