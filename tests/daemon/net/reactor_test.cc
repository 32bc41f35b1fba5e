#include "daemon/net/reactor.h"

#include <algorithm>
#include <array>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "tests/daemon/net/manual_loop.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<Wake> kDeadlineOnly{Wake::kDeadline};
const std::vector<Wake> kReadyOnly{Wake::kReady};
const std::vector<Wake> kCancelledOnly{Wake::kCancelled};

class ReactorTest : public testing::Test {
 protected:
  TimePoint In(Nanos span) { return loop.clock().Now() + span; }

  ManualLoop loop;
  Reactor* const reactor = loop.reactor();
};

TEST_F(ReactorTest, ATimerEndsAtItsDeadlineAndNotBefore) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(milliseconds(10)));
  loop.Turn(milliseconds(9));
  EXPECT_TRUE(sleeper.wakes.empty());
  loop.Turn(milliseconds(1));
  EXPECT_EQ(sleeper.wakes, kDeadlineOnly);
  EXPECT_FALSE(sleeper.waiter.waiting());
}

TEST_F(ReactorTest, TimersEndInTheOrderOfTheirDeadlines) {
  constexpr int kCount = 300;
  std::vector<int> order;
  struct Timed {
    Waiter waiter;
    Co<void> task;
  };
  std::vector<std::unique_ptr<Timed>> all;
  auto wait = [](Reactor* r, Waiter* waiter, TimePoint at, int id, auto* out) -> Co<void> {
    co_await r->Suspend(waiter, at);
    out->push_back(id);
  };
  // Every deadline from 0 to 299 ms once, in a scattered order.
  for (int i = 0; i < kCount; ++i) {
    const int id = (i * 77) % kCount;
    auto timed = std::make_unique<Timed>();
    timed->task = wait(reactor, &timed->waiter, In(milliseconds(id)), id, &order);
    timed->task.Start();
    all.push_back(std::move(timed));
  }
  loop.Turn(seconds(1));
  ASSERT_EQ(order.size(), size_t{kCount});
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(ReactorTest, ALaterDeadlineSetAfterAnEarlierOneIsKept) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(milliseconds(10)));
  reactor->Resume(&sleeper.waiter);
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
  // The heap still holds the old time; it must not wake the new wait.
  sleeper.Wait(In(milliseconds(50)));
  loop.Turn(milliseconds(20));
  EXPECT_EQ(sleeper.wakes.size(), 1u);
  loop.Turn(milliseconds(29));
  EXPECT_EQ(sleeper.wakes.size(), 1u);
  loop.Turn(milliseconds(1));
  EXPECT_EQ(sleeper.wakes, (std::vector<Wake>{Wake::kReady, Wake::kDeadline}));
}

TEST_F(ReactorTest, AnEarlierDeadlineSetAfterALaterOneIsMet) {
  Sleeper sleeper(&loop);
  Sleeper other(&loop);
  other.Wait(In(milliseconds(50)));
  sleeper.Wait(In(milliseconds(100)));
  reactor->Resume(&sleeper.waiter);
  loop.Turn();
  sleeper.Wait(In(milliseconds(5)));
  loop.Turn(milliseconds(5));
  EXPECT_EQ(sleeper.wakes, (std::vector<Wake>{Wake::kReady, Wake::kDeadline}));
  EXPECT_TRUE(other.wakes.empty());
}

TEST_F(ReactorTest, AWaitWithoutADeadlineIsNotEndedByTheLastOnes) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(milliseconds(10)));
  reactor->Resume(&sleeper.waiter);
  loop.Turn();
  sleeper.Wait(Reactor::kNever);
  loop.Turn(seconds(10));
  EXPECT_TRUE(sleeper.waiter.waiting());
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
}

