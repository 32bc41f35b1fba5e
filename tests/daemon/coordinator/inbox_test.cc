#include "daemon/coordinator/inbox.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

// Long enough that a test which really waits for it is seen to hang.
constexpr std::chrono::hours kForever{1};

TEST(InboxTest, WorkRunsInOrderOfArrivalOnTheCallersThread) {
  Inbox inbox;
  std::string order;
  std::thread::id ran_on;
  std::thread poster([&] {
    inbox.Post([&] { order += "a"; });
    inbox.Post([&] { order += "b"; });
    inbox.Post([&] { ran_on = std::this_thread::get_id(); });
  });
  poster.join();
  EXPECT_EQ(order, "");
  inbox.RunSome(kForever);
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(InboxTest, NothingIsRunTwice) {
  Inbox inbox;
  int runs = 0;
  inbox.Post([&] { ++runs; });
  inbox.RunSome(kForever);
  inbox.RunSome(std::chrono::nanoseconds(0));
  EXPECT_EQ(runs, 1);
}

TEST(InboxTest, WorkThatPostsWorkDoesNotBlockAndIsFollowedByIt) {
  Inbox inbox;
  std::string order;
  inbox.Post([&] {
    order += "first";
    inbox.Post([&] { order += " second"; });
  });
  inbox.RunSome(kForever);
  EXPECT_EQ(order, "first");
  inbox.RunSome(kForever);
  EXPECT_EQ(order, "first second");
}

TEST(InboxTest, AnEmptyOneGivesUpWhenPatienceEnds) {
  Inbox inbox;
  inbox.RunSome(std::chrono::nanoseconds(1));
}

TEST(InboxTest, WorkFromAnotherThreadEndsTheWait) {
  Inbox inbox;
  bool ran = false;
  std::thread poster([&] { inbox.Post([&] { ran = true; }); });
  inbox.RunSome(kForever);
  poster.join();
  EXPECT_TRUE(ran);
}

TEST(InboxTest, ManyThreadsLoseNothing) {
  Inbox inbox;
  int runs = 0;
  std::vector<std::thread> posters;
  for (int i = 0; i < 4; ++i) {
    posters.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        inbox.Post([&] { ++runs; });
      }
    });
  }
  while (runs < 4000) {
    inbox.RunSome(kForever);
  }
  for (std::thread& poster : posters) {
    poster.join();
  }
  EXPECT_EQ(runs, 4000);
}

}  // namespace
}  // namespace squall
