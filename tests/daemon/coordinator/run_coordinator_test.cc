#include "daemon/coordinator/run_coordinator.h"

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "daemon/coordinator/exit_code.h"
#include "tests/daemon/coordinator/fleet.h"

namespace squall {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kEndless = "{users: 6, spawn_rate: 1000}";
constexpr uint64_t kUsers = 6;
// Long enough for a sanitizer on a busy machine to be heard in between.
constexpr Nanos kLossTimeout = std::chrono::seconds(5);

class RunCoordinatorTest : public testing::Test {
 protected:
  void Make(Fleet* fleet, Plan plan) { Make(fleet->Targets(), std::move(plan)); }
  void Make(std::vector<AgentTarget> targets, Plan plan) {
    auto made = RunCoordinator::Make(std::move(plan), settings_, std::move(targets), options_,
                                     &watcher_, &clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    coordinator_ = *std::move(made);
  }
  // The report of a run that can be started.
  RunReport Run() {
    absl::StatusOr<RunReport> report = coordinator_->Run();
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *std::move(report) : RunReport();
  }
  void StopGracefully() { coordinator_->Stop("seen enough", /*immediate=*/false); }
  bool Heard(std::string_view text) const {
    return std::any_of(
        watcher_.events.begin(), watcher_.events.end(),
        [&](const std::string& event) { return event.find(text) != std::string::npos; });
  }

  const SystemClock clock_;
  RunSettings settings_;
  CoordinatorOptions options_ = TestOptions();
  Watcher watcher_;
  std::unique_ptr<RunCoordinator> coordinator_;
};

TEST_F(RunCoordinatorTest, OneAgentRunsTheWholePlan) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor("{users: 4, spawn_rate: 1000, iterations: 200}"));
  const RunReport report = Run();
  EXPECT_EQ(report.total.Total().requests, 200U);
  EXPECT_EQ(fleet.Answered(), 200U);
  EXPECT_EQ(report.total.state, RunState::kFinished);
  EXPECT_EQ(report.run_id, "run-1");
  EXPECT_EQ(report.plan_name, "coordinated");
  EXPECT_EQ(report.version, "1.2.3");
  EXPECT_NE(report.seed, 0U);
  EXPECT_EQ(report.agents_lost, 0U);
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_FALSE(report.series.empty());
  EXPECT_EQ(watcher_.started, 1);
}

TEST_F(RunCoordinatorTest, TheReportHasWhatItsPageShows) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor("{users: 4, spawn_rate: 1000, iterations: 200}"));
  const RunReport report = Run();
  ASSERT_FALSE(report.planned.empty());
  EXPECT_EQ(report.planned.back().users, 4);
  ASSERT_FALSE(report.tasks.empty());
  EXPECT_EQ(report.tasks[0].share, 1);
  uint64_t counted = 0;
  for (const HeatColumn& column : report.heat) {
    counted += std::accumulate(column.counts.begin(), column.counts.end(), uint64_t{0});
  }
  EXPECT_EQ(counted, 200U);
}

TEST_F(RunCoordinatorTest, AnotherProfileIsThatOfTheReport) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor(kEndless));
  const std::vector<Stage> stages = {{std::chrono::hours(1), 3, 1000}};
  bool asked = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!asked) {
      asked = true;
      EXPECT_TRUE(coordinator_->SetProfile({.load = stages}).ok());
    } else if (progress.merged->UserCount() == 3) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.stages, stages);
  EXPECT_EQ(report.options.profile, "stages: 3 users at 1000/s for 1h");
  EXPECT_EQ(report.options.users, 3U);
  ASSERT_FALSE(report.events.empty());
  EXPECT_EQ(report.events.back().text, "stopping: seen enough");
  EXPECT_GT(report.events.back().number, 0);
}