// A reference implementation over thousands of random steps: set, wake early, let time pass.
TEST_F(ReactorTest, ManyTimersBehaveAsAListOfDeadlines) {
  const uint64_t seed = 20'240'601;
  SCOPED_TRACE(seed);
  Rng rng(seed);
  struct Model {
    std::unique_ptr<Sleeper> sleeper;
    TimePoint deadline = Reactor::kNever;
  };
  std::vector<Model> models;
  for (int i = 0; i < 50; ++i) {
    models.push_back({std::make_unique<Sleeper>(&loop), Reactor::kNever});
  }
  for (int step = 0; step < 5'000; ++step) {
    Model& model = models[rng.Below(models.size())];
    Sleeper& sleeper = *model.sleeper;
    if (!sleeper.waiter.waiting()) {
      sleeper.wakes.clear();
      model.deadline = In(milliseconds(1 + rng.Below(100)));
      sleeper.Wait(model.deadline);
    } else if (rng.Below(2) == 0) {
      reactor->Resume(&sleeper.waiter);
      loop.Turn();
      ASSERT_EQ(sleeper.wakes, kReadyOnly) << step;
    } else {
      loop.Turn(milliseconds(rng.Below(5)));
      for (const Model& each : models) {
        if (each.sleeper->waiter.waiting()) {
          ASSERT_GT(each.deadline, loop.clock().Now()) << step;
        } else if (!each.sleeper->wakes.empty() && each.sleeper->wakes.back() == Wake::kDeadline) {
          ASSERT_LE(each.deadline, loop.clock().Now()) << step;
        }
      }
    }
  }
}

TEST_F(ReactorTest, ResumeWakesOnceAndOnlyWhoWaits) {
  Sleeper sleeper(&loop);
  reactor->Resume(&sleeper.waiter);
  sleeper.Wait(Reactor::kNever);
  EXPECT_TRUE(sleeper.waiter.waiting()) << "a Resume before the wait must not count";
  reactor->Resume(&sleeper.waiter);
  reactor->Resume(&sleeper.waiter);
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
}

TEST_F(ReactorTest, CancelWakesAndStaysInForceUntilRearm) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(seconds(1)));
  reactor->Cancel(&sleeper.waiter);
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kCancelledOnly);
  sleeper.Wait(In(seconds(1)));
  EXPECT_EQ(sleeper.wakes, (std::vector<Wake>{Wake::kCancelled, Wake::kCancelled}));
  reactor->Rearm(&sleeper.waiter);
  sleeper.Wait(In(seconds(1)));
  EXPECT_TRUE(sleeper.waiter.waiting());
  loop.Turn(seconds(1));
  EXPECT_EQ(sleeper.wakes.back(), Wake::kDeadline);
}

TEST_F(ReactorTest, ACancelThatComesAfterTheWakeStillCancels) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(seconds(1)));
  reactor->Resume(&sleeper.waiter);
  reactor->Cancel(&sleeper.waiter);
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kCancelledOnly);
}

TEST_F(ReactorTest, AForgottenWaiterMayDieWithItsTimerStillInTheHeap) {
  auto first = std::make_unique<Sleeper>(&loop);
  Sleeper second(&loop);
  first->Wait(In(milliseconds(1)));
  second.Wait(In(milliseconds(2)));
  reactor->Resume(&first->waiter);
  loop.Turn();
  first.reset();  // forgets
  loop.Turn(milliseconds(2));
  EXPECT_EQ(second.wakes, kDeadlineOnly);
}

// A wait for "now" is a way to let the others run. If it were answered in the same turn, two such
// coroutines would never let the loop read its mailbox again, and Turn would not come back.
TEST_F(ReactorTest, WaitingForNowGivesTheTurnAway) {
  struct State {
    Waiter waiter;
    int rounds = 0;
    bool stop = false;
  } state;
  auto spin = [](Reactor* r, State* s) -> Co<void> {
    while (!s->stop) {
      co_await r->Suspend(&s->waiter, r->now());
      ++s->rounds;
    }
  };
  Co<void> task = spin(reactor, &state);
  task.Start();
  loop.Turn();
  EXPECT_EQ(state.rounds, 1);
  loop.Turn();
  EXPECT_EQ(state.rounds, 2);
  state.stop = true;
  loop.Turn();
  EXPECT_TRUE(task.Done());
}

