#include "daemon/python/forked_child.h"

#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/python/greenlet_wait.h"
#include "tests/daemon/python/lane_fixture.h"

namespace squall {
namespace {

class ForkedChildTest : public LaneTest {
 protected:
  ForkedChildTest() {
    static const bool watching = WatchForks().ok();
    EXPECT_TRUE(watching);
    LetFunction("request", [this](PyObject*) -> PyObject* {
      return request_.Wait() ? Py_NewRef(Py_None) : nullptr;
    });
  }
  // The exit code of a copy of this process in which `code` runs; what it writes to stderr.
  int RunInCopy(const std::string& code) {
    testing::internal::CaptureStderr();
    Run("import os, sys\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "  try:\n" +
        code +
        "\n  except BaseException as error:\n"
        "    print(repr(error), file=sys.stderr, flush=True)\n"
        "    os._exit(3)\n"
        "  os._exit(0)\n"
        "status = os.waitpid(pid, 0)[1]");
    errors = testing::internal::GetCapturedStderr();
    return WEXITSTATUS(std::stoi(Ask("status")));
  }

  std::string errors;

 private:
  GreenletWait request_{hub.get()};
};

TEST_F(ForkedChildTest, ThisProcessIsNoCopy) {
  EXPECT_EQ(RunInCopy("    pass"), 0);
  EXPECT_FALSE(InForkedChild());
  EXPECT_FALSE(ForkedHere());
}

TEST_F(ForkedChildTest, ACopyMayDoAsItLikesAndSleep) {
  EXPECT_EQ(RunInCopy("    gevent.sleep(0.001)\n    os._exit(7)"), 7);
  EXPECT_EQ(errors, "");
}

TEST_F(ForkedChildTest, ACopySendsNoRequest) {
  EXPECT_EQ(RunInCopy("    request()"), 3);
  EXPECT_NE(errors.find("must not send requests in a process that was forked"), std::string::npos)
      << errors;
}

TEST_F(ForkedChildTest, ACopyThatComesBackToTheTestEnds) {
  EXPECT_EQ(RunInCopy("    _squall.receive()"), 1);
  EXPECT_NE(errors.find("was forked by user code"), std::string::npos) << errors;
}

TEST_F(ForkedChildTest, ACopyTellsTheParentNothing) {
  EXPECT_EQ(RunInCopy("    _squall.send('from', '\"the copy\"')"), 0);
  Run("_squall.send('from', '\"the first\"')");
  EXPECT_EQ(NextNote(), R"(from "the first")");
}

TEST_F(ForkedChildTest, UsersDoNotRunInACopy) {
  SendPrepare(PlanOf(3));
  EXPECT_EQ(Receive(), "prepared {}");
  lane->StartUsers();
  EXPECT_EQ(Receive(), R"(spawning_complete {"user_count":3})");
  EXPECT_EQ(RunInCopy("    before = _squall.turn()\n"
                      "    gevent.sleep(0.02)\n"
                      "    os._exit(0 if _squall.turn() == before else 9)"),
            0);
  EXPECT_EQ(errors, "");
}

// A task that forks and lets the copy go on with the task loop.
TEST_F(ForkedChildTest, AUserThatForkedEndsInTheCopyAtItsNextPause) {
  Run(R"(
import os
pids = []
def spawn(handle):
    def greenlet():
        handle.begin()
        handle.begin_task()
        pids.append(os.fork())
        handle.end_task()
        try:
            handle.pause(1e9)
        except gevent.GreenletExit:
            handle.ended()
    return gevent.spawn(greenlet)
_squall.set_spawner(spawn)
)");
  SendPrepare(PlanOf(1));
  EXPECT_EQ(Receive(), "prepared {}");
  testing::internal::CaptureStderr();
  lane->StartUsers();
  TurnUntil([&] { return Ask("len(pids)") == "1"; });
  Run("status = os.waitpid(pids[0], 0)[1]");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("was forked by user code"),
            std::string::npos);
  EXPECT_EQ(WEXITSTATUS(std::stoi(Ask("status"))), 1);
  EXPECT_EQ(Ask("sum(_squall.users_by_class().values())"), "1");
}

}  // namespace
}  // namespace squall
