#include "daemon/python/squall_module.h"

#include <string>

#include "tests/daemon/python/lane_fixture.h"

namespace squall {
namespace {

class SquallModuleTest : public LaneTest {};
// A program of its own that uses the package as a library.
class LibraryTest : public LaneTest {
 protected:
  LibraryTest() : LaneTest(/*coordinator=*/false, /*with_parent=*/false) {}
};

struct Misuse {
  const char* name;
  const char* expression;
  const char* error;
};

class SquallModuleMisuse : public LaneTest, public testing::WithParamInterface<Misuse> {};

TEST_P(SquallModuleMisuse, IsATypeError) {
  EXPECT_EQ(Ask(GetParam().expression), std::string("TypeError: ") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, SquallModuleMisuse,
    testing::Values(
        Misuse{"ClassesNoList", "_squall.set_classes(1)", "set_classes must get a list"},
        Misuse{"ClassesNoTuples", "_squall.set_classes(['First'])",
               "set_classes must get (name, weight, fixed_count) tuples"},
        Misuse{"ClassesShortTuples", "_squall.set_classes([('First',)])",
               "set_classes must get (name, weight, fixed_count) tuples"},
        Misuse{"SpawnerNotCallable", "_squall.set_spawner(None)",
               "set_spawner must get a callable"},
        Misuse{"AllowedNoList", "_squall.set_allowed_classes(1)",
               "set_allowed_classes must get a list or None"},
        Misuse{"SendNoText", "_squall.send('kind', {})", "argument 2 must be str, not dict"},
        Misuse{"RunLocallyText", "_squall.run_locally('all', 1)",
               "argument 1 must be int, not str"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(SquallModuleTest, ReceiveGivesTheKindAndThePayload) {
  v1::LaneCommand command;
  command.mutable_note()->set_kind("message");
  command.mutable_note()->set_json(R"({"data":[1,null,"ü"]})");
  Send(command);
  EXPECT_EQ(Ask("_squall.receive()"), "('message', {'data': [1, None, 'ü']})");
}

TEST_F(SquallModuleTest, ReceiveRaisesWhatIsNoJson) {
  v1::LaneCommand command;
  command.mutable_note()->set_kind("message");
  command.mutable_note()->set_json("{");
  Send(command);
  EXPECT_NE(Ask("_squall.receive()").find("JSONDecodeError"), std::string::npos);
}

TEST_F(SquallModuleTest, SendGoesToTheParent) {
  Run("_squall.send('shape', '{\"users\": 3}')");
  EXPECT_EQ(NextNote(), R"(shape {"users": 3})");
}

TEST_F(SquallModuleTest, ClassesAndThoseAllowedReachTheEngine) {
  Run("_squall.set_classes([('A', 0.5, 0), ('B', 2, 3)])");
  const std::vector<UserKind>& kinds = lane->engine()->kinds();
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0].weight, 0.5);
  EXPECT_EQ(kinds[1].name, "B");
  EXPECT_EQ(kinds[1].fixed_count, 3U);
  EXPECT_EQ(Ask("_squall.set_allowed_classes(['B']), _squall.set_allowed_classes(None)"),
            "(None, None)");
}

TEST_F(SquallModuleTest, TheRunOfAParentIsStartedAndReportedByPythonCode) {
  SendPrepare(PlanOf(2));
  EXPECT_EQ(Ask("_squall.receive()[0]"), "prepared");
  EXPECT_EQ(Ask("_squall.run_state()"), "ready");
  Run("_squall.start_users()");
  EXPECT_EQ(Ask("_squall.receive()"), "('spawning_complete', {'user_count': 2})");
  EXPECT_EQ(Ask("_squall.run_state()"), "running");
  SendStop();
  EXPECT_EQ(Ask("_squall.receive()[0]"), "stopping");
  EXPECT_EQ(Ask("_squall.receive()[0]"), "finished");
  Run("_squall.report_finished()");
  EXPECT_EQ(Ask("_squall.run_state()"), "stopped");
}

TEST_F(SquallModuleTest, TurnChangesWhenTheLoopHasTurned) {
  Run("before = _squall.turn()");
  EXPECT_EQ(Ask("_squall.turn() == before"), "True");
  TurnUntil([&] { return Ask("_squall.turn() != before") == "True"; });
}

TEST_F(SquallModuleTest, HasTheTypesAndTheVersion) {
  EXPECT_EQ(Ask("[t.__name__ for t in (_squall.Session, _squall.Response, _squall.UserHandle)]"),
            "['Session', 'Response', 'UserHandle']");
  EXPECT_EQ(Ask("_squall.version.count('.')"), "2");
}

TEST_F(LibraryTest, RunsUsersByItselfAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    Run("_squall.run_locally(3, 1e6)");
    EXPECT_EQ(Ask("_squall.receive()"), "('spawning_complete', {'user_count': 3})");
    EXPECT_EQ(Ask("sum(_squall.users_by_class().values()), _squall.target_users()"), "(3, 3)");
    Run("_squall.stop_locally()");
    EXPECT_EQ(Ask("_squall.receive()"), "('stopping', {'reason': 'stopped'})");
    EXPECT_EQ(Ask("_squall.receive()"), "('finished', {'reason': 'stopped'})");
    Run("_squall.report_finished()");
    EXPECT_EQ(Ask("sum(_squall.users_by_class().values())"), "0");
  }
}

TEST_F(LibraryTest, ASecondCallChangesTheLoad) {
  Run("_squall.run_locally(2, 1e6)");
  EXPECT_EQ(Ask("_squall.receive()"), "('spawning_complete', {'user_count': 2})");
  Run("_squall.run_locally(4, 1e6)");
  EXPECT_EQ(Ask("_squall.receive()"), "('spawning_complete', {'user_count': 4})");
}

TEST_F(LibraryTest, SaysWhyItCannotRun) {
  Run("_squall.set_classes([])");
  EXPECT_EQ(Ask("_squall.run_locally(1, 1)"),
            "RuntimeError: the locustfile must have a user class");
}

TEST_F(LibraryTest, SendingToNobodyIsNothing) { EXPECT_EQ(Ask("_squall.send('a', '{}')"), "None"); }

}  // namespace
}  // namespace squall