TEST_F(RunCoordinatorTest, ThreeAgentsShareThePlanAndTheirCountsAddUp) {
  Fleet fleet(3);
  Make(&fleet, fleet.PlanFor("{users: 6, spawn_rate: 1000, iterations: 301}"));
  const RunReport report = Run();
  EXPECT_EQ(report.total.Total().requests, 301U);
  EXPECT_EQ(report.total.iterations, 301U);
  EXPECT_EQ(fleet.Answered(), 301U);
  ASSERT_EQ(report.agents.size(), 3U);
  uint64_t sum = 0;
  for (const Snapshot& agent : report.agents) {
    EXPECT_GT(agent.Total().requests, 0U) << agent.agent_id;
    sum += agent.Total().requests;
  }
  EXPECT_EQ(sum, 301U);
}

TEST_F(RunCoordinatorTest, NoAgentsAreRefused) {
  const Fleet fleet(0);
  const auto made =
      RunCoordinator::Make(fleet.PlanFor(kEndless), {}, {}, options_, &watcher_, &clock_);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RunCoordinatorTest, AnUnreachableAgentIsSaidBeforeAnyLoad) {
  Fleet fleet(1);
  options_.call_timeout = std::chrono::seconds(1);
  std::vector<AgentTarget> targets = fleet.Targets();
  targets.push_back(
      {"nobody", grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials())});
  Make(std::move(targets), fleet.PlanFor(kEndless));
  const auto report = coordinator_->Run();
  EXPECT_EQ(report.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("'nobody'"));
  EXPECT_EQ(fleet.Answered(), 0U);
  EXPECT_EQ(watcher_.started, 0);
}

TEST_F(RunCoordinatorTest, AgentsThatUnderstandThePlanDifferentlyDoNotRunAndAreLetGo) {
  Fleet fleet(1);
  const HollowAgent other("another-digest");
  std::vector<AgentTarget> targets = fleet.Targets();
  targets.push_back(other.Target());
  Make(std::move(targets), fleet.PlanFor(kEndless));
  const auto report = coordinator_->Run();
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("same version"));
  EXPECT_EQ(fleet.Answered(), 0U);
  // The good one must not be held for a run that will never begin.
  while (!fleet.agent(0).Idle()) {
    std::this_thread::yield();
  }
  options_.run_id = "run-2";
  Make(&fleet, fleet.PlanFor("{users: 1, iterations: 5}"));
  EXPECT_EQ(Run().total.iterations, 5U);
}

TEST_F(RunCoordinatorTest, ALostAgentsUsersMoveToTheOthersAndWhatItCountedStays) {
  options_.loss_timeout = kLossTimeout;
  Fleet fleet(3);
  Make(&fleet, fleet.PlanFor(kEndless));
  bool killed = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!killed && progress.merged->UserCount() == kUsers && progress.agents.size() == 3) {
      killed = true;
      fleet.Kill(1);
    } else if (Heard("was lost") && HasUsers(progress, kUsers)) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.agents_lost, 1U);
  EXPECT_EQ(ExitCodeOf(report, 1), static_cast<int>(ExitCode::kAgentsLost));
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("agent 'agent-1' was lost")));
  ASSERT_EQ(report.agents.size(), 3U);
  EXPECT_THAT(report.lost_agents, ElementsAre(report.agents[1].agent_id));
  const Snapshot& lost = report.agents[1];
  EXPECT_EQ(lost.state, RunState::kFailed);
  EXPECT_GT(lost.Total().requests, 0U);
  EXPECT_EQ(lost.UserCount(), 0U);
  const uint64_t survivors = report.agents[0].Total().requests + report.agents[2].Total().requests;
  EXPECT_EQ(report.total.Total().requests, survivors + lost.Total().requests);
  EXPECT_LE(report.total.Total().requests, fleet.Answered());
}

TEST_F(RunCoordinatorTest, TheLossOfTheLastAgentEndsTheRun) {
  options_.loss_timeout = kLossTimeout;
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor(kEndless));
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (progress.merged->UserCount() == kUsers) {
      fleet.Kill(0);
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.agents_lost, 1U);
  ASSERT_EQ(report.agents.size(), 1U);
  EXPECT_THAT(report.agents[0].error, HasSubstr("lost: "));
  EXPECT_GT(report.total.Total().requests, 0U);
}