TEST_F(ReactorTest, ToldHowLateEveryTimerWasRun) {
  std::vector<Nanos> lags;
  reactor->set_on_lag([&lags](Nanos lag) { lags.push_back(lag); });
  Sleeper punctual(&loop);
  Sleeper late(&loop);
  Sleeper woken(&loop);
  punctual.Wait(In(milliseconds(5)));
  loop.Turn(milliseconds(5));
  late.Wait(In(milliseconds(10)));
  woken.Wait(In(milliseconds(10)));
  reactor->Resume(&woken.waiter);
  loop.Turn(milliseconds(25));
  EXPECT_EQ(lags, (std::vector<Nanos>{milliseconds(0), milliseconds(15)}));
}

TEST_F(ReactorTest, TimeStandsStillWithinATurn) {
  loop.Turn(milliseconds(1));
  const TimePoint before = reactor->now();
  loop.clock().Advance(milliseconds(5));
  EXPECT_EQ(reactor->now(), before);
  EXPECT_EQ(reactor->Fresh(), before + milliseconds(5));
  loop.Turn();
  EXPECT_EQ(reactor->now(), before + milliseconds(5));
}

TEST_F(ReactorTest, CivilTimeFollowsTheTurn) {
  loop.Turn(milliseconds(1));
  EXPECT_EQ(reactor->wall(), loop.clock().Wall());
  loop.Turn(seconds(90));
  EXPECT_EQ(reactor->wall(), loop.clock().Wall());
}

TEST_F(ReactorTest, PostedWorkRunsInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    reactor->Post([&order, i] { order.push_back(i); });
  }
  loop.Turn();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(ReactorTest, WorkPostedByPostedWorkRunsToo) {
  bool ran = false;
  reactor->Post([this, &ran] { reactor->Post([&ran] { ran = true; }); });
  EXPECT_TRUE(loop.TurnUntil([&ran] { return ran; }));
}

TEST(ReactorThreadsTest, ManyThreadsPostAndNothingIsLost) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2'000;
  SystemClock clock;
  auto reactor = *Reactor::Make(&clock);
  int sum = 0;  // touched on the loop only
  std::thread runner([&reactor] { reactor->Run(); });
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        reactor->Post([&sum] { ++sum; });
      }
    });
  }
  for (std::thread& poster : posters) {
    poster.join();
  }
  reactor->Stop();
  runner.join();
  EXPECT_EQ(sum, kThreads * kEach);
}

TEST(ReactorThreadsTest, CanRunAgainAfterAStop) {
  SystemClock clock;
  auto reactor = *Reactor::Make(&clock);
  int runs = 0;
  for (int i = 0; i < 2; ++i) {
    reactor->Post([&runs] { ++runs; });
    reactor->Stop();
    reactor->Run();
  }
  EXPECT_EQ(runs, 2);
}

// A connected pair; `ours` is watched, `theirs` is the peer.
class ReactorEdgeTest : public ReactorTest {
 public:
  ~ReactorEdgeTest() override {
    reactor->Unregister(&watch);
    close(watch.fd);
    if (theirs >= 0) {
      close(theirs);
    }
  }

 protected:
  ReactorEdgeTest() {
    std::array<int, 2> pair{};
    SQUALL_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
    watch.fd = pair[0];
    theirs = pair[1];
    EXPECT_TRUE(reactor->Register(&watch).ok());
    loop.Turn();  // the first edge: writable
  }
  void Send(size_t bytes) {
    const std::vector<char> data(bytes, 'x');
    ASSERT_EQ(write(theirs, data.data(), bytes), static_cast<ssize_t>(bytes));
  }
  size_t Drain() {
    std::array<char, 4096> buffer{};
    const ssize_t got = read(watch.fd, buffer.data(), buffer.size());
    return got < 0 ? 0 : static_cast<size_t>(got);
  }

