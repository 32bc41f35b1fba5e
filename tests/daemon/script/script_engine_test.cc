#include "daemon/script/script_engine.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "daemon/base/clock.h"
#include "tests/daemon/script/fake_lane_program.h"

namespace squall {
namespace {

// An engine in a process whose locustfile holds nothing but what is to go wrong.
class ScriptEngineTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ScriptEngine>> Make(const std::string& mode) {
    ScriptOrder order;
    order.run_id = "run-1";
    order.agent_id = "a";
    order.plan.script = Script{.files = {{.path = "locustfile.py", .content = mode}},
                               .locustfiles = {"locustfile.py"}};
    order.assignment = MakeAssignment(0, 1, 1);
    order.run_time = run_time_;
    order.on_finished = [this](const std::string& reason) { over_.set_value(reason); };
    return ScriptEngine::Make(std::move(order), options_, &clock_);
  }

  std::string WaitForEnd() {
    std::future<std::string> over = over_.get_future();
    const bool ready = over.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
    return ready ? over.get() : "it goes on";
  }

  const SystemClock clock_;
  ScriptEngineOptions options_{.program = FakeLaneProgram()};
  std::optional<Nanos> run_time_;
  std::promise<std::string> over_;
};

TEST_F(ScriptEngineTest, RunsFromPreparationToTheEnd) {
  const auto engine = Make("does all well");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  (*engine)->Stop("enough", /*immediate=*/false);
  WaitForEnd();
  EXPECT_TRUE((*engine)->finished());
  EXPECT_EQ((*engine)->failure(), "");
  EXPECT_EQ((*engine)->TakeSnapshot().Total().requests, 5u);
}

TEST_F(ScriptEngineTest, ALocustfileThatIsRefusedIsNotPrepared) {
  const auto engine = Make("is refused");
  EXPECT_EQ(engine.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(engine.status().message(), "locustfile.py:3: SyntaxError");
}

TEST_F(ScriptEngineTest, AProcessThatEndsWhileItLoadsIsNotPrepared) {
  const auto engine = Make("exits before loading");
  EXPECT_EQ(engine.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine.status().message(), "the process of the locustfile exited with code 7");
}

TEST_F(ScriptEngineTest, AProcessThatNeverAnswersIsGivenUp) {
  options_.load_patience = std::chrono::milliseconds(50);
  EXPECT_EQ(Make("never answers").status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ScriptEngineTest, AMissingProgramIsNamed) {
  options_.program = "/nowhere/squall-python";
  const auto engine = Make("does all well");
  EXPECT_EQ(engine.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(
      engine.status().message(),
      "/nowhere/squall-python must be beside squall or on the PATH: No such file or directory");
}

TEST_F(ScriptEngineTest, EveryDeathIsAFailureInWordsAndKeepsTheFigures) {
  options_.memory_bytes_max = uint64_t{100} << 20;
  const std::pair<const char*, const char*> rows[] = {
      {"exits with 3", "the process of the locustfile exited with code 3"},
      {"dies", "the process of the locustfile was killed by signal 9 (Killed)"},
      {"sends garbage", "the process of the locustfile was killed: it broke the connection"},
      {"eats memory", "the process of the locustfile was killed: it used "},
  };
  for (const auto& [mode, words] : rows) {
    over_ = {};
    const auto engine = Make(mode);
    ASSERT_TRUE(engine.ok()) << engine.status();
    (*engine)->Start(clock_.Now());
    WaitForEnd();
    EXPECT_TRUE((*engine)->finished()) << mode;
    EXPECT_EQ((*engine)->failure().substr(0, std::string(words).size()), words) << mode;
    const Snapshot last = (*engine)->TakeSnapshot();
    EXPECT_EQ(last.Total().requests, 5u) << mode;
    EXPECT_EQ(last.UserCount(), 0u) << mode;
  }
}

TEST_F(ScriptEngineTest, OneThatDoesNotStopIsKilledAfterTheGrace) {
  options_.stop_grace = std::chrono::milliseconds(50);
  const auto engine = Make("does not stop");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  (*engine)->Stop("enough", /*immediate=*/false);
  WaitForEnd();
  EXPECT_EQ((*engine)->failure().substr(0, 63),
            "the process of the locustfile was killed: it had not stopped af");
}

TEST_F(ScriptEngineTest, OneThatIsNotHeardOfAfterItsTimeIsKilled) {
  options_.stop_grace = std::chrono::milliseconds(50);
  run_time_ = std::chrono::milliseconds(50);
  const auto engine = Make("does not stop");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  WaitForEnd();
  EXPECT_EQ((*engine)->failure(),
            "the process of the locustfile was killed: nothing was heard of it any more");
}

TEST_F(ScriptEngineTest, OneThatIsSilentForTooLongIsKilledAndThePlaceIsNamed) {
  options_.silence_max = std::chrono::milliseconds(50);
  const auto engine = Make("blocks");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  WaitForEnd();
  EXPECT_EQ((*engine)->failure(),
            "the process of the locustfile was killed: nothing was heard of it any more; its event "
            "loop was blocked, in locustfile.py:9");
}

TEST_F(ScriptEngineTest, UserCodeCanEndItsPartOfTheRun) {
  const auto engine = Make("quits");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  WaitForEnd();
  EXPECT_EQ((*engine)->failure(), "");
  EXPECT_TRUE((*engine)->finished());
}

TEST_F(ScriptEngineTest, MessagesGoToUserCodeAndItsOwnAreKeptForTheCoordinator) {
  const auto engine = Make("does all well");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Tell({"message", R"({"type":"echo"})"});
  (*engine)->Start(clock_.Now());
  (*engine)->Stop("enough", /*immediate=*/false);
  WaitForEnd();  // what was said before has come by then
  const std::vector<EngineNote> notes = (*engine)->TakeNotes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].kind, "message");
  EXPECT_EQ(notes[0].json, R"({"type":"echo"})");
  EXPECT_TRUE((*engine)->TakeNotes().empty());
}

TEST_F(ScriptEngineTest, ABlockedLoopIsAWarning) {
  const auto engine = Make("blocks");
  ASSERT_TRUE(engine.ok()) << engine.status();
  (*engine)->Start(clock_.Now());
  (*engine)->Stop("enough", /*immediate=*/false);
  WaitForEnd();
  EXPECT_EQ((*engine)->TakeSnapshot().warnings,
            std::vector<std::string>{"user code blocked the event loop for 2.5 s, in "
                                     "locustfile.py:9"});
}

}  // namespace
}  // namespace squall