TEST_F(RunCoordinatorTest, ASilentAgentIsLost) {
  const Fleet fleet(0);
  const HollowAgent hollow("digest");
  options_.loss_timeout = std::chrono::milliseconds(50);
  Make({hollow.Target()}, fleet.PlanFor(kEndless));
  const RunReport report = Run();
  EXPECT_EQ(report.agents_lost, 1U);
  EXPECT_THAT(report.warnings, ElementsAre("agent 'hollow' was lost: silent for 50ms"));
  EXPECT_THAT(report.agents, IsEmpty());
}

TEST_F(RunCoordinatorTest, AnAgentThatShutsDownIsNamedAndReplacedButNotLost) {
  Fleet fleet(2);
  Make(&fleet, fleet.PlanFor(kEndless));
  bool drained = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!drained && progress.merged->UserCount() == kUsers) {
      drained = true;
      fleet.agent(0).Drain("agent is shutting down");
    } else if (Heard("left before the end") && progress.merged->UserCount() == kUsers) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.agents_lost, 0U);
  EXPECT_THAT(report.warnings,
              ElementsAre("agent 'agent-0' left before the end: agent is shutting down"));
  EXPECT_EQ(report.total.Total().requests, fleet.Answered());
}

TEST_F(RunCoordinatorTest, StopEndsTheRunWithItsReasonAndEveryAnswerCounted) {
  Fleet fleet(2);
  Make(&fleet, fleet.PlanFor(kEndless));
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (progress.merged->UserCount() == kUsers) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.total.stop_reason, "seen enough");
  EXPECT_EQ(report.total.Total().requests, fleet.Answered());
  EXPECT_EQ(report.total.UserCount(), 0U);
  EXPECT_THAT(watcher_.events, Contains("stopping: seen enough"));
  EXPECT_THAT(report.warnings, IsEmpty());
}

TEST_F(RunCoordinatorTest, AnAgentThatJoinsGetsItsShareAndNobodyElseRestarts) {
  Fleet fleet(3);
  std::vector<AgentTarget> targets = fleet.Targets();
  const AgentTarget late = targets.back();
  targets.pop_back();
  Make(std::move(targets), fleet.PlanFor(kEndless));
  bool joined = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!joined && progress.merged->UserCount() == kUsers) {
      joined = true;
      coordinator_->Join(late);
    } else if (progress.agents.size() == 3 && progress.agents[2]->UserCount() == 2 &&
               HasUsers(progress, kUsers)) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  ASSERT_EQ(report.agents.size(), 3U);
  // Those that moved started a second time, the others did not.
  EXPECT_EQ(report.total.users_started, kUsers + 2);
  EXPECT_EQ(report.agents_lost, 0U);
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_EQ(report.total.Total().requests, fleet.Answered());
}

TEST_F(RunCoordinatorTest, AnAgentThatLeavesGivesItsUsersAwayAndNobodyElseRestarts) {
  Fleet fleet(3);
  Make(&fleet, fleet.PlanFor(kEndless));
  bool asked = false;
  std::vector<MemberRecord> members;
  watcher_.on_roster = [&](const RunRoster& roster) { members = roster.members; };
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!asked && progress.merged->UserCount() == kUsers) {
      asked = true;
      coordinator_->Leave("agent-2");
    } else if (Heard("'agent-2' has left") && progress.merged->UserCount() == kUsers) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  ASSERT_EQ(report.agents.size(), 3U);
  EXPECT_EQ(report.total.users_started, kUsers + 2);  // those that moved, a second time
  EXPECT_EQ(report.agents_lost, 0U);
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_EQ(report.total.Total().requests, fleet.Answered());
  EXPECT_THAT(report.total.stop_reason, HasSubstr("seen enough"));
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[2].fate, MemberFate::kGone);
  EXPECT_TRUE(members[2].last.has_value());
}

TEST_F(RunCoordinatorTest, TheLastAgentMustStay) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor(kEndless));
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (progress.merged->UserCount() == kUsers && !Heard("must stay")) {
      coordinator_->Leave("agent-0");
    } else if (Heard("must stay")) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_EQ(report.total.users_started, kUsers);
}

