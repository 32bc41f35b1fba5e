#include "daemon/python/gevent_hub.h"

#include <memory>
#include <string>
#include <vector>

#include "daemon/net/co.h"
#include "daemon/python/greenlet_wait.h"
#include "tests/daemon/python/embedded_python.h"

namespace squall {
namespace {

class GeventHubTest : public EmbeddedPython {
 public:
  ~GeventHubTest() override { LeaveTurn(); }

 protected:
  GeventHubTest() {
    // wait(i): "woken", or what was thrown into it.
    LetFunction("wait", [this](PyObject* arguments) -> PyObject* {
      const auto index = static_cast<size_t>(PyLong_AsLong(PyTuple_GetItem(arguments, 0)));
      return waits.at(index)->Wait() ? PyUnicode_FromString("woken") : nullptr;
    });
    LetFunction("wake", [this](PyObject* arguments) -> PyObject* {
      waits.at(static_cast<size_t>(PyLong_AsLong(PyTuple_GetItem(arguments, 0))))->Wake();
      Py_RETURN_NONE;
    });
    Run(R"(
results = {}
def body(i):
    try:
        results[i] = wait(i)
    except BaseException as error:
        results[i] = repr(error)
)");
    for (int i = 0; i < 3; ++i) {
      waits.push_back(std::make_unique<GreenletWait>(hub.get()));
    }
  }

  // A greenlet that waits for the wait of that number.
  void Spawn(int index) {
    const std::string number = std::to_string(index);
    Run("g" + number + " = gevent.spawn(body, " + number + ")\ngevent.sleep(0)");
  }

  std::vector<std::unique_ptr<GreenletWait>> waits;
};

TEST_F(GeventHubTest, AWaitThatWasWokenBeforeIsOverAtOnce) {
  waits[0]->Wake();
  const uint64_t turns = hub->turns();
  EXPECT_TRUE(waits[0]->Wait());
  EXPECT_EQ(hub->turns(), turns);
}

TEST_F(GeventHubTest, AWaitEndsAfterTheTurnThatWakesIt) {
  bool waiting = false;
  reactor->Post([&] {
    waiting = waits[0]->waiting();
    waits[0]->Wake();
  });
  EXPECT_TRUE(waits[0]->Wait());
  EXPECT_TRUE(waiting);
  EXPECT_FALSE(waits[0]->waiting());
}

TEST_F(GeventHubTest, AGreenletMayWakeAnother) {
  Spawn(0);
  EXPECT_EQ(Ask("results"), "{}");
  Run("wake(0)\ng0.join()");
  EXPECT_EQ(Ask("results"), "{0: 'woken'}");
}

TEST_F(GeventHubTest, OtherGreenletsRunWhileOneWaits) {
  Spawn(0);
  Run("seen = []\n"
      "gevent.spawn(lambda: (seen.append('ran'), wake(0)))\n"
      "g0.join()");
  EXPECT_EQ(Ask("seen, results"), "(['ran'], {0: 'woken'})");
}

TEST_F(GeventHubTest, ThoseWokenInOneTurnRunInThatOrder) {
  Spawn(0);
  Spawn(1);
  reactor->Post([&] {
    waits[1]->Wake();
    waits[0]->Wake();
  });
  Run("gevent.joinall([g0, g1])");
  EXPECT_EQ(Ask("list(results)"), "[1, 0]");
}

TEST_F(GeventHubTest, WhatIsThrownInEndsTheWait) {
  Spawn(0);
  Run("g0.kill()");
  EXPECT_EQ(Ask("results"), "{0: 'GreenletExit()'}");
  EXPECT_FALSE(waits[0]->waiting());
}

TEST_F(GeventHubTest, AWakeAfterThatResumesNobody) {
  Spawn(0);
  Run("g0.kill()\nresults.clear()\nwake(0)");
  Settle();
  EXPECT_EQ(Ask("results"), "{}");
  EXPECT_EQ(Ask("g0.dead"), "True");
}

TEST_F(GeventHubTest, ATimeoutIsThrownInAsWell) {
  Run("with gevent.Timeout(0.001, False):\n  wait(0)\n  results[0] = 'not reached'");
  EXPECT_EQ(Ask("results"), "{}");
}

// Both are in the list of those to run when the first one runs.
TEST_F(GeventHubTest, OneThatIsThrownOutWhileItsTurnComesIsNotResumed) {
  Run(R"(
def first():
    results[0] = wait(0)
    gevent.get_hub().loop.run_callback(gevent.getcurrent().switch)
    g1.throw(gevent.GreenletExit)
    results['end'] = True
g0 = gevent.spawn(first)
gevent.sleep(0)
)");
  Spawn(1);
  reactor->Post([&] {
    waits[0]->Wake();
    waits[1]->Wake();
  });
  Run("g0.join()");
  Settle();
  EXPECT_EQ(Ask("results"), "{0: 'woken', 1: 'GreenletExit()', 'end': True}");
}

TEST_F(GeventHubTest, ASwitchBySomebodyElseIsAnError) {
  Spawn(0);
  Run("gevent.get_hub().loop.run_callback(g0.switch)");
  Settle();
  EXPECT_EQ(Ask("results"),
            "{0: \"RuntimeError('a greenlet that waits for a reply was switched to')\"}");
}

TEST_F(GeventHubTest, TheHubItselfMustNotWait) {
  Run("gevent.get_hub().loop.run_callback(body, 0)");
  Settle();
  EXPECT_NE(Ask("results[0]").find("use gevent.spawn"), std::string::npos) << Ask("results");
}

TEST_F(GeventHubTest, FindsWhatAGreenletWaitsFor) {
  Spawn(0);
  EXPECT_EQ(hub->FindWait(Find("g0")), waits[0].get());
  Run("wake(0)\ng0.join()");
  EXPECT_EQ(hub->FindWait(Find("g0")), nullptr);
}

TEST_F(GeventHubTest, DoesNotFindOtherWaits) {
  Run("g0 = gevent.spawn(gevent.sleep, 1000)\ngevent.sleep(0)");
  EXPECT_EQ(hub->FindWait(Find("g0")), nullptr);
  Run("g0.kill()");
}

TEST_F(GeventHubTest, CountsTheTurnsOfTheLoop) {
  const uint64_t before = hub->turns();
  bool turned = false;
  reactor->Post([&] { turned = true; });
  TurnUntil([&] { return turned; });
  EXPECT_GT(hub->turns(), before);
}

Co<void> WakeLater(Reactor* reactor, Waiter* waiter, GreenletWait* wait) {
  co_await reactor->Suspend(waiter, reactor->now() + std::chrono::milliseconds(2));
  wait->Wake();
}

TEST_F(GeventHubTest, TimersOfOurLoopRunInGevents) {
  Waiter waiter;
  Co<void> sleeper = WakeLater(reactor.get(), &waiter, waits[0].get());
  sleeper.Start();
  EXPECT_TRUE(waits[0]->Wait());
}

}  // namespace
}  // namespace squall
