#include "daemon/gateway/active_run.h"

#include <gmock/gmock.h>

#include "tests/daemon/gateway/gateway_fixture.h"

namespace squall {
namespace {

using testing::HasSubstr;

class ActiveRunTest : public GatewayTest {
 protected:
  std::unique_ptr<ActiveRun> Create(RunOrder order) {
    absl::StatusOr<std::unique_ptr<ActiveRun>> run = ActiveRun::Create(parts_, std::move(order));
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? *std::move(run) : nullptr;
  }
  static bool HasUsers(const ActiveRun& run, uint64_t users) {
    return run.Now().summary.users == users;
  }
};

TEST_F(ActiveRunTest, RunsToItsEndAndLeavesEveryReportInTheStore) {
  AgentJoins("agent-0");
  AgentJoins("agent-1");
  const auto run = Create(Order("r", "{users: 4, spawn_rate: 1000, iterations: 100}"));
  run->Wait();
  const RunSummary summary = run->Now().summary;
  EXPECT_EQ(summary.state, RunState::kFinished);
  EXPECT_EQ(summary.verdict, Verdict::kPass);
  EXPECT_EQ(summary.requests, 100U);
  EXPECT_EQ(summary.agents.size(), 2U);
  EXPECT_EQ(store_->Get("r")->state, StoredState::kFinished);
  EXPECT_EQ(store_->Get("r")->verdict, "PASS");
  for (const char* format : {"json", "junit", "markdown", "text", "csv_stats", "csv_failures"}) {
    EXPECT_TRUE(store_->Report("r", format).ok()) << format;
  }
  EXPECT_FALSE(store_->Series("r", "run")->empty());
  for (const PoolAgent& agent : pool_.List()) {
    EXPECT_EQ(agent.run_id, "") << "its agents are free again";
  }
}

TEST_F(ActiveRunTest, WaitsForItsAgentsAndSaysSo) {
  RunOrder order = Order("r", "{users: 1, iterations: 1}");
  order.agents_min = 2;
  const auto run = Create(std::move(order));
  EXPECT_EQ(run->Now().summary.state, RunState::kPrepared);
  EXPECT_EQ(run->SetPaused(true).code(), absl::StatusCode::kFailedPrecondition);
  AgentJoins("agent-0");
  Until([&] {
    const auto events = store_->Events("r");
    return !events->empty() && events->back().text.find("1 of 2") != std::string::npos;
  });
  AgentJoins("agent-1");
  run->Wait();
  EXPECT_EQ(run->Now().summary.state, RunState::kFinished);
}

TEST_F(ActiveRunTest, WithoutAgentsItFailsAndSaysWhatToDo) {
  RunOrder order = Order("r");
  order.agents_wait = Nanos(0);
  const auto run = Create(std::move(order));
  run->Wait();
  EXPECT_EQ(run->Now().summary.state, RunState::kFailed);
  EXPECT_THAT(run->Now().summary.stop_reason, HasSubstr("squalld --join"));
  EXPECT_EQ(store_->Get("r")->state, StoredState::kFailed);
}

TEST_F(ActiveRunTest, AStopEndsAWait) {
  const auto run = Create(Order("r"));
  EXPECT_TRUE(run->Stop("never mind", /*immediate=*/false).ok());
  run->Wait();
  EXPECT_EQ(run->Now().summary.state, RunState::kFailed);
  EXPECT_EQ(run->Stop("again", false).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ActiveRunTest, APlanThatCannotRunIsRefusedBeforeAnythingIsStored) {
  RunOrder order = Order("r");
  order.settings.tags = {"no-such-tag"};
  EXPECT_EQ(ActiveRun::Create(parts_, std::move(order)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Get("r").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ActiveRunTest, ItsLoadChangesAndAnAgentThatComesLaterTakesPart) {
  AgentJoins("agent-0");
  const auto run = Create(Order("r"));
  Until([&] { return HasUsers(*run, kUsers); });
  EXPECT_TRUE(run->SetLoad({.users = 4, .spawn_rate = 1000}).ok());
  Until([&] { return HasUsers(*run, 4); });
  AgentJoins("agent-1");
  run->Offer(pool_.List().back());
  Until([&] {
    const absl::StatusOr<RunReport> report = run->Report();
    return report.ok() && report->agents.size() == 2 && report->agents[1].UserCount() == 2;
  });
  EXPECT_TRUE(HasUsers(*run, 4));
  EXPECT_TRUE(run->Stop("enough", /*immediate=*/false).ok());
  run->Wait();
  EXPECT_EQ(run->Now().summary.stop_reason, "enough");
}

TEST_F(ActiveRunTest, ARunWithFixedAgentsTakesNoOther) {
  AgentJoins("agent-0");
  RunOrder order = Order("r");
  order.fixed_agents = true;
  const auto run = Create(std::move(order));
  Until([&] { return HasUsers(*run, kUsers); });
  AgentJoins("agent-1");
  run->Offer(pool_.List().back());
  EXPECT_EQ(pool_.List().back().run_id, "");
  EXPECT_TRUE(run->Stop("enough", /*immediate=*/true).ok());
  run->Wait();
}

TEST_F(ActiveRunTest, TheNextOneGoesOnWithItAndNoCountIsLost) {
  AgentJoins("agent-0");
  AgentJoins("agent-1");
  auto run = Create(Order("r"));
  Until([&] { return HasUsers(*run, kUsers); });
  run.reset();  // as a coordinator that ends: the load goes on
  EXPECT_EQ(store_->Get("r")->state, StoredState::kRunning);
  const uint64_t answered = fleet_.Answered();
  Until([&] { return fleet_.Answered() > answered; });

  auto resumed = ActiveRun::Resume(parts_, "r",
                                   [this](const std::string& address) { return Connect(address); });
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  Until([&] { return (*resumed)->Report().ok() && HasUsers(**resumed, kUsers); });
  EXPECT_EQ(pool_.List()[0].run_id, "r");
  EXPECT_TRUE((*resumed)->Stop("enough", /*immediate=*/false).ok());
  (*resumed)->Wait();
  EXPECT_EQ((*resumed)->Now().summary.requests, fleet_.Answered());
}

}  // namespace
}  // namespace squall
