#include "operator/controller/controller.h"

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "daemon/telemetry/event_log.h"
#include "tests/operator/controller/some_keys.h"

namespace squall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class FakeReconciler final : public Reconciler {
 public:
  std::function<absl::StatusOr<ReconcileResult>(const ObjectKey&)> answer;
  std::atomic<int> calls = 0;

  absl::StatusOr<ReconcileResult> Reconcile(const ObjectKey& key) override {
    ++calls;
    return answer ? answer(key) : ReconcileResult{};
  }
};

class ControllerTest : public testing::Test {
 protected:
  ControllerOptions Options() {
    ControllerOptions options;
    options.queue.retry_jitter = 0;
    options.log = &log_;
    return options;
  }
  // One pass over kA that ends so; how long until the next one (max: never).
  Nanos NextAfter(absl::StatusOr<ReconcileResult> result) {
    reconciler_.answer = [result](const ObjectKey&) { return result; };
    controller_.queue().Add(kA);
    EXPECT_TRUE(controller_.RunOne());
    const std::optional<TimePoint> due = controller_.queue().NextDue();
    return due.has_value() ? *due - clock_.Now() : Nanos::max();
  }

  ManualClock clock_;
  FakeReconciler reconciler_;
  std::ostringstream logged_;
  EventLog log_{LogFormat::kText, LogLevel::kInfo, &logged_};
  Controller controller_{Options(), &reconciler_, &clock_};
};

TEST_F(ControllerTest, ASuccessIsTheEndOfIt) {
  EXPECT_EQ(NextAfter(ReconcileResult{}), Nanos::max());
  EXPECT_EQ(controller_.Stats().succeeded, 1U);
  EXPECT_FALSE(controller_.RunOne());
  EXPECT_EQ(logged_.str(), "");
}

TEST_F(ControllerTest, APassMayAskForAnotherLook) {
  EXPECT_EQ(NextAfter(ReconcileResult{seconds(15)}), seconds(15));
  EXPECT_EQ(controller_.Stats().requeued_after, 1U);
  clock_.Advance(seconds(15));
  EXPECT_TRUE(controller_.RunOne());
}

TEST_F(ControllerTest, AnErrorIsTriedAgainLessAndLessOften) {
  EXPECT_EQ(NextAfter(absl::UnavailableError("down")), milliseconds(5));
  EXPECT_EQ(NextAfter(absl::UnavailableError("down")), milliseconds(10));
  EXPECT_EQ(controller_.Stats().failed, 2U);
  EXPECT_EQ(controller_.Stats().terminal, 0U);
  EXPECT_NE(logged_.str().find("team/a"), std::string::npos);
  EXPECT_NE(logged_.str().find("down"), std::string::npos);
}

TEST_F(ControllerTest, ASuccessForgetsTheErrorsBefore) {
  NextAfter(absl::UnavailableError("down"));
  NextAfter(ReconcileResult{seconds(1)});
  EXPECT_EQ(NextAfter(absl::UnavailableError("down")), milliseconds(5));
}

TEST_F(ControllerTest, AConflictIsTriedAgainAndIsNoError) {
  EXPECT_EQ(NextAfter(absl::AbortedError("conflict")), milliseconds(5));
  EXPECT_EQ(controller_.Stats().requeued, 1U);
  EXPECT_EQ(controller_.Stats().failed, 0U);
  EXPECT_EQ(logged_.str(), "");
}

TEST_F(ControllerTest, ATerminalErrorWaitsForAChange) {
  EXPECT_EQ(NextAfter(TerminalError(absl::InvalidArgumentError("bad plan"))), Nanos::max());
  EXPECT_EQ(controller_.Stats().failed, 1U);
  EXPECT_EQ(controller_.Stats().terminal, 1U);
  EXPECT_EQ(controller_.queue().Failures(kA), 0);
}

TEST_F(ControllerTest, AnExceptionIsAnErrorAndNoEnd) {
  reconciler_.answer = [](const ObjectKey&) -> absl::StatusOr<ReconcileResult> {
    throw std::runtime_error("a bug");
  };
  controller_.queue().Add(kA);
  EXPECT_TRUE(controller_.RunOne());
  EXPECT_EQ(controller_.Stats().panics, 1U);
  EXPECT_EQ(controller_.Stats().failed, 1U);
  EXPECT_NE(logged_.str().find("a bug"), std::string::npos);
  EXPECT_TRUE(controller_.queue().NextDue().has_value());
}

TEST_F(ControllerTest, AChangeDuringAPassBringsAnotherPass) {
  reconciler_.answer = [this](const ObjectKey& key) {
    if (reconciler_.calls == 1) {
      controller_.queue().Add(key);
    }
    return ReconcileResult{};
  };
  controller_.queue().Add(kA);
  EXPECT_TRUE(controller_.RunOne());
  EXPECT_TRUE(controller_.RunOne());
  EXPECT_FALSE(controller_.RunOne());
}

