#include "daemon/gateway/run_manager.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "daemon/store/sqlite.h"
#include "tests/daemon/gateway/gateway_fixture.h"
#include "tests/support/temp_directory.h"

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
    options_.parts = parts_;
    options_.connect = [this](const std::string& address) { return Connect(address); };
    options_.active_max = 2;
    runs_ = std::make_unique<RunManager>(options_);
  }
  // As `squall run` with a page.
  void Offer(Plan plan, RunSettings settings = {}) {
    options_.abilities = {.start = true, .start_text = true, .one_at_a_time = true};
    PlanOffer offer = OfferOf(plan, settings);
    options_.plans.push_back({std::move(offer), std::move(plan), std::move(settings)});
  }
  void UntilOver(const std::string& run_id) {
    Until([&] { return runs_->View(run_id).status().code() == StatusCode::kFailedPrecondition; });
  }
  RunState StateOf(const std::string& run_id) {
    const absl::StatusOr<RunSummary> summary = runs_->Summary(run_id);
    return summary.ok() ? summary->state : RunState::kIdle;
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

  RunManagerOptions options_;
  std::unique_ptr<RunManager> runs_;
};

// Writes down what it hears.
struct Diary final : RunCompanion {
  void OnStarted(const Plan& /*plan*/, const Profile& /*profile*/) override { Note("started"); }
  void OnTick(const RunProgress& /*progress*/) override { Note("tick"); }
  void OnCoordinator(RunCoordinator* coordinator) override {
    Note(coordinator != nullptr ? "coordinator" : "no coordinator");
  }
  void OnReport(RunReport* report) override {
    Note("report");
    report->warnings.push_back("the companion was here");
    report->exit_code = 42;
  }
  void OnFailed(const absl::Status& /*status*/) override { Note("failed"); }
  void OnOver() override {
    Note("over");
    over = true;
    over.notify_all();
  }
  void Note(const std::string& what) {
    if (notes.empty() || notes.back() != what) {
      notes.push_back(what);
    }
  }

  std::vector<std::string> notes;  // read it once it is over
  std::atomic<bool> over = false;
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

TEST_F(RunManagerTest, TheFiguresAreOfTheRunsThatGoOnAndOfHowTheOthersEnded) {
  EXPECT_EQ(runs_->Newest(), nullptr);
  AgentJoins("agent-0");
  EXPECT_EQ(runs_->Figures().agents_idle, 1U);
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Figures().runs.at(0).users == kUsers; });
  const CoordinatorFigures figures = runs_->Figures();
  EXPECT_EQ(figures.runs_started, 1U);
  EXPECT_TRUE(figures.runs_finished.empty());
  EXPECT_EQ(figures.agents_idle, 0U);
  EXPECT_EQ(figures.runs.at(0).run_id, "r");
  EXPECT_EQ(figures.runs.at(0).agents.at(0).agent_id, "agent-0");
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/false).ok());
  UntilOver("r");
  Until([&] { return runs_->Figures().runs.empty(); });
  EXPECT_EQ(runs_->Figures().runs_finished.size(), 1U) << "whichever verdict it is";
  EXPECT_EQ(runs_->Newest()->summary.run_id, "r") << "its figures stay until the next run";
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
  EXPECT_EQ(runs_->Summary("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(runs_->Delete("one").code(), StatusCode::kFailedPrecondition);
}

TEST_F(RunManagerTest, AnIdleAgentThatJoinsGoesToARunThatGoesOn) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Summary("r")->users == kUsers; });
  AgentJoins("agent-1");
  Until([&] { return pool_.List().back().run_id == "r"; });
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/false).ok());
  UntilState("r", RunState::kFinished);
  EXPECT_EQ(runs_->Summary("r")->agents.size(), 2U);
  EXPECT_EQ(runs_->Stop("r", "", false).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(runs_->Delete("r").ok());
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(RunManagerTest, TheNextManagerTakesHoldOfTheRunsThatGoOn) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Summary("r")->users == kUsers; });
  ASSERT_TRUE(runs_->Create(Order("waits")).ok());
  Restart();
  ASSERT_TRUE(runs_->TakeOver().ok());
  EXPECT_EQ(StateOf("waits"), RunState::kFailed);
  EXPECT_THAT(runs_->Events("waits", 10)->back().text, HasSubstr("before the run had begun"));
  Until([&] { return runs_->SetLoad("r", {.users = 2, .spawn_rate = 1000}).ok(); });
  Until([&] { return runs_->Summary("r")->users == 2; });
  runs_->StopAll("the end");
  EXPECT_EQ(runs_->Summary("r")->stop_reason, "the end");
  EXPECT_EQ(runs_->Summary("r")->requests, fleet_.Answered());
}

