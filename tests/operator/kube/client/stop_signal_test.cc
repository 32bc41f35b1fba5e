#include "operator/kube/client/stop_signal.h"

#include <thread>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(StopSignalTest, CallsEachWatcherOnce) {
  StopSignal signal;
  int calls = 0;
  const StopSignal::Watcher watcher(&signal, [&] { ++calls; });
  EXPECT_FALSE(signal.stopped());
  signal.Stop();
  signal.Stop();
  EXPECT_TRUE(signal.stopped());
  EXPECT_EQ(calls, 1);
}

TEST(StopSignalTest, AWatcherThatComesLateIsCalledAtOnce) {
  StopSignal signal;
  signal.Stop();
  int calls = 0;
  const StopSignal::Watcher watcher(&signal, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST(StopSignalTest, AWatcherThatIsGoneIsNotCalled) {
  StopSignal signal;
  int calls = 0;
  {
    const StopSignal::Watcher watcher(&signal, [&] { ++calls; });
  }
  signal.Stop();
  EXPECT_EQ(calls, 0);
}

TEST(StopSignalTest, NoSignalNeverStops) {
  int calls = 0;
  {
    const StopSignal::Watcher watcher(nullptr, [&] { ++calls; });
  }
  EXPECT_EQ(calls, 0);
}

TEST(StopSignalTest, AWaitEndsWhenAnotherThreadStopsIt) {
  StopSignal signal;
  std::thread other([&] { signal.Stop(); });
  EXPECT_TRUE(signal.WaitFor(std::chrono::hours(1)));
  other.join();
}

TEST(StopSignalTest, AWaitEndsByItself) {
  StopSignal signal;
  EXPECT_FALSE(signal.WaitFor(std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace squall
