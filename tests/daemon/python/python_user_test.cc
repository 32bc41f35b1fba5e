#include "daemon/python/python_user.h"

#include <memory>
#include <string>

#include "daemon/python/user_handle.h"
#include "tests/daemon/python/python_host.h"

namespace squall {
namespace {

class PythonUserTest : public EmbeddedPython {
 public:
  ~PythonUserTest() override {
    if (user != nullptr && !user->ended()) {
      user->Abort();
      TurnUntil([&] { return user->ended(); });
    }
  }

 protected:
  PythonUserTest() {
    Run(R"(
said = []
def spawn(handle):
    def life():
        try:
            if handle.begin():
                said.append('begun')
                body(handle)
        except gevent.GreenletExit:
            said.append('exit')
        finally:
            handle.ended()
    global greenlet
    greenlet = gevent.spawn(life)
    return greenlet

def tasks(handle):
    while handle.begin_task():
        said.append('task')
        handle.end_task()
        handle.pause(0)

def long_pause(handle):
    handle.pause(1e9)
    said.append('not reached')
)");
    LetFunction("wait", [this](PyObject*) -> PyObject* {
      return request->Wait() ? Py_NewRef(Py_None) : nullptr;
    });
  }

  // A user whose life is the function of that name, after its first steps.
  void Start(const std::string& body) {
    Run("body = " + body);
    Make();
    user->Start();
    Settle();
  }
  void Make() { user = std::make_unique<PythonUser>(&host, hub.get(), Find("spawn"), 7, 2); }
  void AwaitEnd() {
    TurnUntil([&] { return user->ended(); });
  }

  PythonHost host{reactor.get()};
  std::unique_ptr<GreenletWait> request = std::make_unique<GreenletWait>(hub.get());
  std::unique_ptr<PythonUser> user;
};

TEST_F(PythonUserTest, TellsItsHostOnceThatItHasEnded) {
  Start("lambda handle: (handle.ended(), handle.ended())");
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host.ended.size(), 1U);
  EXPECT_EQ(user->number(), 7U);
  EXPECT_EQ(user->class_index(), 2U);
}

TEST_F(PythonUserTest, ASpawnerThatRaisesIsATaskErrorAndTheEnd) {
  testing::internal::CaptureStderr();
  Run("def spawn(handle): raise ValueError('no greenlet')");
  Make();
  user->Start();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("no greenlet"), std::string::npos);
  EXPECT_TRUE(user->ended());
  EXPECT_EQ(host.Recorded().task_errors.size(), 1U);
}

TEST_F(PythonUserTest, RunsTasksWhileThereAreIterations) {
  host.budget = 3;
  Start("tasks");
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 'task', 'task', 'task']");
  EXPECT_EQ(host.iterations, 3U);
}

TEST_F(PythonUserTest, DoesNotBeginWhenItWasStoppedBefore) {
  Run("body = tasks");
  Make();
  user->Start();
  user->RequestStop(/*finish_task=*/true);
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "[]");
}

TEST_F(PythonUserTest, DoesNotBeginWhenItWasAbortedBefore) {
  Run("body = tasks");
  Make();
  user->Start();
  user->Abort();
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "[]");
}

TEST_F(PythonUserTest, HoldsBeforeATaskWhileTheRunIsPaused) {
  host.is_paused = true;
  host.budget = 1;
  Start("tasks");
  EXPECT_EQ(Ask("said"), "['begun']");
  user->Nudge();
  Settle();
  EXPECT_EQ(Ask("said"), "['begun']");
  host.is_paused = false;
  user->Nudge();
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 'task']");
}

TEST_F(PythonUserTest, ANudgeDoesNotShortenAPauseOfItsOwn) {
  Start("long_pause");
  user->Nudge();
  Settle();
  EXPECT_FALSE(user->ended());
}

TEST_F(PythonUserTest, AStopEndsTheHoldingOfAPausedRun) {
  host.is_paused = true;
  Start("tasks");
  user->RequestStop(/*finish_task=*/true);
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun']");
}

