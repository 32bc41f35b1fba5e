#include "daemon/trace/span_recorder.h"

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

uint64_t CountChosen(SpanRecorder* recorder, uint64_t requests) {
  uint64_t chosen = 0;
  for (uint64_t i = 0; i < requests; ++i) {
    chosen += recorder->Choose() ? 1 : 0;
  }
  return chosen;
}

bool Put(SpanRecorder* recorder, uint64_t user) {
  RequestSpan* span = recorder->Reserve();
  if (span == nullptr) {
    return false;
  }
  span->user = user;
  recorder->Commit();
  return true;
}

TEST(SpanRecorderTest, RatioOneChoosesAllAndZeroNone) {
  SpanRecorder all(1, 2, 1);
  EXPECT_EQ(CountChosen(&all, 1000), 1000);
  SpanRecorder none(0, 2, 1);
  EXPECT_EQ(CountChosen(&none, 1000), 0);
}

// The seeds are fixed, so it holds always or never; 4 sigma of a binomial distribution.
TEST(SpanRecorderTest, ChoosesTheAskedForShare) {
  constexpr uint64_t kRequests = 200'000;
  for (const double ratio : {0.001, 0.01, 0.25, 0.5, 0.99}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SpanRecorder recorder(ratio, 2, seed);
      const auto chosen = static_cast<double>(CountChosen(&recorder, kRequests));
      const double sigma = std::sqrt(kRequests * ratio * (1 - ratio));
      EXPECT_NEAR(chosen, kRequests * ratio, 4 * sigma) << "ratio " << ratio << " seed " << seed;
    }
  }
}

TEST(SpanRecorderTest, VerySmallRatioDoesNotOverflow) {
  SpanRecorder recorder(1e-300, 2, 7);
  EXPECT_EQ(CountChosen(&recorder, 1000), 0);
}

TEST(SpanRecorderTest, IdsAreNeverEmptyAndDifferBetweenSeeds) {
  SpanRecorder one(1, 2, 1);
  SpanRecorder other(1, 2, 2);
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    for (SpanRecorder* recorder : {&one, &other}) {
      const TraceContext context = recorder->NewContext();
      EXPECT_NE(context.span_id, TraceContext().span_id);
      ids.insert(TraceIdHex(context));
    }
  }
  EXPECT_EQ(ids.size(), 2000);
  EXPECT_EQ(ids.count(std::string(32, '0')), 0);
}

TEST(SpanRecorderTest, DrainGivesSpansInOrderAndOnce) {
  SpanRecorder recorder(1, 4, 1);
  uint64_t expected = 0;
  for (uint64_t user = 0; user < 10; user += 2) {
    EXPECT_TRUE(Put(&recorder, user));
    EXPECT_TRUE(Put(&recorder, user + 1));
    EXPECT_EQ(recorder.Drain([&](const RequestSpan& span) { EXPECT_EQ(span.user, expected++); }),
              2);
    EXPECT_EQ(recorder.Drain([](const RequestSpan&) {}), 0);
  }
  EXPECT_EQ(recorder.dropped(), 0);
}

TEST(SpanRecorderTest, FullQueueDropsAndCounts) {
  SpanRecorder recorder(1, 4, 1);
  for (uint64_t user = 0; user < 6; ++user) {
    EXPECT_EQ(Put(&recorder, user), user < 4);
  }
  EXPECT_EQ(recorder.dropped(), 2);
  EXPECT_EQ(recorder.sampled(), 6);
  uint64_t sum = 0;
  EXPECT_EQ(recorder.Drain([&](const RequestSpan& span) { sum += span.user; }), 4);
  EXPECT_EQ(sum, 0 + 1 + 2 + 3);
  EXPECT_TRUE(Put(&recorder, 9));
}

TEST(SpanRecorderTest, AnotherThreadMayDrain) {
  constexpr uint64_t kSpans = 100'000;
  SpanRecorder recorder(1, 64, 1);
  uint64_t taken = 0;
  uint64_t last = 0;
  std::thread drainer([&] {
    while (last != kSpans) {
      taken += recorder.Drain([&](const RequestSpan& span) {
        EXPECT_GT(span.user, last);
        EXPECT_EQ(span.bytes_sent, span.user * 3);
        last = span.user;
      });
    }
  });
  for (uint64_t user = 1; user <= kSpans; ++user) {
    RequestSpan* span = recorder.Reserve();
    while (span == nullptr && user == kSpans) {
      span = recorder.Reserve();  // the last one ends the test
    }
    if (span != nullptr) {
      span->user = user;
      span->bytes_sent = user * 3;
      recorder.Commit();
    }
  }
  drainer.join();
  EXPECT_GE(taken + recorder.dropped(), kSpans);
}

}  // namespace
}  // namespace squall