TEST_F(RunManagerTest, APlanThatIsOfferedStartsByItsName) {
  Offer(fleet_.PlanFor("{users: 2, spawn_rate: 1000, iterations: 10}", kPath), {.seed = 7});
  Restart();
  AgentJoins("agent-0");
  ASSERT_EQ(runs_->Plans().size(), 1U);
  EXPECT_EQ(runs_->Plans()[0].users, 2U);
  StartRequest request;
  request.plan = "coordinated";
  request.settings.iterations = 5;
  const absl::StatusOr<RunSummary> started = runs_->Start(request);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->state, RunState::kPrepared);
  UntilOver(started->run_id);
  EXPECT_EQ(runs_->Summary(started->run_id)->requests, 5U);
  EXPECT_THAT(*runs_->Report(started->run_id, "json"), HasSubstr("\"seed\": \"7\""));
}

TEST_F(RunManagerTest, ATypedPlanIsCheckedAndOnlyWhereItsHostTakesSome) {
  Offer(fleet_.PlanFor(kEndless));
  Restart();
  AgentJoins("agent-0");
  const auto refused = runs_->Start({.text = "users: 5"});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  options_.abilities.start_text = false;
  Restart();
  EXPECT_EQ(runs_->Start({.text = "users: 5"}).status().code(), StatusCode::kUnimplemented);
}

TEST_F(RunManagerTest, WhereThereIsOneRunAtATimeASecondIsRefused) {
  Offer(fleet_.PlanFor(kEndless, kPath));
  Restart();
  AgentJoins("agent-0");
  const absl::StatusOr<RunSummary> first = runs_->Start({});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(runs_->Start({}).status().code(), StatusCode::kResourceExhausted);
  ASSERT_TRUE(runs_->Stop(first->run_id, "enough", /*immediate=*/true).ok());
  UntilOver(first->run_id);
  Until([&] { return runs_->Start({}).ok(); });
  runs_->StopAll("the end");
}

