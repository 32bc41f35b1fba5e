#include "daemon/gateway/visit_counter.h"

#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

struct EndlessFeed final : EventFeed {
  Piece Next() override { return {std::make_shared<const std::string>("event: x\n\n"), false}; }
};

TEST(VisitCounterTest, CountsRepliesByStatus) {
  VisitCounter counter;
  const HttpHandler handler = counter.Watch([](const HttpRequest& request) {
    return TextReply(request.path == "/here" ? 200 : 404, "");
  });
  HttpRequest request;
  request.path = "/here";
  handler(request);
  handler(request);
  request.path = "/nowhere";
  EXPECT_EQ(handler(request).status, 404);
  EXPECT_EQ(counter.replies(), (std::map<int, uint64_t>{{200, 2}, {404, 1}}));
}

TEST(VisitCounterTest, WhatOthersAnswerCountsToo) {
  VisitCounter counter;
  const std::function<void(int)> count = counter.Count();
  count(401);
  count(401);
  count(303);
  EXPECT_EQ(counter.replies(), (std::map<int, uint64_t>{{303, 1}, {401, 2}}));
}

TEST(VisitCounterTest, AStreamIsOpenUntilItsFeedEnds) {
  HttpReply reply;
  {
    VisitCounter counter;
    const HttpHandler handler = counter.Watch([](const HttpRequest& /*request*/) {
      HttpReply stream;
      stream.feed = std::make_unique<EndlessFeed>();
      return stream;
    });
    EXPECT_EQ(counter.open_streams(), 0U);
    reply = handler({});
    HttpReply second = handler({});
    EXPECT_EQ(counter.open_streams(), 2U);
    EXPECT_EQ(*reply.feed->Next().text, "event: x\n\n");
    second.feed = nullptr;
    EXPECT_EQ(counter.open_streams(), 1U);
  }
  EXPECT_EQ(*reply.feed->Next().text, "event: x\n\n") << "it outlives the counter";
}

}  // namespace
}  // namespace squall
