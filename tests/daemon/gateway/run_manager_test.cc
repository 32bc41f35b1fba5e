#include "daemon/gateway/run_manager.h"

#include <gmock/gmock.h>

#include "tests/daemon/gateway/gateway_fixture.h"

namespace squall {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunManagerTest : public GatewayTest {
 protected:
  RunManagerTest() { Restart(); }
  // As the next `squall serve` on the same store.
  void Restart() {
    runs_.reset();
    RunManagerOptions options;
    options.parts = parts_;
    options.connect = [this](const std::string& address) { return Connect(address); };
    options.active_max = 2;
    runs_ = std::make_unique<RunManager>(std::move(options));
  }
  RunState StateOf(const std::string& run_id) {
    const absl::StatusOr<RunNow> now = runs_->Now(run_id);
    return now.ok() ? now->summary.state : RunState::kIdle;
  }
  void UntilState(const std::string& run_id, RunState state) {
    Until([&] { return StateOf(run_id) == state; });
  }
  std::vector<std::string> Ids() {
    std::string next;
    std::vector<std::string> ids;
    const absl::StatusOr<std::vector<RunSummary>> runs = runs_->List({}, &next);
    for (const RunSummary& run : *runs) {
      ids.push_back(run.run_id);
    }
    return ids;
  }

  std::unique_ptr<RunManager> runs_;
};

TEST_F(RunManagerTest, ARunGetsANameAndCanBeFound) {
  AgentJoins("agent-0");
  const auto created = runs_->Create(Order("", "{users: 1, iterations: 3}"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_THAT(created->run_id, testing::StartsWith("run-"));
  UntilState(created->run_id, RunState::kFinished);
  EXPECT_THAT(Ids(), ElementsAre(created->run_id));
  EXPECT_THAT(*runs_->Report(created->run_id, "json"), HasSubstr("\"requests\": 3"));
  EXPECT_EQ(runs_->Report(created->run_id, "no-such-format").status().code(),
            StatusCode::kNotFound);
}

TEST_F(RunManagerTest, WhatCannotBeIsRefusedWithTheReason) {
  EXPECT_EQ(runs_->Create(Order("a b")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(runs_->Create(Order(std::string(200, 'x'))).status().code(),
            StatusCode::kInvalidArgument);
  ASSERT_TRUE(runs_->Create(Order("one")).ok());
  EXPECT_EQ(runs_->Create(Order("one")).status().code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(runs_->Create(Order("two")).ok());
  EXPECT_EQ(runs_->Create(Order("three")).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(runs_->Stop("none", "", false).code(), StatusCode::kNotFound);
  EXPECT_EQ(runs_->Now("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(runs_->Delete("one").code(), StatusCode::kFailedPrecondition);
}

TEST_F(RunManagerTest, AnIdleAgentThatJoinsGoesToARunThatGoesOn) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Now("r")->summary.users == kUsers; });
  AgentJoins("agent-1");
  Until([&] { return pool_.List().back().run_id == "r"; });
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/false).ok());
  UntilState("r", RunState::kFinished);
  EXPECT_EQ(runs_->Now("r")->summary.agents.size(), 2U);
  EXPECT_EQ(runs_->Stop("r", "", false).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(runs_->Delete("r").ok());
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(RunManagerTest, TheNextManagerTakesHoldOfTheRunsThatGoOn) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Now("r")->summary.users == kUsers; });
  ASSERT_TRUE(runs_->Create(Order("waits")).ok());
  Restart();
  ASSERT_TRUE(runs_->TakeOver().ok());
  EXPECT_EQ(StateOf("waits"), RunState::kFailed);
  EXPECT_THAT(runs_->Events("waits", 10)->back().text, HasSubstr("before the run had begun"));
  Until([&] { return runs_->SetLoad("r", {.users = 2, .spawn_rate = 1000}).ok(); });
  Until([&] { return runs_->Now("r")->summary.users == 2; });
  runs_->StopAll("the end");
  EXPECT_EQ(runs_->Now("r")->summary.stop_reason, "the end");
  EXPECT_EQ(runs_->Now("r")->summary.requests, fleet_.Answered());
}

}  // namespace
}  // namespace squall