TEST_F(RunCoordinatorTest, OneThatCannotJoinIsNamedAndTheRunGoesOn) {
  Fleet fleet(1);
  // Short for the one that is not there, long for a sanitizer on a busy machine.
  options_.call_timeout = std::chrono::seconds(3);
  Make(&fleet, fleet.PlanFor(kEndless));
  bool asked = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!asked && progress.merged->UserCount() == kUsers) {
      asked = true;
      coordinator_->Join(
          {"nobody", grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials())});
    } else if (Heard("did not join")) {
      StopGracefully();
    }
  };
  const RunReport report = Run();
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("agent 'nobody'")));
  EXPECT_EQ(report.agents_lost, 0U);
}

// What a coordinator stores while it runs, and the next one starts from.
struct Memory {
  explicit Memory(const std::vector<AgentTarget>& agents) : targets(agents) {}

  Resumption Recall(const std::vector<Snapshot>& snapshots) const {
    Resumption resumption;
    resumption.started_at = roster.started_at;
    resumption.epoch = roster.epoch;
    resumption.control = roster.control;
    for (size_t i = 0; i < roster.members.size(); ++i) {
      resumption.members.push_back({targets[i], roster.members[i].assignment,
                                    i < snapshots.size() ? snapshots[i] : Snapshot(),
                                    roster.members[i].fate});
    }
    return resumption;
  }

  std::vector<AgentTarget> targets;
  RunRoster roster;
};

class TakeOverTest : public RunCoordinatorTest {
 protected:
  // A run on two agents whose coordinator has gone, as the next one finds it.
  void LeaveAlone() {
    watcher_.on_roster = [&](const RunRoster& roster) { memory_.roster = roster; };
    Make({memory_.targets[0], memory_.targets[1]}, fleet_.PlanFor(kEndless));
    watcher_.on_tick = [&](const RunProgress& progress) {
      if (progress.merged->UserCount() == kUsers) {
        coordinator_->Abandon();
      }
    };
    EXPECT_EQ(coordinator_->Run().status().code(), absl::StatusCode::kCancelled);
    plan_ = coordinator_->sent_plan();
    settings_ = coordinator_->settings();
    coordinator_.reset();
  }
  void Resume(Resumption resumption) {
    auto resumed = RunCoordinator::Resume(plan_, settings_, std::move(resumption), options_,
                                          &watcher_, &clock_);
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    coordinator_ = *std::move(resumed);
  }
  // The report of a run that is stopped as soon as `condition` holds.
  RunReport RunUntil(const std::function<bool(const RunProgress&)>& condition) {
    watcher_.on_tick = [&](const RunProgress& progress) {
      if (condition(progress)) {
        StopGracefully();
      }
    };
    return Run();
  }

  Fleet fleet_{3};
  Memory memory_{fleet_.Targets()};
  Plan plan_;
  Inbox inbox_;
};

TEST_F(TakeOverTest, AnotherCoordinatorTakesOverAndNothingIsLost) {
  LeaveAlone();
  const uint64_t first_epoch = memory_.roster.epoch;
  const uint64_t answered = fleet_.Answered();
  Resume(memory_.Recall({}));
  const RunReport report = RunUntil([&](const RunProgress& progress) {
    return progress.merged->UserCount() == kUsers && fleet_.Answered() > answered + 10;
  });
  EXPECT_GT(memory_.roster.epoch, first_epoch);
  EXPECT_EQ(report.total.Total().requests, fleet_.Answered());
  EXPECT_EQ(report.total.users_started, kUsers);
  EXPECT_EQ(report.agents_lost, 0U);
}

