#include "daemon/base/stop_signals.h"

#include <pthread.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(StopSignalsTest, WaitForWhoeverTakesThem) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  const sigset_t signals = BlockStopSignals();
  for (const int expected : {SIGTERM, SIGINT}) {
    ASSERT_EQ(pthread_kill(pthread_self(), expected), 0);
    int number = 0;
    ASSERT_EQ(sigwait(&signals, &number), 0);
    EXPECT_EQ(number, expected);
  }
  EXPECT_EQ(raise(SIGPIPE), 0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace squall