TEST_F(PythonUserTest, AStopEndsAPauseOfAnyKind) {
  for (const bool finish_task : {true, false}) {
    Run("said.clear()");
    Start("long_pause");
    user->RequestStop(finish_task);
    AwaitEnd();
    EXPECT_EQ(Ask("said"), "['begun', 'exit']") << finish_task;
  }
}

TEST_F(PythonUserTest, AGentleStopLetsATaskSleepAsGeventDoes) {
  Run("event = gevent.event.Event()"
      "\n"
      "def task(handle):\n  event.wait()\n  said.append(handle.stopping)");
  Start("task");
  user->RequestStop(/*finish_task=*/true);
  Settle();
  EXPECT_FALSE(user->ended());
  Run("event.set()");
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 1]");
}

TEST_F(PythonUserTest, AnUrgentStopThrowsItOutOfWhatGeventWaitsFor) {
  Start("lambda handle: gevent.sleep(1e6)");
  user->RequestStop(/*finish_task=*/false);
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 'exit']");
}

TEST_F(PythonUserTest, AnUrgentStopLetsARequestEnd) {
  Start("lambda handle: (wait(), said.append(handle.stopping))");
  user->RequestStop(/*finish_task=*/false);
  Settle();
  EXPECT_FALSE(user->ended());
  request->Wake();
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 2]");
}

TEST_F(PythonUserTest, AnAbortThrowsItOutOfARequest) {
  Start("lambda handle: wait()");
  user->Abort();
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 'exit']");
}

TEST_F(PythonUserTest, AStopGrowsMoreUrgentButNotLess) {
  Run("event = gevent.event.Event()");
  Start("lambda handle: wait()");
  user->RequestStop(true);
  EXPECT_EQ(user->stopping(), 1);
  user->RequestStop(false);
  EXPECT_EQ(user->stopping(), 2);
  user->RequestStop(true);
  EXPECT_EQ(user->stopping(), 2);
}

TEST_F(PythonUserTest, OnStopIsShieldedFromAStopButNotFromAnAbort) {
  Run("def life(handle):\n"
      "  handle.begin_on_stop()\n"
      "  said.append(handle.stopping)\n"
      "  handle.pause(0.001)\n"
      "  said.append('paused')\n"
      "  handle.pause(1e9)");
  Start("life");
  user->RequestStop(/*finish_task=*/false);
  TurnUntil([&] { return Ask("said[-1]") == "paused"; });
  EXPECT_EQ(user->stopping(), 0);
  user->Abort();
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 0, 'paused', 'exit']");
}

TEST_F(PythonUserTest, AUserThatWasStoppedMayPauseInItsOnStop) {
  Run("def life(handle):\n"
      "  try: handle.pause(1e9)\n"
      "  except gevent.GreenletExit: pass\n"
      "  handle.begin_on_stop()\n"
      "  handle.pause(0.001)\n"
      "  said.append('paused')");
  Start("life");
  user->RequestStop(/*finish_task=*/false);
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun', 'paused']");
}

TEST_F(PythonUserTest, TakesAnyNumberOfSecondsForAPause) {
  Start("lambda handle: [handle.pause(s) for s in (0, -1, float('nan'), -float('inf'))]");
  AwaitEnd();
  EXPECT_EQ(Ask("said"), "['begun']");
}

TEST_F(PythonUserTest, AKillByPythonCodeEndsItToo) {
  Start("long_pause");
  Run("greenlet.kill()");
  EXPECT_TRUE(user->ended());
}

TEST_F(PythonUserTest, ItsNextRequestIsDueWhenTheScheduleSaysSo) {
  Start("lambda handle: (handle.begin_task(), handle.intended(2), wait(), handle.end_task())");
  const TimePoint before = reactor->Fresh();
  const std::optional<TimePoint> intended = user->TakeIntended();
  ASSERT_TRUE(intended.has_value());
  EXPECT_LE(*intended, before - std::chrono::seconds(2));
  EXPECT_FALSE(user->TakeIntended().has_value());
  user->SetIntended(-1);
  EXPECT_FALSE(user->TakeIntended().has_value());
  user->SetIntended(1);
  request->Wake();
  AwaitEnd();
  EXPECT_FALSE(user->TakeIntended().has_value());  // that task is over
}

}  // namespace
}  // namespace squall
