#include "daemon/coordinator/roster.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/daemon/coordinator/fleet.h"

namespace squall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Notebook final : Roster::Listener {
  void OnNote(std::string_view text) override { notes.emplace_back(text); }
  void OnWarning(std::string text) override { warnings.push_back(std::move(text)); }
  void OnMembers() override { ++changes; }
  void OnFatal(absl::Status status) override { fatal.Update(std::move(status)); }
  bool LeftEarly(const Snapshot& /*last*/) override { return !stopping; }
  double JoinRate(Nanos /*elapsed*/) override { return 1000; }

  std::vector<std::string> notes;
  std::vector<std::string> warnings;
  int changes = 0;
  bool stopping = false;
  absl::Status fatal;
};

class RosterTest : public testing::Test {
 protected:
  RosterTest() : fleet_(2), plan_(fleet_.PlanFor("{users: 6, spawn_rate: 1000}")) {
    options_.run_id = "run-1";
    options_.owner = "the test";
    options_.watch_interval = std::chrono::milliseconds(100);
    options_.loss_timeout = std::chrono::hours(1);
    options_.link.call_timeout = std::chrono::minutes(2);
    options_.link.command_timeout = std::chrono::minutes(2);
  }

  void Make(size_t agents) {
    roster_ = std::make_unique<Roster>(options_, &plan_, &settings_, Membership(agents, 1), &inbox_,
                                       &notebook_, &clock_);
    for (size_t i = 0; i < agents; ++i) {
      roster_->AddInitial(fleet_.Targets()[i]);
    }
  }
  template <typename Condition>
  void Until(const Condition& condition) {
    while (!condition() && notebook_.fatal.ok()) {
      const TimePoint listening_since = clock_.Now();
      inbox_.RunSome(std::chrono::milliseconds(20));
      roster_->Advance(listening_since);
    }
    EXPECT_TRUE(notebook_.fatal.ok()) << notebook_.fatal;
  }
  void StartAll() {
    Until([&] { return roster_->AllReady(); });
    roster_->Start(clock_.Wall());
    Until([&] { return Users() == 6; });
  }
  uint64_t Users() const {
    uint64_t users = 0;
    for (const Snapshot* snapshot : roster_->Snapshots()) {
      users += snapshot->UserCount();
    }
    return users;
  }
  void StopAll() {
    notebook_.stopping = true;
    roster_->SetStop(StopLevel::kImmediate, "seen enough");
    Until([&] { return roster_->AllOver(); });
  }

  const SystemClock clock_;
  Fleet fleet_;
  Plan plan_;
  RunSettings settings_;
  RosterOptions options_;
  Inbox inbox_;
  Notebook notebook_;
  std::unique_ptr<Roster> roster_;
};

TEST_F(RosterTest, BringsEveryAgentToTheStartAndToTheEnd) {
  Make(2);
  EXPECT_FALSE(roster_->AllReady());
  StartAll();
  EXPECT_EQ(roster_->Snapshots().size(), 2U);
  EXPECT_FALSE(roster_->AllOver());
  StopAll();
  EXPECT_EQ(roster_->Snapshots()[0]->stop_reason, "seen enough");
  EXPECT_EQ(roster_->lost(), 0U);
  EXPECT_THAT(notebook_.warnings, IsEmpty());
}

TEST_F(RosterTest, OneThatComesTwiceGetsANameOfItsOwn) {
  Make(1);
  StartAll();
  AgentTarget same = fleet_.Targets()[1];
  same.name = "agent-0";
  roster_->Join(same);
  Until([&] {
    return roster_->Snapshots().size() == 2 && roster_->Snapshots()[1]->UserCount() == 3;
  });
  EXPECT_EQ(roster_->Snapshots()[1]->agent_id, "agent-0#2");
  EXPECT_EQ(roster_->Records()[1].name, "agent-0#2");
  StopAll();
}

TEST_F(RosterTest, AnAgentThatLostTheRunIsLostAtOnce) {
  Make(2);
  StartAll();
  // As after a restart of its squalld: it is there, and knows nothing.
  AgentLink other("other", fleet_.Targets()[0].channel, {}, &inbox_);
  bool replaced = false;
  other.Stop("run-1", 1, "elsewhere", /*immediate=*/true, [&](const absl::Status& stopped) {
    EXPECT_TRUE(stopped.ok()) << stopped;
    replaced = true;
  });
  Until([&] { return replaced; });
  Until([&] { return !notebook_.warnings.empty(); });
  EXPECT_THAT(notebook_.warnings, ElementsAre(HasSubstr("agent 'agent-0' left before the end")));
  Until([&] { return roster_->Snapshots()[1]->UserCount() == 6; });
  StopAll();
}

TEST_F(RosterTest, AReturnedAgentIsStoppedAndItsCountsAreHeardAndItHelpsAgain) {
  options_.loss_timeout = Nanos(-1);  // whoever is waited for is lost
  Make(2);
  Until([&] { return roster_->AllReady(); });
  roster_->Start(clock_.Wall());
  Until([&] { return roster_->lost() == 2; });
  Until([&] { return roster_->Records().size() >= 4; });
  EXPECT_THAT(notebook_.notes, testing::Contains(HasSubstr("is back and was stopped")));
  for (const Snapshot* snapshot : roster_->Snapshots()) {
    EXPECT_EQ(snapshot->UserCount(), 0U);
  }
}

TEST_F(RosterTest, CommandsReachOneThatJoinsLater) {
  Make(1);
  StartAll();
  roster_->SetLoad({.users = 4, .spawn_rate = 1000});
  roster_->SetPaused(true);
  Until([&] { return roster_->Snapshots()[0]->state == RunState::kPaused; });
  roster_->Join(fleet_.Targets()[1]);
  Until([&] {
    return roster_->Snapshots().size() == 2 && roster_->Snapshots()[1]->state == RunState::kPaused;
  });
  roster_->SetPaused(false);
  Until([&] { return Users() == 4 && roster_->Snapshots()[1]->UserCount() == 2; });
  StopAll();
}

}  // namespace
}  // namespace squall
