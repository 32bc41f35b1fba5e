#include "daemon/otel/span_backlog.h"

#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr Nanos kNoPatience{0};

RequestSpan Span(uint64_t user) {
  RequestSpan span;
  span.user = user;
  return span;
}

TEST(SpanBacklogTest, GivesBatchesInTheOrderInWhichSpansCame) {
  SpanBacklog backlog(10, 2);
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(backlog.Add(Span(i)));
  }
  const auto first = backlog.Take(kNoPatience);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].user, 0U);
  EXPECT_EQ(first[1].user, 1U);
  EXPECT_EQ(backlog.Take(kNoPatience).size(), 1U);
  EXPECT_TRUE(backlog.Take(kNoPatience).empty());
}

TEST(SpanBacklogTest, TakesNoMoreThanThereIsRoomFor) {
  SpanBacklog backlog(2, 10);
  EXPECT_TRUE(backlog.Add(Span(0)));
  EXPECT_TRUE(backlog.Add(Span(1)));
  EXPECT_FALSE(backlog.Add(Span(2)));
  EXPECT_EQ(backlog.Clear(), 2U);
  EXPECT_TRUE(backlog.Add(Span(3)));
}

TEST(SpanBacklogTest, NobodyWaitsForAClosedOne) {
  SpanBacklog backlog(2, 2);
  std::thread closer([&] { backlog.Close(); });
  backlog.Wait(std::chrono::hours(1));
  EXPECT_TRUE(backlog.Take(std::chrono::hours(1)).empty());
  closer.join();
  EXPECT_TRUE(backlog.closed());
  EXPECT_FALSE(backlog.Add(Span(0)));
}

TEST(SpanBacklogTest, AFullBatchEndsTheWait) {
  SpanBacklog backlog(2, 1);
  std::thread adder([&] { EXPECT_TRUE(backlog.Add(Span(7))); });
  const auto taken = backlog.Take(std::chrono::hours(1));
  adder.join();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].user, 7U);
}

}  // namespace
}  // namespace squall