TEST_F(RunManagerTest, OfTwoStartsAtOnceOnlyOneGetsThrough) {
  Offer(fleet_.PlanFor(kEndless, kPath));
  std::atomic<int> preparing = 0;
  std::atomic<bool> go_on = false;
  options_.on_start = [&](const StartRequest& /*request*/, RunOrder* /*order*/) {
    ++preparing;
    go_on.wait(false);
    return absl::OkStatus();
  };
  Restart();
  std::thread slow([&] { EXPECT_TRUE(runs_->Start({}).ok()); });
  Until([&] { return preparing == 1; });
  EXPECT_EQ(runs_->Start({}).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(preparing, 1);
  go_on = true;
  go_on.notify_all();
  slow.join();
  runs_->StopAll("the end");
}

TEST_F(RunManagerTest, AStartThatItsHostRefusesLeavesRoomForTheNext) {
  Offer(fleet_.PlanFor(kEndless, kPath));
  bool refuse = true;
  std::string run_id;
  options_.on_start = [&](const StartRequest& /*request*/, RunOrder* order) -> absl::Status {
    run_id = order->run_id;
    return refuse ? absl::InvalidArgumentError("no such file") : absl::OkStatus();
  };
  Restart();
  EXPECT_EQ(runs_->Start({}).status().message(), "no such file");
  EXPECT_THAT(Ids(), IsEmpty());
  refuse = false;
  EXPECT_EQ(runs_->Start({})->run_id, run_id) << "the host knew it already";
  runs_->StopAll("the end");
}

TEST_F(RunManagerTest, ACompanionGoesAlongAndHasAWordInTheReport) {
  AgentJoins("agent-0");
  const auto diary = std::make_shared<Diary>();
  RunOrder order = Order("r", "{users: 1, iterations: 3}");
  order.companion = diary;
  ASSERT_TRUE(runs_->Create(std::move(order)).ok());
  diary->over.wait(false);
  EXPECT_THAT(diary->notes,
              ElementsAre("coordinator", "started", "tick", "no coordinator", "report", "over"));
  EXPECT_THAT(runs_->Summary("r")->warnings, ElementsAre("the companion was here"));
  EXPECT_EQ(store_->Get("r")->exit_code, 42);
  EXPECT_THAT(*runs_->Report("r", "view"), HasSubstr("the companion was here"));
}

TEST_F(RunManagerTest, ACompanionHearsOfARunThatNeverBegan) {
  const auto diary = std::make_shared<Diary>();
  RunOrder order = Order("r");
  order.agents_wait = Nanos(0);
  order.companion = diary;
  ASSERT_TRUE(runs_->Create(std::move(order)).ok());
  diary->over.wait(false);
  EXPECT_THAT(diary->notes, ElementsAre("failed", "over"));
}

TEST_F(RunManagerTest, ARunIsSeenFromTheWaitForAgentsToTheStore) {
  RunOrder order = Order("r");
  ASSERT_TRUE(runs_->Create(std::move(order)).ok());
  EXPECT_EQ((*runs_->View("r"))->summary.state, RunState::kPrepared);
  EXPECT_THAT(*runs_->Report("r", "view"), HasSubstr("\"prepared\""));
  AgentJoins("agent-0");
  Until([&] { return (*runs_->View("r"))->summary.users == kUsers; });
  const uint64_t version = *runs_->Version("r");
  Until([&] { return *runs_->Version("r") > version; });
  Until([&] { return runs_->Points("r", 0)->points.size() >= 2; });
  EXPECT_EQ(runs_->Points("r", 2)->from, 1U);
  EXPECT_THAT(*runs_->Report("r", "html"), HasSubstr("<html"));
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/false).ok());
  UntilOver("r");
  EXPECT_EQ(runs_->Points("r", 0).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(*runs_->Version("r"), 0U);
  EXPECT_THAT(*runs_->Report("r", "view"), HasSubstr("\"finished\""));
  EXPECT_THAT(*runs_->Report("r", "html"), HasSubstr("<html"));
  for (const char* format : {"csv_exceptions", "csv_history"}) {
    EXPECT_TRUE(runs_->Report("r", format).ok()) << format;
  }
  EXPECT_EQ(runs_->View("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(runs_->Version("none").status().code(), StatusCode::kNotFound);
}

TEST_F(RunManagerTest, ARunThatNeverBeganIsShownWithItsReason) {
  RunOrder order = Order("r");
  order.agents_wait = Nanos(0);
  ASSERT_TRUE(runs_->Create(std::move(order)).ok());
  UntilOver("r");
  EXPECT_THAT(*runs_->Report("r", "view"), HasSubstr("squalld --join"));
  EXPECT_THAT(*runs_->Report("r", "html"), HasSubstr("<html"));
  EXPECT_EQ(runs_->Report("r", "json").status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RunManagerTest, ARunThatNobodyCouldGoOnWithIsShownToo) {
  ASSERT_TRUE(runs_->Create(Order("waits")).ok());
  Restart();
  ASSERT_TRUE(runs_->TakeOver().ok());
  EXPECT_THAT(*runs_->Report("waits", "view"), HasSubstr("before the run had begun"));
}

TEST_F(RunManagerTest, StagesReplaceTheLoadAndWhatWasSetByHand) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Summary("r")->users == kUsers; });
  ASSERT_TRUE(runs_->SetLoad("r", {.users = 1, .spawn_rate = 1000}).ok());
  Until([&] { return (*runs_->View("r"))->overridden && runs_->Summary("r")->users == 1; });
  EXPECT_EQ((*runs_->View("r"))->overridden, (LoadByHand{.users = 1, .spawn_rate = 1000}));
  const std::vector<Stage> stages = {{std::chrono::hours(1), 3, 1000}};
  EXPECT_EQ(runs_->SetStages("r", {}).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(runs_->SetStages("r", stages).ok());
  Until([&] { return runs_->Summary("r")->users == 3; });
  const auto view = *runs_->View("r");
  EXPECT_EQ(view->stages, stages);
  EXPECT_FALSE(view->overridden);
  EXPECT_EQ(view->options.run_time, std::chrono::hours(1));
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/true).ok());
  UntilOver("r");
  EXPECT_EQ(runs_->SetStages("r", stages).code(), StatusCode::kFailedPrecondition);
}