TEST_F(TakeOverTest, AnAgentIsNotStoppedForWhatItWasBeforeItCameBack) {
  LeaveAlone();
  const uint64_t answered = fleet_.Answered();
  Resumption resumption = memory_.Recall({});
  Snapshot before;
  before.run_id = "run-1";
  before.agent_id = "agent-0 before";
  before.sequence = 9;
  before.state = RunState::kRunning;  // stored a moment before it was lost
  before.users["User"] = 5;
  before.iterations = 100'000'000;
  resumption.members.push_back(
      {{"agent-0 before", nullptr, ""}, Assignment(), before, MemberFate::kGone});
  Resume(std::move(resumption));
  const RunReport report = RunUntil([&](const RunProgress& progress) {
    return progress.merged->UserCount() == kUsers && fleet_.Answered() > answered + 10;
  });
  EXPECT_FALSE(Heard("is back and was stopped"));
  EXPECT_EQ(report.agents_lost, 1U);
  ASSERT_EQ(report.agents.size(), 3U);
  EXPECT_EQ(report.agents[2].state, RunState::kFailed);
  EXPECT_GT(report.total.iterations, before.iterations) << "what it had counted stays";
}

TEST_F(TakeOverTest, WhatWasStoredAndNotSaidAnyMoreIsSaidAgain) {
  LeaveAlone();
  Resumption resumption = memory_.Recall({});
  resumption.control.load = LoadRequest{.users = 4, .spawn_rate = 1000};
  resumption.control.paused = true;
  Resume(std::move(resumption));
  bool was_paused = false;
  RunUntil([&](const RunProgress& progress) {
    if (!was_paused && progress.merged->state == RunState::kPaused) {
      was_paused = true;
      coordinator_->Resume();
    }
    return was_paused && progress.merged->UserCount() == 4;
  });
  EXPECT_TRUE(was_paused);
}

TEST_F(TakeOverTest, AnAgentThatWasAboutToJoinJoins) {
  LeaveAlone();
  Resumption resumption = memory_.Recall({});
  resumption.members.push_back({memory_.targets[2], Assignment(), {}, MemberFate::kPresent});
  Resume(std::move(resumption));
  const RunReport report = RunUntil([&](const RunProgress& progress) {
    return progress.agents.size() == 3 && progress.agents[2]->UserCount() > 0 &&
           progress.merged->UserCount() == kUsers;
  });
  EXPECT_THAT(report.warnings, IsEmpty());
}

TEST_F(TakeOverTest, AnAgentThatHadStartedToJoinGetsItsShare) {
  LeaveAlone();
  AgentLink link("agent-2", memory_.targets[2].channel, {}, &inbox_);
  bool started = false;
  link.Prepare("run-1", memory_.roster.epoch, "the one before", plan_, Assignment(), settings_,
               [&](const absl::Status& prepared, const AgentReply& /*reply*/) {
                 EXPECT_TRUE(prepared.ok()) << prepared;
                 link.Start("run-1", memory_.roster.epoch, clock_.Wall(),
                            [&](const absl::Status& status) {
                              EXPECT_TRUE(status.ok()) << status;
                              started = true;
                            });
               });
  while (!started) {
    inbox_.RunSome(std::chrono::milliseconds(20));
  }
  Resumption resumption = memory_.Recall({});
  resumption.members.push_back({memory_.targets[2], Assignment(), {}, MemberFate::kPresent});
  Resume(std::move(resumption));
  const RunReport report = RunUntil([&](const RunProgress& progress) {
    return progress.agents.size() == 3 && progress.agents[2]->UserCount() > 0 &&
           progress.merged->UserCount() == kUsers;
  });
  EXPECT_THAT(report.warnings, IsEmpty());
}

