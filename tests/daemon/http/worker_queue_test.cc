#include "daemon/http/worker_queue.h"

#include <atomic>
#include <cstdint>
#include <future>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(WorkerQueueTest, RunsWhatIsSubmitted) {
  WorkerQueue queue(2, 10);
  std::promise<void> ran;
  EXPECT_TRUE(queue.Submit([&ran] { ran.set_value(); }));
  ran.get_future().wait();
}

TEST(WorkerQueueTest, RefusesWhatItHasNoRoomFor) {
  std::atomic<int> ran = 0;
  std::promise<void> release;
  WorkerQueue queue(1, 2);
  std::promise<void> running;
  EXPECT_TRUE(queue.Submit([&] {
    running.set_value();
    release.get_future().wait();
  }));
  running.get_future().wait();
  EXPECT_TRUE(queue.Submit([&] { ++ran; }));
  std::promise<void> last;
  EXPECT_TRUE(queue.Submit([&] {
    ++ran;
    last.set_value();
  }));
  EXPECT_FALSE(queue.Submit([&] { ++ran; }));
  release.set_value();
  last.get_future().wait();
  EXPECT_EQ(ran, 2);
}

TEST(WorkerQueueTest, StopWaitsForWhatRunsAndDropsTheRest) {
  std::atomic<int> ran = 0;
  std::promise<void> release;
  std::promise<void> running;
  WorkerQueue queue(1, SIZE_MAX);
  EXPECT_TRUE(queue.Submit([&] {
    running.set_value();
    release.get_future().wait();
    ++ran;
  }));
  running.get_future().wait();
  EXPECT_TRUE(queue.Submit([&] { ran += 100; }));
  auto stopped = std::async(std::launch::async, [&queue] { queue.Stop(); });
  while (queue.Submit([&] { ran += 100; })) {  // until it has begun to stop
  }
  release.set_value();
  stopped.wait();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace squall