TEST_F(RunManagerTest, AfterARestartAPageGoesOnWhereItWas) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Points("r", 0)->points.size() >= 2; });
  const auto before = *runs_->View("r");
  Restart();
  ASSERT_TRUE(runs_->TakeOver().ok());
  const size_t known = runs_->Points("r", 0)->points.size();
  EXPECT_GE(known, 2U) << "at once, not with the next tick";
  const auto check = [&] {
    const auto view = *runs_->View("r");
    EXPECT_GT(view->version, before->version);
    EXPECT_GE(view->summary.requests, before->summary.requests);
    EXPECT_GE(view->total->elapsed, before->total->elapsed);
    EXPECT_EQ(view->summary.users, kUsers);
    EXPECT_GT(view->requests_per_second, 0);
    EXPECT_EQ(view->agents.size(), 1U);
    EXPECT_GE(view->heat->size(), before->heat->size());
  };
  check();
  Until([&] {
    check();
    return runs_->Points("r", 0)->points.size() > known;
  });
  const std::vector<SeriesPoint> points = runs_->Points("r", 0)->points;
  for (size_t i = 1; i < points.size(); ++i) {
    EXPECT_EQ(points[i].start, points[i - 1].start + points[i - 1].length) << "no gap at " << i;
  }
  runs_->StopAll("the end");
}

TEST_F(RunManagerTest, ARunMayBeDeletedWhileSomebodyLooksAtIt) {
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r", "{users: 2, iterations: 20}")).ok());
  std::shared_ptr<const RunView> seen;
  Until([&] {
    const auto view = runs_->View("r");
    seen = view.ok() ? *view : seen;
    return !view.ok();
  });
  Until([&] { return runs_->Delete("r").ok(); });
  for (const char* format : {"json", "view", "html"}) {
    EXPECT_EQ(runs_->Report("r", format).status().code(), StatusCode::kNotFound) << format;
  }
  EXPECT_EQ(runs_->View("r").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(runs_->Summary("r").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(seen->summary.run_id, "r") << "who holds it may go on reading";
}

TEST_F(RunManagerTest, WhatABrokenStoreDidNotTakeIsStillThere) {
  const TempDirectory directory;
  const std::string path = directory.path() / "runs.db";
  store_ = *RunStore::Open(path);
  parts_.store = store_.get();
  Restart();
  AgentJoins("agent-0");
  ASSERT_TRUE(runs_->Create(Order("r")).ok());
  Until([&] { return runs_->Summary("r")->users == kUsers; });
  auto saboteur = *SqlDatabase::Open(path, std::chrono::seconds(10));
  ASSERT_TRUE(saboteur
                  ->Execute(R"(
    CREATE TRIGGER full BEFORE INSERT ON reports BEGIN SELECT RAISE(ABORT, 'disk is full'); END;
  )")
                  .ok());
  ASSERT_TRUE(runs_->Stop("r", "enough", /*immediate=*/false).ok());
  UntilState("r", RunState::kFinished);
  Until([&] { return runs_->Report("r", "json").ok(); });
  EXPECT_THAT(*runs_->Report("r", "json"), HasSubstr("\"id\": \"r\""));
  EXPECT_THAT(*runs_->Report("r", "html"), HasSubstr("<html"));
  EXPECT_EQ((*runs_->View("r"))->summary.stop_reason, "enough");
  EXPECT_EQ(runs_->Stop("r", "", false).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(runs_->Create(Order("next")).ok()) << "it takes nobody's place";
  EXPECT_TRUE(runs_->Report("r", "view").ok()) << "and the next does not push it out";
  EXPECT_TRUE(runs_->Delete("r").ok());
  EXPECT_EQ(runs_->View("r").status().code(), StatusCode::kNotFound);
  runs_.reset();
}

}  // namespace
}  // namespace squall