TEST_F(RunCoordinatorTest, TheCoordinatorThatWasReplacedIsToldAndLeaves) {
  Fleet fleet(2);
  Memory memory(fleet.Targets());
  watcher_.on_roster = [&](const RunRoster& roster) { memory.roster = roster; };
  Make(&fleet, fleet.PlanFor(kEndless));
  std::thread other;
  Watcher other_watcher;
  std::unique_ptr<RunCoordinator> second;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (second == nullptr && progress.merged->UserCount() == kUsers) {
      CoordinatorOptions options = options_;
      options.owner = "the other";
      auto resumed = RunCoordinator::Resume(coordinator_->sent_plan(), coordinator_->settings(),
                                            memory.Recall({}), options, &other_watcher, &clock_);
      ASSERT_TRUE(resumed.ok()) << resumed.status();
      second = *std::move(resumed);
      other = std::thread([&] { EXPECT_TRUE(second->Run().ok()); });
    } else if (second != nullptr) {
      EXPECT_TRUE(coordinator_->SetLoad({.users = 1, .spawn_rate = 1000}).ok());
    }
  };
  const auto report = coordinator_->Run();
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("another coordinator"));
  second->Stop("enough", /*immediate=*/true);
  other.join();
}

TEST_F(RunCoordinatorTest, AStopBeforeTheStartIsObeyed) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor(kEndless));
  coordinator_->Stop("changed my mind", /*immediate=*/true);
  EXPECT_EQ(Run().total.stop_reason, "changed my mind");
}

TEST_F(RunCoordinatorTest, AThresholdThatAbortsEndsTheRun) {
  Fleet fleet(2);
  Make(&fleet, fleet.PlanFor(kEndless, "/no/such/page",
                             "thresholds: {failures: [{threshold: 'rate < 1%', "
                             "abort_on_fail: true}]}"));
  const RunReport report = Run();
  ASSERT_EQ(report.thresholds.size(), 1U);
  EXPECT_FALSE(report.thresholds[0].passed);
  EXPECT_THAT(report.total.stop_reason, HasSubstr("threshold"));
}

TEST_F(RunCoordinatorTest, ANewLoadIsSharedByTheAgents) {
  Fleet fleet(2);
  Make(&fleet, fleet.PlanFor(kEndless));
  bool asked = false;
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (!asked && progress.merged->UserCount() == kUsers) {
      asked = true;
      EXPECT_TRUE(coordinator_->SetLoad({.users = 2, .spawn_rate = 1000}).ok());
    } else if (asked && progress.merged->UserCount() == 2) {
      EXPECT_EQ(progress.agents[0]->UserCount(), progress.agents[1]->UserCount());
      StopGracefully();
    }
  };
  EXPECT_EQ(Run().total.stop_reason, "seen enough");
}

TEST_F(RunCoordinatorTest, APausedRunStandsStillUntilItIsResumed) {
  Fleet fleet(2);
  Make(&fleet, fleet.PlanFor(kEndless));
  enum { kBefore, kPausing, kPaused, kResuming } step = kBefore;
  uint64_t answered = 0;
  watcher_.on_tick = [&](const RunProgress& progress) {
    const Snapshot& merged = *progress.merged;
    if (step == kBefore && merged.UserCount() == kUsers) {
      step = kPausing;
      coordinator_->Pause();
    } else if (step == kPausing && merged.state == RunState::kPaused && merged.open_requests == 0) {
      step = kPaused;
      answered = fleet.Answered();
    } else if (step == kPaused) {
      EXPECT_EQ(fleet.Answered(), answered);
      step = kResuming;
      coordinator_->Resume();
    } else if (step == kResuming && fleet.Answered() > answered) {
      StopGracefully();
    }
  };
  EXPECT_EQ(Run().total.stop_reason, "seen enough");
}

TEST_F(RunCoordinatorTest, ACommandThatAnAgentRefusesIsSaid) {
  Fleet fleet(1);
  Make(&fleet, fleet.PlanFor(kEndless));
  watcher_.on_tick = [&](const RunProgress& progress) {
    if (progress.merged->UserCount() == kUsers && watcher_.events.empty()) {
      EXPECT_TRUE(coordinator_->SetLoad({.users = 1, .spawn_rate = -1}).ok());
    }
  };
  watcher_.on_event = [&](std::string_view text) {
    if (!text.starts_with("stopping")) {
      EXPECT_THAT(std::string(text), HasSubstr("agent 'agent-0': set load: "));
      StopGracefully();
    }
  };
  EXPECT_EQ(Run().total.stop_reason, "seen enough");
}

}  // namespace
}  // namespace squall
