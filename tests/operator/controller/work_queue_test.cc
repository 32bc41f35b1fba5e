#include "operator/controller/work_queue.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/operator/controller/some_keys.h"

namespace squall {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const ObjectKey kC{"team", "c"};

class WorkQueueTest : public testing::Test {
 protected:
  static WorkQueueOptions WithoutJitter() {
    WorkQueueOptions options;
    options.retry_jitter = 0;
    return options;
  }
  // Names of all that is due, in order, each done at once.
  std::string TakeAll() {
    std::string names;
    while (const std::optional<ObjectKey> key = queue_.TryTake()) {
      names += key->name;
      queue_.Done(*key);
    }
    return names;
  }
  // How long until the queue has something.
  Nanos UntilDue() {
    const std::optional<TimePoint> due = queue_.NextDue();
    return due.has_value() ? *due - clock_.Now() : Nanos::max();
  }

  ManualClock clock_;
  WorkQueue queue_{WithoutJitter(), &clock_};
};

TEST_F(WorkQueueTest, HandsOutInTheOrderOfArrival) {
  for (const ObjectKey& key : {kB, kA, kC}) {
    queue_.Add(key);
  }
  EXPECT_EQ(TakeAll(), "bac");
}

TEST_F(WorkQueueTest, AKeyAddedTwiceIsHandedOutOnce) {
  queue_.Add(kA);
  queue_.Add(kB);
  queue_.Add(kA);
  EXPECT_EQ(TakeAll(), "ab");
  EXPECT_EQ(queue_.Stats().adds, 2U);
}

TEST_F(WorkQueueTest, AKeyIsNeverWithTwoWorkers) {
  queue_.Add(kA);
  ASSERT_EQ(queue_.TryTake(), kA);
  queue_.Add(kA);
  EXPECT_EQ(queue_.TryTake(), std::nullopt);
  queue_.Done(kA);
  EXPECT_EQ(queue_.TryTake(), kA);
}

TEST_F(WorkQueueTest, WhatIsAddedDuringTheWorkIsHandedOutOnceAfterIt) {
  queue_.Add(kA);
  ASSERT_EQ(queue_.TryTake(), kA);
  queue_.Add(kA);
  queue_.Add(kA);
  queue_.AddAfter(kA, seconds(5));
  queue_.Done(kA);
  EXPECT_EQ(TakeAll(), "a");
  clock_.Advance(seconds(5));
  EXPECT_EQ(TakeAll(), "") << "the soonest wish was granted; the pass saw all there was";
}

TEST_F(WorkQueueTest, ADoneKeyWaitsBehindThoseThatCameBefore) {
  queue_.Add(kA);
  ASSERT_EQ(queue_.TryTake(), kA);
  queue_.Add(kA);
  queue_.Add(kB);
  queue_.Done(kA);
  EXPECT_EQ(TakeAll(), "ba");
}

TEST_F(WorkQueueTest, ADelayedKeyIsNotHandedOutEarly) {
  queue_.AddAfter(kA, seconds(5));
  clock_.Advance(seconds(5) - Nanos(1));
  EXPECT_EQ(TakeAll(), "");
  clock_.Advance(Nanos(1));
  EXPECT_EQ(TakeAll(), "a");
}

TEST_F(WorkQueueTest, OfTwoDelaysTheSoonestWins) {
  for (const bool soonest_first : {true, false}) {
    queue_.AddAfter(kA, seconds(soonest_first ? 2 : 9));
    queue_.AddAfter(kA, seconds(soonest_first ? 9 : 2));
    EXPECT_EQ(UntilDue(), seconds(2));
    clock_.Advance(seconds(2));
    EXPECT_EQ(TakeAll(), "a");
    clock_.Advance(seconds(60));
    EXPECT_EQ(TakeAll(), "") << "handed out once only";
  }
}

TEST_F(WorkQueueTest, AnEventCutsADelayShort) {
  queue_.AddAfter(kA, seconds(30));
  queue_.Add(kA);
  EXPECT_EQ(TakeAll(), "a");
  EXPECT_EQ(queue_.NextDue(), std::nullopt);
}

TEST_F(WorkQueueTest, ADelayOfAKeyThatIsWantedNowChangesNothing) {
  queue_.Add(kA);
  queue_.AddAfter(kA, seconds(30));
  EXPECT_EQ(TakeAll(), "a");
  EXPECT_EQ(queue_.NextDue(), std::nullopt);
}

TEST_F(WorkQueueTest, ADelayThatEndsDuringTheWorkWaitsForItsEnd) {
  queue_.Add(kA);
  ASSERT_EQ(queue_.TryTake(), kA);
  queue_.AddAfter(kA, seconds(1));
  clock_.Advance(seconds(2));
  EXPECT_EQ(queue_.TryTake(), std::nullopt);
  queue_.Done(kA);
  EXPECT_EQ(TakeAll(), "a");
}

TEST_F(WorkQueueTest, DelayedKeysComeInTheOrderOfTheirTimes) {
  queue_.AddAfter(kA, seconds(3));
  queue_.AddAfter(kB, seconds(1));
  queue_.AddAfter(kC, seconds(2));
  clock_.Advance(seconds(10));
  EXPECT_EQ(TakeAll(), "bca");
}

TEST_F(WorkQueueTest, RetriesAreSlowerEachTimeUpToAMinute) {
  std::vector<Nanos> waits;
  for (int i = 0; i < 16; ++i) {
    queue_.AddRateLimited(kA);
    waits.push_back(UntilDue());
    clock_.Advance(waits.back());
    ASSERT_EQ(TakeAll(), "a");
  }
  EXPECT_EQ(waits[0], milliseconds(5));
  EXPECT_EQ(waits[1], milliseconds(10));
  EXPECT_EQ(waits[13], milliseconds(40'960));
  EXPECT_EQ(waits[14], seconds(60));
  EXPECT_EQ(waits[15], seconds(60));
  EXPECT_EQ(queue_.Failures(kA), 16);
  EXPECT_EQ(queue_.Stats().retries, 16U);
}

TEST_F(WorkQueueTest, ASuccessMakesTheNextRetryQuickAgain) {
  for (int i = 0; i < 10; ++i) {
    queue_.AddRateLimited(kA);
    clock_.Advance(seconds(60));
    TakeAll();
  }
  queue_.Forget(kA);
  EXPECT_EQ(queue_.Failures(kA), 0);
  queue_.AddRateLimited(kA);
  EXPECT_EQ(UntilDue(), milliseconds(5));
}

TEST_F(WorkQueueTest, ThousandsOfFailuresDoNotOverflow) {
  for (int i = 0; i < 5000; ++i) {
    queue_.AddRateLimited(kA);
    EXPECT_LE(UntilDue(), seconds(60));
    clock_.Advance(seconds(60));
    ASSERT_EQ(TakeAll(), "a");
  }
}

TEST_F(WorkQueueTest, OneObjectsFailuresDoNotSlowAnother) {
  for (int i = 0; i < 10; ++i) {
    queue_.AddRateLimited(kA);
    clock_.Advance(seconds(60));
    TakeAll();
  }
  queue_.AddRateLimited(kB);
  EXPECT_EQ(UntilDue(), milliseconds(5));
}

TEST_F(WorkQueueTest, JitterIsATenthToEitherSide) {
  WorkQueue queue({}, &clock_);
  Nanos shortest = Nanos::max();
  Nanos longest = Nanos::min();
  for (int i = 0; i < 500; ++i) {
    const ObjectKey key{"team", std::to_string(i)};
    queue.AddRateLimited(key);
    const Nanos wait = *queue.NextDue() - clock_.Now();
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
    clock_.Advance(wait);
    ASSERT_EQ(queue.TryTake(), key);
    queue.Done(key);
  }
  EXPECT_GE(shortest, microseconds(4500));
  EXPECT_LT(shortest, microseconds(4550));
  EXPECT_LE(longest, microseconds(5500));
  EXPECT_GT(longest, microseconds(5450));
}

TEST_F(WorkQueueTest, LiveEventsOvertakeWhatWasThereAtTheStart) {
  queue_.Add(kA, Priority::kBackground);
  queue_.Add(kB, Priority::kBackground);
  queue_.Add(kC, Priority::kLive);
  EXPECT_EQ(TakeAll(), "cab");
}

TEST_F(WorkQueueTest, ALiveEventLiftsAKeyThatWaits) {
  queue_.Add(kA, Priority::kBackground);
  queue_.Add(kB, Priority::kBackground);
  queue_.Add(kB, Priority::kLive);
  queue_.Add(kB, Priority::kBackground);
  EXPECT_EQ(queue_.Stats().depth_live, 1U);
  EXPECT_EQ(queue_.Stats().depth_background, 1U);
  EXPECT_EQ(TakeAll(), "ba");
}

TEST_F(WorkQueueTest, APriorityHoldsForOneTurnOnly) {
  queue_.Add(kA, Priority::kLive);
  EXPECT_EQ(TakeAll(), "a");
  queue_.Add(kA, Priority::kBackground);
  queue_.Add(kB, Priority::kLive);
  EXPECT_EQ(TakeAll(), "ba");
}

TEST_F(WorkQueueTest, ADelayKeepsItsPriority) {
  queue_.AddAfter(kA, seconds(1), Priority::kBackground);
  queue_.AddAfter(kB, seconds(2), Priority::kLive);
  clock_.Advance(seconds(3));
  EXPECT_EQ(TakeAll(), "ba");
}

TEST_F(WorkQueueTest, AfterShutDownNothingGoesInOrOut) {
  queue_.Add(kA);
  queue_.ShutDown();
  queue_.Add(kB);
  queue_.AddAfter(kB, seconds(1));
  queue_.AddRateLimited(kB);
  EXPECT_EQ(TakeAll(), "");
  EXPECT_EQ(queue_.Take(seconds(60)), std::nullopt) << "must not wait";
  EXPECT_TRUE(queue_.shut_down());
  EXPECT_TRUE(queue_.WaitForShutDown(Nanos(0)));
}

TEST_F(WorkQueueTest, IsIdleWhenTheLastWorkIsDone) {
  EXPECT_TRUE(queue_.WaitUntilIdle(Nanos(0)));
  queue_.Add(kA);
  ASSERT_EQ(queue_.TryTake(), kA);
  queue_.ShutDown();
  EXPECT_FALSE(queue_.WaitUntilIdle(Nanos(0)));
  queue_.Done(kA);
  EXPECT_TRUE(queue_.WaitUntilIdle(Nanos(0)));
}

TEST_F(WorkQueueTest, CountsWhatItsMetricsSay) {
  queue_.Add(kA);
  queue_.Add(kB);
  clock_.Advance(seconds(2));
  ASSERT_EQ(queue_.TryTake(), kA);
  clock_.Advance(seconds(3));
  ASSERT_EQ(queue_.TryTake(), kB);
  clock_.Advance(seconds(1));
  queue_.AddAfter(kC, seconds(9));
  const WorkQueueStats stats = queue_.Stats();
  EXPECT_EQ(stats.name, "loadtest");
  EXPECT_EQ(stats.depth_live + stats.depth_background, 0U);
  EXPECT_EQ(stats.delayed, 1U);
  EXPECT_EQ(stats.unfinished, seconds(4 + 1));
  EXPECT_EQ(stats.longest_running, seconds(4));
  EXPECT_EQ(stats.queue_duration.count(), 2U);
  EXPECT_DOUBLE_EQ(stats.queue_duration.sum(), 2 + 5);
  queue_.Done(kB);
  EXPECT_DOUBLE_EQ(queue_.Stats().work_duration.sum(), 1);
}

TEST_F(WorkQueueTest, ADelayedKeyHasWaitedSinceItWasDue) {
  queue_.AddAfter(kA, seconds(5));
  clock_.Advance(seconds(7));
  ASSERT_EQ(queue_.TryTake(), kA);
  EXPECT_DOUBLE_EQ(queue_.Stats().queue_duration.sum(), 2);
}

TEST(WorkQueueThreadsTest, AWaitingWorkerIsWokenByAnAdd) {
  const SystemClock clock;
  WorkQueue queue({}, &clock);
  std::thread worker([&queue] {
    EXPECT_EQ(queue.Take(std::chrono::hours(1)), kA);
    queue.Done(kA);
  });
  queue.Add(kA);
  worker.join();
}

TEST(WorkQueueThreadsTest, KeysThatComeDueTogetherWakeAllWorkers) {
  const SystemClock clock;
  WorkQueue queue({}, &clock);
  std::atomic<int> working = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&queue, &working] {
      const std::optional<ObjectKey> key = queue.Take(std::chrono::hours(1));
      ++working;
      while (working < 3) {  // until the others have one, too
        std::this_thread::yield();
      }
      queue.Done(*key);
    });
  }
  for (const ObjectKey& key : {kA, kB, kC}) {
    queue.AddAfter(key, milliseconds(1));
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
}

TEST(WorkQueueThreadsTest, NoTwoWorkersHaveOneKeyAndNoAddIsLost) {
  const SystemClock clock;
  WorkQueue queue({}, &clock);
  constexpr int kKeys = 5;
  constexpr int kAddsEach = 2000;
  std::array<std::atomic<int>, kKeys> wishes{};  // adds not seen by a worker yet
  std::array<std::atomic<int>, kKeys> workers_on{};
  std::atomic<bool> broken = false;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (const std::optional<ObjectKey> key = queue.Take(std::chrono::hours(1))) {
        const auto k = static_cast<size_t>(std::stoi(key->name));
        broken = broken || ++workers_on.at(k) != 1;
        wishes.at(k) = 0;
        --workers_on.at(k);
        queue.Done(*key);
      }
    });
  }
  std::vector<std::thread> producers;
  for (int p = 0; p < 2; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < kAddsEach * kKeys; ++i) {
        const int k = i % kKeys;
        ++wishes.at(static_cast<size_t>(k));
        const ObjectKey key{"team", std::to_string(k)};
        i % 3 == 0 ? queue.AddAfter(key, microseconds(i % 50)) : queue.Add(key);
      }
    });
  }
  for (std::thread& producer : producers) {
    producer.join();
  }
  while (!queue.WaitUntilIdle(seconds(60)) || queue.NextDue().has_value()) {
    std::this_thread::yield();
  }
  queue.ShutDown();
  for (std::thread& worker : workers) {
    worker.join();
  }
  EXPECT_FALSE(broken);
  for (const auto& left : wishes) {
    EXPECT_EQ(left, 0);
  }
}

}  // namespace
}  // namespace squall