  FdWatch watch;
  int theirs = -1;
};

TEST_F(ReactorEdgeTest, ANewSocketIsWritableAndNotReadable) {
  EXPECT_TRUE(watch.writable);
  EXPECT_FALSE(watch.readable);
  EXPECT_FALSE(watch.hung_up);
}

TEST_F(ReactorEdgeTest, AnEdgeIsToldOnceUntilNewDataComes) {
  Send(10);
  loop.Turn();
  EXPECT_TRUE(watch.readable);
  watch.readable = false;
  loop.Turn();
  EXPECT_FALSE(watch.readable) << "unread data alone makes no second edge";
  Send(1);
  loop.Turn();
  EXPECT_TRUE(watch.readable);
}

TEST_F(ReactorEdgeTest, AReaderIsWokenAndTakenOff) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(seconds(1)));
  watch.reader = &sleeper.waiter;
  Send(3);
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
  EXPECT_EQ(watch.reader, nullptr);
  EXPECT_EQ(Drain(), 3u);
}

TEST_F(ReactorEdgeTest, AWriterIsWokenWhenTheBufferHasRoomAgain) {
  const std::vector<char> block(4096, 'x');
  while (write(watch.fd, block.data(), block.size()) > 0) {
  }
  loop.Turn();
  watch.writable = false;
  Sleeper sleeper(&loop);
  sleeper.Wait(In(seconds(1)));
  watch.writer = &sleeper.waiter;
  loop.Turn();
  EXPECT_TRUE(sleeper.wakes.empty());
  std::vector<char> sink(1 << 20);
  while (read(theirs, sink.data(), sink.size()) > 0) {
  }
  loop.Turn();
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
  EXPECT_TRUE(watch.writable);
}

TEST_F(ReactorEdgeTest, APeerThatClosesIsAHangUpAndReadable) {
  close(theirs);
  theirs = -1;
  loop.Turn();
  EXPECT_TRUE(watch.hung_up);
  EXPECT_TRUE(watch.readable);
  EXPECT_EQ(Drain(), 0u);
}

TEST_F(ReactorEdgeTest, APeerThatOnlyStopsWritingIsAHangUpToo) {
  shutdown(theirs, SHUT_WR);
  loop.Turn();
  EXPECT_TRUE(watch.hung_up);
}

TEST_F(ReactorEdgeTest, DataThatComesInTheTurnOfTheDeadlineWins) {
  Sleeper sleeper(&loop);
  sleeper.Wait(In(milliseconds(1)));
  watch.reader = &sleeper.waiter;
  Send(1);
  loop.Turn(milliseconds(1));
  EXPECT_EQ(sleeper.wakes, kReadyOnly);
}

// Two descriptors become ready in one turn, and whoever is woken first closes the other: the event
// of the closed one must be skipped, its watch may be gone (AddressSanitizer would tell).
TEST_F(ReactorTest, AnEventOfAWatchThatWasJustUnregisteredIsSkipped) {
  struct End {
    std::unique_ptr<FdWatch> watch = std::make_unique<FdWatch>();
    int peer = -1;
    Waiter waiter;
    Co<void> task;
    bool woken = false;
  };
  std::array<End, 2> ends;
  auto close_other = [](Reactor* r, End* own, End* other) -> Co<void> {
    const Wake wake = co_await r->Suspend(&own->waiter, Reactor::kNever);
    if (wake == Wake::kReady && other->watch != nullptr) {
      own->woken = true;
      r->Unregister(other->watch.get());
      close(other->watch->fd);
      other->watch.reset();
    }
  };
  for (End& end : ends) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    end.watch->fd = pair[0];
    end.peer = pair[1];
    ASSERT_TRUE(reactor->Register(end.watch.get()).ok());
  }
  loop.Turn();
  for (size_t i = 0; i < ends.size(); ++i) {
    ends[i].task = close_other(reactor, &ends[i], &ends[1 - i]);
    ends[i].task.Start();
    ends[i].watch->reader = &ends[i].waiter;
    ASSERT_EQ(write(ends[i].peer, "x", 1), 1);
  }
  loop.Turn();
  EXPECT_EQ(int{ends[0].woken} + int{ends[1].woken}, 1);
  for (End& end : ends) {
    reactor->Cancel(&end.waiter);
  }
  loop.Turn();
  for (End& end : ends) {
    EXPECT_TRUE(end.task.Done());
    close(end.peer);
    if (end.watch != nullptr) {
      reactor->Unregister(end.watch.get());
      close(end.watch->fd);
    }
  }
}

