#include "daemon/python/lane_engine.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/daemon/python/embedded_python.h"

namespace squall {
namespace {

constexpr double kAtOnce = 1e6;  // users per second

class LaneEngineTest : public EmbeddedPython {
 public:
  ~LaneEngineTest() override {
    if (engine.prepared() && !engine.finished()) {
      engine.Stop("test over", /*immediate=*/true);
      TurnUntil([&] { return engine.finished(); });
    }
  }

 protected:
  LaneEngineTest() {
    Run(R"(
done = []  # class indices of the tasks
wait = 1e-3
def life(handle):
    while handle.begin_task():
        done.append(handle.class_index)
        handle.end_task()
        handle.pause(wait)
def spawn(handle):
    def greenlet():
        try:
            if handle.begin():
                life(handle)
        except gevent.GreenletExit:
            pass
        finally:
            handle.ended()
    return gevent.spawn(greenlet)
)");
    engine.set_kinds({{"First", 1, 0}, {"Second", 1, 0}});
    engine.set_spawner(Py_NewRef(Find("spawn")));
  }

  static Plan PlanOf(uint64_t users, std::optional<Nanos> run_time = std::nullopt) {
    Plan plan;
    plan.load_profile.load = ConstantLoad{users, kAtOnce, run_time};
    return plan;
  }
  absl::Status Prepare(Plan plan) {
    return engine.Prepare(std::move(plan), MakeAssignment(0, 1, 1), RunSettings());
  }
  void Start(Plan plan) {
    ASSERT_TRUE(Prepare(std::move(plan)).ok());
    engine.Start(clock.Now());
  }
  void AwaitUsers(uint64_t users) {
    TurnUntil([&] { return engine.TakeSnapshot().UserCount() == users; });
  }
  void AwaitEnd() {
    TurnUntil([&] { return engine.finished(); });
  }

