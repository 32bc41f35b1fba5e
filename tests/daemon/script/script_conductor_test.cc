#include "daemon/script/script_conductor.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/lane.pb.h"
#include "tests/daemon/script/fake_lane_program.h"

namespace squall {
namespace {

std::unique_ptr<ScriptConductor> Start(const std::string& mode, const Clock* clock,
                                       ScriptRole role = ScriptRole::kLocal) {
  ScriptConductorOptions options;
  options.program = FakeLaneProgram();
  options.arguments = {mode};
  options.role = role;
  auto conductor = ScriptConductor::Start(std::move(options), clock);
  EXPECT_TRUE(conductor.ok()) << conductor.status();
  return conductor.ok() ? *std::move(conductor) : nullptr;
}

TEST(ScriptConductorTest, TellsWhatTheLocustfileIsAndWhatItsListenersMakeOfTheExitCode) {
  const SystemClock clock;
  const auto conductor = Start("wants code 9", &clock);
  ScriptDescription description;
  const auto code = conductor->WaitLoaded(&description);
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, std::nullopt);
  EXPECT_EQ(description.users, 3u);
  EXPECT_EQ(description.run_time, std::chrono::milliseconds(1500));
  ASSERT_EQ(description.classes.size(), 1u);
  EXPECT_EQ(description.classes[0].name, "Shopper");
  EXPECT_EQ(conductor->Finish(1), 9);
}

TEST(ScriptConductorTest, WhoNamesNoExitCodeGetsTheProposedOne) {
  const SystemClock clock;
  const auto conductor = Start("does all well", &clock);
  ScriptDescription description;
  ASSERT_TRUE(conductor->WaitLoaded(&description).ok());
  EXPECT_EQ(conductor->Finish(1), 1);
}

TEST(ScriptConductorTest, AProcessThatEndsBeforeItHasLoadedGivesItsExitCode) {
  const SystemClock clock;
  const auto conductor = Start("exits before loading", &clock);
  ScriptDescription description;
  const auto code = conductor->WaitLoaded(&description);
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 7);
}

TEST(ScriptConductorTest, AnInterruptWhileItLoadsEndsTheWait) {
  const SystemClock clock;
  const auto conductor = Start("never answers", &clock);
  conductor->Abandon();
  ScriptDescription description;
  EXPECT_EQ(conductor->WaitLoaded(&description).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ScriptConductorTest, ItsShapeChangesTheLoadAndEndsTheRun) {
  const SystemClock clock;
  const auto conductor = Start("has a shape", &clock);
  ScriptDescription description;
  ASSERT_TRUE(conductor->WaitLoaded(&description).ok());
  v1::LaneCommand start;
  start.mutable_start();
  ASSERT_TRUE(conductor->process()->Send(start).ok());
  std::promise<std::string> stopped;
  std::string loads;
  conductor->Grant({.set_load =
                        [&](uint64_t users, double rate) {
                          loads +=
                              std::to_string(users) + "@" + std::to_string(static_cast<int>(rate));
                        },
                    .stop = [&](const std::string& reason) { stopped.set_value(reason); }});
  std::future<std::string> end = stopped.get_future();
  ASSERT_EQ(end.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(end.get(), "the load shape has ended");
  EXPECT_EQ(loads, "4@2");
  conductor->Grant({});
}

TEST(ScriptConductorTest, MessagesPassBetweenAgentsAndTheCoordinatorsCode) {
  const SystemClock clock;
  const auto conductor = Start("does all well", &clock, ScriptRole::kCoordinator);
  ScriptDescription description;
  ASSERT_TRUE(conductor->WaitLoaded(&description).ok());
  std::promise<std::string> told;
  ScriptWishes wishes;
  wishes.stop = [](const std::string& /*reason*/) {};
  wishes.tell_agents = [&](const std::string& agent, const std::string& kind,
                           const std::string& json) { told.set_value(agent + kind + json); };
  conductor->Grant(std::move(wishes));
  conductor->HearAgent("a-1", "message", R"({"type":"hello"})");  // the fake sends it back
  std::future<std::string> heard = told.get_future();
  ASSERT_EQ(heard.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(heard.get(), R"(message{"type":"hello","node_id":"a-1"})");
  conductor->Grant({});
}

}  // namespace
}  // namespace squall