TEST_F(ControllerTest, CountsTimeAndSlowPasses) {
  reconciler_.answer = [this](const ObjectKey&) {
    EXPECT_EQ(controller_.Stats().active, 1);
    clock_.Advance(seconds(61));
    return ReconcileResult{};
  };
  controller_.queue().Add(kA);
  controller_.RunOne();
  const ControllerStats stats = controller_.Stats();
  EXPECT_EQ(stats.timeouts, 1U);
  EXPECT_DOUBLE_EQ(stats.pass_time.sum(), 61);
  EXPECT_EQ(stats.active, 0);
  EXPECT_EQ(stats.workers, 4);
}

// Real workers, on real time.
class ControllerThreadsTest : public testing::Test {
 protected:
  static ControllerOptions Workers(int count) {
    ControllerOptions options;
    options.workers = count;
    return options;
  }

  const SystemClock clock_;
  FakeReconciler reconciler_;
};

TEST_F(ControllerThreadsTest, RunsAsManyPassesAtOnceAsItHasWorkersAndNoMore) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  reconciler_.answer = [&](const ObjectKey&) {
    const int active = ++now;
    for (int seen = most; seen < active && !most.compare_exchange_weak(seen, active);) {
    }
    while (most < 3) {  // until all three have come
      std::this_thread::yield();
    }
    --now;
    ++done;
    return ReconcileResult{};
  };
  Controller controller(Workers(3), &reconciler_, &clock_);
  for (int i = 0; i < 50; ++i) {
    controller.queue().Add({"team", std::to_string(i)});
  }
  controller.Start();
  while (done < 50) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(controller.Stop(hours(1)));
  EXPECT_EQ(most, 3);
}

TEST_F(ControllerThreadsTest, OneObjectsPassDoesNotHoldUpAnother) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> other_done;
  reconciler_.answer = [&](const ObjectKey& key) {
    if (key == kA) {
      released.wait();
    } else {
      other_done.set_value();
    }
    return ReconcileResult{};
  };
  Controller controller(Workers(2), &reconciler_, &clock_);
  controller.Start();
  controller.queue().Add(kA);
  controller.queue().Add(kB);
  other_done.get_future().wait();
  release.set_value();
  EXPECT_TRUE(controller.Stop(hours(1)));
}

TEST_F(ControllerThreadsTest, StopLetsAPassEndAndStartsNoOther) {
  std::promise<void> entered;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  reconciler_.answer = [&](const ObjectKey&) {
    entered.set_value();
    released.wait();
    return ReconcileResult{};
  };
  Controller controller(Workers(1), &reconciler_, &clock_);
  controller.queue().Add(kA);
  controller.queue().Add(kB);
  controller.Start();
  entered.get_future().wait();
  EXPECT_FALSE(controller.Stop(Nanos(0))) << "one is under way";
  release.set_value();
  EXPECT_TRUE(controller.Stop(hours(1)));
  EXPECT_EQ(reconciler_.calls, 1);
}

TEST_F(ControllerThreadsTest, NothingIsLookedAtBeforeStart) {
  Controller controller(Workers(2), &reconciler_, &clock_);
  controller.queue().Add(kA);
  EXPECT_TRUE(controller.Stop(hours(1)));
  EXPECT_EQ(reconciler_.calls, 0);
}

TEST_F(ControllerThreadsTest, WorkersWaitUntilTheCachesAreFilled) {
  std::atomic<int> asked = 0;
  std::atomic<bool> ready = false;
  reconciler_.answer = [&](const ObjectKey&) {
    EXPECT_TRUE(ready);
    return ReconcileResult{};
  };
  ControllerOptions options = Workers(2);
  options.ready = [&] {
    ++asked;
    return ready.load();
  };
  Controller controller(options, &reconciler_, &clock_);
  controller.queue().Add(kA);
  controller.Start();
  while (asked < 3) {
    std::this_thread::yield();
  }
  EXPECT_EQ(reconciler_.calls, 0);
  ready = true;
  while (reconciler_.calls == 0) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(controller.Stop(hours(1)));
}

TEST_F(ControllerThreadsTest, StopsThoughTheCachesWereNeverFilled) {
  ControllerOptions options = Workers(2);
  options.ready = [] { return false; };
  Controller controller(options, &reconciler_, &clock_);
  controller.queue().Add(kA);
  controller.Start();
  EXPECT_TRUE(controller.Stop(hours(1)));
  EXPECT_EQ(reconciler_.calls, 0);
}

TEST_F(ControllerThreadsTest, IsUnhealthyWhenNoWorkerComesRound) {
  ManualClock clock;
  std::promise<void> entered;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  reconciler_.answer = [&](const ObjectKey&) {
    entered.set_value();
    released.wait();
    return ReconcileResult{};
  };
  Controller controller(Workers(1), &reconciler_, &clock);
  clock.Advance(hours(1));
  EXPECT_TRUE(controller.Healthy()) << "a standby's workers have not started";
  controller.queue().Add(kA);
  controller.Start();
  entered.get_future().wait();
  clock.Advance(minutes(2) - Nanos(1));
  EXPECT_TRUE(controller.Healthy());
  clock.Advance(Nanos(1));
  EXPECT_FALSE(controller.Healthy());
  release.set_value();
  EXPECT_TRUE(controller.Stop(hours(1)));
  EXPECT_TRUE(controller.Healthy()) << "stopping is not being stuck";
}

}  // namespace
}  // namespace squall