  std::vector<std::string> told;
  LaneEngine engine{context.get(),
                    &clock,
                    {[this](const std::string& reason) { told.push_back("stopping: " + reason); },
                     [this](const std::string& reason) { told.push_back("finished: " + reason); }}};
};

TEST_F(LaneEngineTest, IsNotPreparedWithoutAUserClassOrASpawner) {
  engine.set_kinds({});
  EXPECT_EQ(Prepare(PlanOf(1)).message(), "the locustfile must have a user class");
  engine.set_kinds({{"First", 1, 0}});
  engine.set_spawner(nullptr);
  EXPECT_EQ(Prepare(PlanOf(1)).message(), "the locustfile must have a user class");
  EXPECT_FALSE(engine.prepared());
  EXPECT_EQ(engine.state(), RunState::kIdle);
}

TEST_F(LaneEngineTest, RefusesArrivals) {
  Plan plan;
  plan.load_profile.load = Arrival{{{std::chrono::seconds(1), 1, 1}}};
  EXPECT_EQ(Prepare(std::move(plan)).message(),
            "a locustfile must have a profile of users, not of arrivals");
}

TEST_F(LaneEngineTest, RefusesASecondRunWhileOneGoesOn) {
  Start(PlanOf(1));
  EXPECT_EQ(Prepare(PlanOf(1)).message(), "a run is going on in this process");
}

TEST_F(LaneEngineTest, StartsTheUsersOfTheProfileAndStopsThem) {
  ASSERT_TRUE(Prepare(PlanOf(3)).ok());
  EXPECT_EQ(engine.state(), RunState::kPrepared);
  engine.Start(clock.Now());
  EXPECT_EQ(engine.state(), RunState::kRunning);
  AwaitUsers(3);
  TurnUntil([&] { return engine.Settled(); });
  TurnUntil([&] { return engine.TakeSnapshot().iterations > 3; });
  engine.Stop("stopped", /*immediate=*/false);
  AwaitEnd();
  EXPECT_EQ(told, (std::vector<std::string>{"stopping: stopped", "finished: stopped"}));
  EXPECT_EQ(engine.TakeSnapshot().UserCount(), 0U);
  EXPECT_EQ(engine.TakeSnapshot().stop_reason, "stopped");
  EXPECT_FALSE(engine.Settled());
}

TEST_F(LaneEngineTest, EndsWithTheProfile) {
  Start(PlanOf(2, std::chrono::milliseconds(20)));
  AwaitEnd();
  EXPECT_EQ(told.back(), "finished: profile finished");
}

TEST_F(LaneEngineTest, IsFinishedOnlyWhenTheCodeAfterTheRunIsThrough) {
  Start(PlanOf(1));
  AwaitUsers(1);
  engine.Stop("stopped", /*immediate=*/false);
  AwaitEnd();
  EXPECT_EQ(engine.state(), RunState::kStopping);
  engine.ReportFinished();
  EXPECT_EQ(engine.state(), RunState::kFinished);
}

TEST_F(LaneEngineTest, FinishesWithoutAUserWhenStoppedBeforeTheStart) {
  ASSERT_TRUE(Prepare(PlanOf(3)).ok());
  engine.Stop("changed my mind", /*immediate=*/true);
  AwaitEnd();
  EXPECT_EQ(told.back(), "finished: changed my mind");
  EXPECT_EQ(Ask("done"), "[]");
}

TEST_F(LaneEngineTest, CommandsBeforeAPlanAreNothing) {
  engine.Start(clock.Now());
  engine.Pause();
  engine.Resume();
  engine.Stop("x", /*immediate=*/true);
  engine.Change(LoadChange());
  EXPECT_FALSE(engine.prepared());
  EXPECT_EQ(engine.Elapsed(), Nanos(0));
}

TEST_F(LaneEngineTest, RunsTheIterationsThatWereAskedFor) {
  Plan plan = PlanOf(3);
  plan.load_profile.iterations = 20;
  Start(std::move(plan));
  AwaitEnd();
  EXPECT_EQ(told.back(), "finished: iterations finished");
  EXPECT_EQ(Ask("len(done)"), "20");
  EXPECT_EQ(engine.TakeSnapshot().iterations, 20U);
}

TEST_F(LaneEngineTest, ARunWhoseUsersHaveAllEndedIsOver) {
  Run("def life(handle): done.append(0)");
  Start(PlanOf(3));
  AwaitEnd();
  EXPECT_EQ(told.back(), "finished: every user has ended");
  EXPECT_EQ(Ask("len(done)"), "3");
}

TEST_F(LaneEngineTest, SharesTheUsersByWeightAndFixedCount) {
  engine.set_kinds({{"Light", 1, 0}, {"Heavy", 3, 0}, {"Fixed", 1, 2}});
  Start(PlanOf(10));
  AwaitUsers(10);
  EXPECT_EQ(engine.TakeSnapshot().users,
            (std::map<std::string, uint64_t>{{"Light", 2}, {"Heavy", 6}, {"Fixed", 2}}));
}

TEST_F(LaneEngineTest, NewUsersAreOfTheAllowedClassesAlone) {
  engine.AllowOnly({"Second"});
  Start(PlanOf(4));
  AwaitUsers(4);
  TurnUntil([&] { return Ask("len(done) > 4") == "True"; });
  EXPECT_EQ(Ask("set(done)"), "{1}");
  engine.AllowOnly({});
  LoadChange more;
  more.since = engine.Elapsed();
  more.users = 10;
  more.spawn_rate = kAtOnce;
  engine.Change(more);
  AwaitUsers(10);
  TurnUntil([&] { return Ask("set(done)") == "{0, 1}"; });
}

TEST_F(LaneEngineTest, AChangeOfLoadTakesUsersAway) {
  Start(PlanOf(8));
  AwaitUsers(8);
  LoadChange fewer;
  fewer.since = engine.Elapsed();
  fewer.users = 2;
  fewer.spawn_rate = kAtOnce;
  engine.Change(fewer);
  AwaitUsers(2);
  EXPECT_TRUE(told.empty());
}

TEST_F(LaneEngineTest, NoTaskBeginsWhileItIsPaused) {
  Start(PlanOf(2));
  AwaitUsers(2);
  engine.Pause();
  Settle();
  EXPECT_EQ(engine.state(), RunState::kPaused);
  const std::string before = Ask("len(done)");
  Settle();
  EXPECT_EQ(Ask("len(done)"), before);
  engine.Resume();
  TurnUntil([&] { return Ask("len(done)") != before; });
  EXPECT_EQ(engine.state(), RunState::kRunning);
}

TEST_F(LaneEngineTest, AnImmediateStopEndsUsersThatDoNotLookAtUs) {
  Run("def life(handle): gevent.sleep(1e6)");
  Start(PlanOf(2));
  AwaitUsers(2);
  engine.Stop("stopped", /*immediate=*/true);
  AwaitEnd();
  EXPECT_EQ(engine.TakeSnapshot().UserCount(), 0U);
}

TEST_F(LaneEngineTest, AStopLetsTasksEndWithinTheStopTimeout) {
  Run("event = gevent.event.Event()\n"
      "def life(handle):\n  event.wait()\n  done.append(handle.stopping)");
  Plan plan = PlanOf(2);
  plan.stop_timeout = std::chrono::hours(1);
  Start(std::move(plan));
  AwaitUsers(2);
  engine.Stop("stopped", /*immediate=*/false);
  Settle();
  EXPECT_FALSE(engine.finished());
  Run("event.set()");
  AwaitEnd();
  EXPECT_EQ(Ask("done"), "[1, 1]");
}

TEST_F(LaneEngineTest, RunsAgainAfterTheEnd) {
  for (int i = 0; i < 3; ++i) {
    told.clear();
    Start(PlanOf(2));
    AwaitUsers(2);
    engine.Stop("stopped", /*immediate=*/false);
    AwaitEnd();
    EXPECT_EQ(told.back(), "finished: stopped");
    engine.ReportFinished();
  }
  Start(PlanOf(2, std::chrono::milliseconds(150)));  // long enough for timers of the former ones
  AwaitEnd();
}

TEST_F(LaneEngineTest, HasStatisticsOutsideOfARun) {
  Recorder* const recorder = context->recorder();
  Sample sample;
  sample.entry = recorder->Intern("GET", "/x");
  recorder->Record(sample, clock.Wall());
  EXPECT_EQ(engine.TakeStatistics().Total().requests, 1U);
}

}  // namespace
}  // namespace squall
