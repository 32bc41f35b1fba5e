#include "daemon/target/request_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using State = TargetRequestReader::State;

// Hands over as much as the reader has room for, parsing in between, as a session does.
State Feed(TargetRequestReader* reader, std::string_view bytes) {
  State state = reader->Parse();
  while (!bytes.empty() && state == State::kNeedMore) {
    const auto room = reader->Room();
    const size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    reader->Commit(size);
    bytes.remove_prefix(size);
    state = reader->Parse();
  }
  return state;
}

TEST(TargetRequestReaderTest, ReadsOneRequestAfterAnother) {
  TargetRequestReader reader((TargetLimits()));
  ASSERT_EQ(
      Feed(&reader,
           "POST /a?b HTTP/1.1\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.0\r\n"),
      State::kComplete);
  const TargetRequest first = reader.Request();
  EXPECT_EQ(first.method, "POST");
  EXPECT_EQ(first.target, "/a?b");
  EXPECT_EQ(first.body, "hi");
  EXPECT_EQ(FindHeader(first, "x-one"), "1");
  EXPECT_TRUE(reader.KeepAlive());
  EXPECT_FALSE(reader.IsHttp10());

  reader.StartNext();
  EXPECT_TRUE(reader.HasInput());
  ASSERT_EQ(Feed(&reader, "\r\n"), State::kComplete);
  EXPECT_EQ(reader.Request().target, "/b");
  EXPECT_TRUE(reader.Request().headers.empty());
  EXPECT_FALSE(reader.KeepAlive());
  EXPECT_TRUE(reader.IsHttp10());
  EXPECT_FALSE(reader.HasInput());
}

TEST(TargetRequestReaderTest, BytesMayComeOneByOne) {
  TargetRequestReader reader((TargetLimits()));
  const std::string text = "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    ASSERT_EQ(Feed(&reader, text.substr(i, 1)), State::kNeedMore) << i;
  }
  ASSERT_EQ(Feed(&reader, "c"), State::kComplete);
  EXPECT_EQ(reader.Request().body, "abc");
}

TEST(TargetRequestReaderTest, ContinueIsWantedOnceAndOnlyIfAsked) {
  TargetRequestReader reader((TargetLimits()));
  EXPECT_FALSE(reader.TakeContinue());
  Feed(&reader, "POST /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(reader.TakeContinue());
  EXPECT_FALSE(reader.TakeContinue());
  ASSERT_EQ(Feed(&reader, "x"), State::kComplete);
  reader.StartNext();
  Feed(&reader, "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\n");
  EXPECT_FALSE(reader.TakeContinue());
}

TEST(TargetRequestReaderTest, ComplaintsFitTheFault) {
  TargetLimits limits;
  limits.header_bytes_max = 100;
  limits.body_bytes_max = 10;
  const std::string a_long_header = "GET / HTTP/1.1\r\nX: " + std::string(100, 'a') + "\r\n\r\n";
  const struct {
    std::string text;
    int status;
    const char* complaint;
  } rows[] = {
      {a_long_header, 431, "the header must be at most 100 bytes"},
      {"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413, "the body must be at most 10 bytes"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", 413,
       "the body must be at most 10 bytes"},
      {"nonsense\r\n\r\n", 400, "the request must be HTTP/1.1: "},
      {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "the request must be HTTP/1.1: "},
  };
  for (const auto& row : rows) {
    TargetRequestReader reader(limits);
    ASSERT_EQ(Feed(&reader, row.text), State::kBad) << row.text;
    EXPECT_EQ(reader.Complaint().status, row.status) << row.text;
    EXPECT_NE(reader.Complaint().body.find(row.complaint), std::string::npos)
        << reader.Complaint().body;
  }
}

TEST(TargetRequestReaderTest, WhatIsAtTheLimitPasses) {
  TargetLimits limits;
  limits.body_bytes_max = 10;
  TargetRequestReader reader(limits);
  EXPECT_EQ(Feed(&reader, "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"),
            State::kComplete);
}

}  // namespace
}  // namespace squall