TEST_F(ReactorTest, ADescriptorThatCannotBeWatchedIsAnError) {
  FdWatch watch;
  watch.fd = -1;
  const absl::Status status = reactor->Register(&watch);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "epoll_ctl: Bad file descriptor");
}

// A loop inside another one, on the real clock: the alarm is the kernel's.
class NestedReactorTest : public testing::Test {
 protected:
  NestedReactorTest() {
    auto made = Reactor::Make(&clock);
    reactor = *std::move(made);
    EXPECT_TRUE(reactor->Nest().ok());
  }
  // False when nothing came in `patience`.
  bool WaitReadable(milliseconds patience) {
    pollfd descriptor{reactor->fd(), POLLIN, 0};
    return poll(&descriptor, 1, static_cast<int>(patience.count())) == 1;
  }
  // As the other loop does, until the sleeper has woken or nothing is to come.
  void TurnUntil(const std::vector<Wake>& wakes) {
    while (wakes.empty() && WaitReadable(seconds(10))) {
      reactor->Turn();
    }
  }
  static Co<void> Sleep(Reactor* loop, Waiter* waiter, TimePoint at, std::vector<Wake>* wakes) {
    wakes->push_back(co_await loop->Suspend(waiter, at));
  }

  const SystemClock clock;
  std::unique_ptr<Reactor> reactor;
  Waiter waiter;
  std::vector<Wake> wakes;
  Co<void> task;
};

TEST_F(NestedReactorTest, ADeadlineMakesItsDescriptorReadable) {
  const TimePoint at = clock.Now() + milliseconds(5);
  task = Sleep(reactor.get(), &waiter, at, &wakes);
  task.Start();
  TurnUntil(wakes);
  EXPECT_EQ(wakes, kDeadlineOnly);
  EXPECT_GE(clock.Now(), at);
}

TEST_F(NestedReactorTest, AnEarlierDeadlineMovesTheAlarmForward) {
  Waiter late;
  std::vector<Wake> late_wakes;
  Co<void> later = Sleep(reactor.get(), &late, clock.Now() + std::chrono::hours(1), &late_wakes);
  later.Start();
  task = Sleep(reactor.get(), &waiter, clock.Now() + milliseconds(5), &wakes);
  task.Start();
  TurnUntil(wakes);
  EXPECT_EQ(wakes, kDeadlineOnly);
  EXPECT_TRUE(late_wakes.empty());
  reactor->Cancel(&late);
  TurnUntil(late_wakes);
  EXPECT_EQ(late_wakes, kCancelledOnly);
}

TEST_F(NestedReactorTest, WhatIsResumedFromOutsideOfATurnGetsOne) {
  task = Sleep(reactor.get(), &waiter, Reactor::kNever, &wakes);
  task.Start();
  reactor->Resume(&waiter);
  TurnUntil(wakes);
  EXPECT_EQ(wakes, kReadyOnly);
}

TEST_F(NestedReactorTest, WhatIsPostedGetsATurn) {
  bool ran = false;
  reactor->Post([&] { ran = true; });
  ASSERT_TRUE(WaitReadable(seconds(10)));
  reactor->Turn();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace squall
