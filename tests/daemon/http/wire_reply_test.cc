#include "daemon/http/wire_reply.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

ReplyFor Request() { return {}; }

bool Says(const WireReply& reply, const std::string& line) {
  return reply.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

class OneEvent final : public EventFeed {
  Piece Next() override { return {}; }
};

TEST(WireReplyTest, AddsWhatEveryReplyNeeds) {
  const WireReply reply = MakeWireReply(JsonReply(200, "{}"), Request());
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"))
      << reply.head;
  EXPECT_TRUE(reply.head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(Says(reply, "Content-Type: application/json"));
  EXPECT_TRUE(Says(reply, "Content-Length: 2"));
  EXPECT_TRUE(Says(reply, "Cache-Control: private, no-cache"));
  EXPECT_TRUE(Says(reply, "X-Content-Type-Options: nosniff"));
  EXPECT_TRUE(Says(reply, "X-Frame-Options: DENY"));
  EXPECT_TRUE(Says(reply, "Referrer-Policy: same-origin"));
  EXPECT_TRUE(Says(reply, "Cross-Origin-Resource-Policy: same-origin"));
  EXPECT_NE(reply.head.find("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "),
            std::string::npos);
  EXPECT_EQ(reply.head.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(reply.head.find("Access-Control-"), std::string::npos);
  EXPECT_EQ(*reply.body, "{}");
}

TEST(WireReplyTest, AReplyMayHaveAPolicyOfItsOwn) {
  HttpReply own = TextReply(200, "<p>", "text/html");
  own.headers = {{"content-security-policy", "sandbox"}, {"Cache-Control", "max-age=9"}};
  const WireReply reply = MakeWireReply(std::move(own), Request());
  EXPECT_TRUE(Says(reply, "content-security-policy: sandbox"));
  EXPECT_EQ(reply.head.find("Content-Security-Policy"), std::string::npos);
  EXPECT_TRUE(Says(reply, "Cache-Control: max-age=9"));
  EXPECT_EQ(reply.head.find("no-cache"), std::string::npos);
  EXPECT_TRUE(Says(reply, "Content-Type: text/html; charset=utf-8"));
}

TEST(WireReplyTest, NothingThatAHeaderHoldsBecomesAnotherOne) {
  HttpReply hostile = TextReply(200, "x");
  hostile.headers = {{"Content-Disposition", "a\r\nSet-Cookie: x=1\n\n<script>"}};
  hostile.etag = "v\r\nX: y";
  const WireReply reply = MakeWireReply(std::move(hostile), Request());
  EXPECT_EQ(reply.head.find("\nSet-Cookie"), std::string::npos) << reply.head;
  EXPECT_EQ(reply.head.find("\nX: y"), std::string::npos) << reply.head;
  EXPECT_EQ(reply.head.find("\r\n\r\n"), reply.head.size() - 4);
}

TEST(WireReplyTest, WhatTheClientHasIsNotSentAgain) {
  HttpReply versioned = JsonReply(200, "{}");
  versioned.etag = "v7";
  ReplyFor request = Request();
  request.if_none_match = R"("v6", "v7")";
  const WireReply reply = MakeWireReply(std::move(versioned), request);
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 304 Not Modified\r\n")) << reply.head;
  EXPECT_TRUE(Says(reply, "ETag: W/\"v7\""));
  EXPECT_EQ(reply.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(reply.body, nullptr);
}

TEST(WireReplyTest, MakesAnEtagOfTheBodyOfAGet) {
  const auto etag_of = [](const std::string& body) {
    const WireReply reply = MakeWireReply(JsonReply(200, body), Request());
    const size_t start = reply.head.find("ETag: ");
    return reply.head.substr(start, reply.head.find("\r\n", start) - start);
  };
  EXPECT_EQ(etag_of("a"), etag_of("a"));
  EXPECT_NE(etag_of("a"), etag_of("b"));
  ReplyFor post = Request();
  post.get = false;
  post.if_none_match = "*";
  const WireReply reply = MakeWireReply(JsonReply(200, "a"), post);
  EXPECT_EQ(reply.head.find("ETag"), std::string::npos);
  EXPECT_TRUE(Says(reply, "Cache-Control: no-store"));
  EXPECT_EQ(MakeWireReply(JsonReply(404, "a"), Request()).head.find("ETag"), std::string::npos);
}

TEST(WireReplyTest, CompressesTextsThatAreLargeEnough) {
  ReplyFor request = Request();
  request.accept_encoding = "gzip";
  const std::string text(5000, 'x');
  const WireReply reply = MakeWireReply(JsonReply(200, text), request);
  EXPECT_TRUE(Says(reply, "Content-Encoding: gzip"));
  EXPECT_TRUE(Says(reply, "Vary: Accept-Encoding"));
  EXPECT_LT(reply.body->size(), 200U);
  EXPECT_EQ(MakeWireReply(TextReply(200, text, "image/png"), request).body->size(), 5000U);
  EXPECT_EQ(MakeWireReply(JsonReply(200, "short"), request).body->size(), 5U);
  const WireReply plain = MakeWireReply(JsonReply(200, text), Request());
  EXPECT_EQ(plain.body->size(), 5000U);
  EXPECT_TRUE(Says(plain, "Vary: Accept-Encoding"));
}

TEST(WireReplyTest, SendsWhatIsCompressedAlreadyAsItIs) {
  HttpReply packed = TextReply(200, "text", "text/javascript");
  packed.gzip_body = std::make_shared<const std::string>("PACKED");
  ReplyFor request = Request();
  request.accept_encoding = "br, gzip";
  EXPECT_EQ(*MakeWireReply(std::move(packed), request).body, "PACKED");
}

TEST(WireReplyTest, AHeadHasNoBodyButItsLength) {
  ReplyFor request = Request();
  request.head_only = true;
  const WireReply reply = MakeWireReply(JsonReply(200, "{\"a\":1}"), request);
  EXPECT_TRUE(Says(reply, "Content-Length: 7"));
  EXPECT_EQ(reply.body, nullptr);
}

TEST(WireReplyTest, AStreamClosesItsConnectionAndIsNotStored) {
  HttpReply stream;
  stream.feed = std::make_unique<OneEvent>();
  const WireReply reply = MakeWireReply(std::move(stream), Request());
  EXPECT_TRUE(Says(reply, "Connection: close"));
  EXPECT_TRUE(Says(reply, "Content-Type: text/event-stream"));
  EXPECT_TRUE(Says(reply, "X-Accel-Buffering: no"));
  EXPECT_TRUE(Says(reply, "Cache-Control: no-store"));
  EXPECT_EQ(reply.head.find("Content-Length"), std::string::npos);
  EXPECT_NE(reply.feed, nullptr);
}

}  // namespace
}  // namespace squall
