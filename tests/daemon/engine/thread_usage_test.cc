#include "daemon/engine/thread_usage.h"

#include <sys/resource.h>
#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(ThreadUsageTest, GrowsWithTheWorkOfItsThread) {
  ThreadUsageReader reader;
  const ThreadUsage before = reader.Read();
  volatile uint64_t sum = 0;
  ThreadUsage after = before;
  while (after.cpu_seconds < before.cpu_seconds + 0.005) {
    for (int i = 0; i < 10'000; ++i) {
      sum = sum + 1;
    }
    after = reader.Read();
  }
  EXPECT_GE(after.run_delay_seconds, before.run_delay_seconds);
  EXPECT_GE(before.cpu_seconds, 0);
}

TEST(ThreadUsageTest, TheWorkOfAnotherThreadIsNotOurs) {
  double other = 0;
  std::thread([&other] {
    ThreadUsageReader reader;
    while (reader.Read().cpu_seconds < 0.02) {
    }
    other = reader.Read().cpu_seconds;
  }).join();
  EXPECT_GE(other, 0.02);
  EXPECT_GE(ReadProcessUsage().cpu_seconds, other) << "but it is the process's";
}

TEST(DescriptorLimitTest, RaisesTheLimitToWhatTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(ReadProcessUsage().fd_limit, 64u);
  EXPECT_EQ(RaiseDescriptorLimit(), before.rlim_max);
  EXPECT_EQ(ReadProcessUsage().fd_limit, before.rlim_max);
  EXPECT_EQ(RaiseDescriptorLimit(), before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace squall
