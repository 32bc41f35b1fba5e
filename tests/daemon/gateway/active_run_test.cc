#include "daemon/gateway/active_run.h"

#include <fmt/format.h>
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
    return run.Summary().users == users;
  }
};

TEST_F(ActiveRunTest, RunsToItsEndAndLeavesEveryReportInTheStore) {
  AgentJoins("agent-0");
  AgentJoins("agent-1");
  const auto run = Create(Order("r", "{users: 4, spawn_rate: 1000, iterations: 100}"));
  run->Wait();
  const RunSummary summary = run->Summary();
  EXPECT_EQ(summary.state, RunState::kFinished);
  ASSERT_TRUE(summary.verdict.has_value()) << "which, depends on the machine";
  EXPECT_EQ(summary.requests, 100U);
  EXPECT_EQ(summary.agents.size(), 2U);
  EXPECT_EQ(store_->Get("r")->state, StoredState::kFinished);
  EXPECT_EQ(store_->Get("r")->verdict, VerdictName(*summary.verdict));
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
  EXPECT_EQ(run->Summary().state, RunState::kPrepared);
  EXPECT_EQ(run->SetPaused(true).code(), absl::StatusCode::kFailedPrecondition);
  AgentJoins("agent-0");
  Until([&] {
    const auto events = store_->Events("r");
    return !events->empty() && events->back().text.find("1 of 2") != std::string::npos;
  });
  AgentJoins("agent-1");
  run->Wait();
  EXPECT_EQ(run->Summary().state, RunState::kFinished);
}

TEST_F(ActiveRunTest, WithoutAgentsItFailsAndSaysWhatToDo) {
  RunOrder order = Order("r");
  order.agents_wait = Nanos(0);
  const auto run = Create(std::move(order));
  run->Wait();
  EXPECT_EQ(run->Summary().state, RunState::kFailed);
  EXPECT_THAT(run->Summary().stop_reason, HasSubstr("squalld --join"));
  EXPECT_EQ(store_->Get("r")->state, StoredState::kFailed);
}

TEST_F(ActiveRunTest, AStopEndsAWait) {
  const auto run = Create(Order("r"));
  EXPECT_TRUE(run->Stop("never mind", /*immediate=*/false).ok());
  run->Wait();
  EXPECT_EQ(run->Summary().state, RunState::kFailed);
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
  EXPECT_EQ(run->Summary().stop_reason, "enough");
}

TEST_F(ActiveRunTest, ItsEventsSayWhatWasAskedOfIt) {
  AgentJoins("agent-0");
  const auto run = Create(Order("r"));
  Until([&] { return HasUsers(*run, kUsers); });
  EXPECT_TRUE(run->SetLoad({.users = 4, .spawn_rate = 1000}).ok());
  EXPECT_TRUE(run->SetPaused(true).ok());
  EXPECT_TRUE(run->SetPaused(false).ok());
  EXPECT_TRUE(run->SetLoad({.clear = true}).ok());
  EXPECT_TRUE(run->SetStages({{std::chrono::hours(1), 3, 1000}}).ok());
  EXPECT_TRUE(run->Stop("enough", /*immediate=*/true).ok());
  run->Wait();
  const auto events = store_->Events("r");
  ASSERT_TRUE(events.ok()) << events.status();
  std::vector<std::string> texts;
  for (const EventRecord& event : *events) {
    texts.push_back(event.text);
  }
  EXPECT_THAT(texts, testing::IsSupersetOf({"4 users wanted, at 1000/s", "paused",
                                            "goes on after the pause", "back to the planned load",
                                            "the load is now stages: 3 users at 1000/s for 1h",
                                            "stopping: enough"}));
  EXPECT_THAT(texts.front(), testing::StartsWith("started: "));
}

TEST_F(ActiveRunTest, ALoadOfTheOtherModelIsRefusedAndChangesNothing) {
  const auto refused = [](const absl::Status& status, const std::string& words) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  };
  const std::vector<Stage> stages = {{std::chrono::hours(1), 3, 1000}};
  AgentJoins("agent-0");
  auto run = Create(Order("users"));
  Until([&] { return HasUsers(*run, kUsers); });
  refused(run->SetLoad({.arrival_factor = 2}), "set users instead");
  refused(run->SetStages({{std::chrono::nanoseconds(1), 3, 1000}}), "must last longer than the ");
  EXPECT_FALSE(run->over());
  EXPECT_TRUE(run->SetStages(stages).ok());
  refused(run->SetLoad({.arrival_factor = 2}), "set users instead");
  EXPECT_TRUE(run->Stop("enough", /*immediate=*/true).ok());
  run->Wait();
  EXPECT_FALSE(run->View()->overridden);

  run = Create(Order("arrivals", "{arrival: {stages: [{duration: 1h, rate: 50}]}}"));
  Until([&] { return run->Summary().requests > 0; });
  refused(run->SetLoad({.users = 4, .spawn_rate = 1000}), "set arrival_factor instead");
  refused(run->SetStages(stages), "change the arrival factor instead");
  EXPECT_TRUE(run->Stop("enough", /*immediate=*/true).ok());
  run->Wait();
  EXPECT_FALSE(run->View()->overridden);
  for (const char* id : {"users", "arrivals"}) {
    const auto events = store_->Events(id);
    ASSERT_TRUE(events.ok()) << events.status();
    for (const EventRecord& event : *events) {
      EXPECT_THAT(event.text, testing::Not(HasSubstr("wanted"))) << id;
      EXPECT_THAT(event.text, testing::Not(HasSubstr("times"))) << id;
    }
  }
}

// Also just as the run begins, which every turn of this loop meets at another moment.
TEST_F(ActiveRunTest, AStopIsHeardWheneverItComes) {
  parts_.start_lead = std::chrono::milliseconds(1);
  AgentJoins("agent-0");
  for (int turn = 0; turn < 40; ++turn) {
    const auto run = Create(Order(fmt::format("r-{}", turn)));
    for (int i = 0; i < 50 * turn; ++i) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(run->Stop("enough", /*immediate=*/true).ok());
    run->Wait();
    EXPECT_NE(run->Summary().state, RunState::kRunning);
  }
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
  EXPECT_EQ((*resumed)->Summary().requests, fleet_.Answered());
}

}  // namespace
}  // namespace squall
