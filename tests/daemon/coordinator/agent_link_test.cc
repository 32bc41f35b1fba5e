#include "daemon/coordinator/agent_link.h"

#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/daemon/coordinator/fleet.h"

namespace squall {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr Nanos kInterval = std::chrono::milliseconds(100);
constexpr Nanos kPatience = std::chrono::seconds(1);

// Civil time of a machine whose clock is wrong.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(Nanos by) : by_(by) {}
  TimePoint Now() const override { return real_.Now(); }
  WallTime Wall() const override { return real_.Wall() + by_; }

 private:
  const SystemClock real_;
  const Nanos by_;
};

struct Answer {
  absl::Status status;
  AgentReply reply;
  absl::StatusOr<std::string> digest() const {
    return status.ok() ? absl::StatusOr<std::string>(reply.plan_digest) : status;
  }
};

Answer WaitForReply(Inbox* inbox, const std::function<void(AgentLink::Reply)>& call) {
  std::optional<Answer> answer;
  call([&](const absl::Status& status, const AgentReply& reply) { answer = {status, reply}; });
  while (!answer.has_value()) {
    inbox->RunSome(kPatience);
  }
  return *answer;
}

absl::Status WaitFor(Inbox* inbox, const std::function<void(AgentLink::Done)>& call) {
  return WaitForReply(inbox,
                      [&](const AgentLink::Reply& reply) {
                        call([reply](const absl::Status& status) { reply(status, {}); });
                      })
      .status;
}

class AgentLinkTest : public testing::Test {
 protected:
  AgentLink Link(size_t index = 0) {
    AgentTarget target = fleet_.Targets()[index];
    return AgentLink(target.name, target.channel, {}, &inbox_);
  }
  absl::StatusOr<std::string> Prepare(AgentLink* link, const std::string& run_id,
                                      const std::string& load = "{users: 2, iterations: 10}") {
    return WaitForReply(&inbox_,
                        [&](const AgentLink::Reply& done) {
                          link->Prepare(run_id, 1, "the test", fleet_.PlanFor(load),
                                        MakeAssignment(0, 1, 1), {}, done);
                        })
        .digest();
  }

  Fleet fleet_{2};
  Inbox inbox_;
};

TEST_F(AgentLinkTest, AgentsThatUnderstandTheSamePlanGiveTheSameDigest) {
  AgentLink first = Link(0);
  AgentLink second = Link(1);
  const auto one = Prepare(&first, "run-1");
  const auto same = Prepare(&second, "run-1");
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_FALSE(one->empty());
  EXPECT_EQ(*one, *same);
  const auto other = Prepare(&second, "run-1", "{users: 3, iterations: 10}");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(*one, *other);
}

TEST_F(AgentLinkTest, EveryErrorNamesTheAgentAndTheCall) {
  AgentLink link = Link();
  const absl::Status status = WaitFor(&inbox_, [&](const AgentLink::Done& done) {
    link.Start("nobody-knows-it", 1, WallTime{}, done);
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), StartsWith("agent 'agent-0': start run: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nobody-knows-it"));
  const absl::Status paused = WaitFor(
      &inbox_, [&](const AgentLink::Done& done) { link.Pause("nobody-knows-it", 1, done); });
  const std::string message(paused.message());
  EXPECT_THAT(message, StartsWith("agent 'agent-0': pause: "));
}

TEST_F(AgentLinkTest, ASecondCoordinatorIsToldWhoHoldsTheAgent) {
  AgentLink link = Link();
  ASSERT_TRUE(Prepare(&link, "run-1").ok());
  const auto second = Prepare(&link, "run-2");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("held by the test"));
}

TEST_F(AgentLinkTest, SnapshotsComeUntilTheRunIsOverAndThenTheStreamEndsOnce) {
  AgentLink link = Link();
  ASSERT_TRUE(Prepare(&link, "run-1").ok());
  ASSERT_TRUE(WaitFor(&inbox_, [&](const AgentLink::Done& done) {
                link.Start("run-1", 1, SystemClock().Wall(), done);
              }).ok());
  std::vector<Snapshot> snapshots;
  std::vector<absl::Status> ends;
  link.Watch(
      "run-1", kInterval, [&](Snapshot snapshot) { snapshots.push_back(std::move(snapshot)); },
      [&](const absl::Status& status) { ends.push_back(status); });
  while (ends.empty()) {
    inbox_.RunSome(kPatience);
  }
  ASSERT_FALSE(snapshots.empty());
  EXPECT_TRUE(ends.front().ok()) << ends.front();
  EXPECT_EQ(snapshots.back().state, RunState::kFinished);
  EXPECT_EQ(snapshots.back().agent_id, "agent-0");
  EXPECT_EQ(snapshots.back().iterations, 10U);
  EXPECT_EQ(snapshots.back().Total().requests, fleet_.Answered());
  EXPECT_EQ(ends.size(), 1U);
}

TEST_F(AgentLinkTest, AWatchOfAnUnknownRunEndsWithTheReason) {
  AgentLink link = Link();
  std::vector<absl::Status> ends;
  link.Watch(
      "no-run", kInterval, [](const Snapshot& /*snapshot*/) { FAIL(); },
      [&](const absl::Status& status) { ends.push_back(status); });
  while (ends.empty()) {
    inbox_.RunSome(kPatience);
  }
  EXPECT_EQ(ends.front().code(), absl::StatusCode::kNotFound);
}

TEST_F(AgentLinkTest, ALinkThatGoesAwayEndsItsStream) {
  {
    AgentLink link = Link();
    ASSERT_TRUE(Prepare(&link, "run-1", "{users: 1}").ok());
    link.Watch(
        "run-1", kInterval, [](const Snapshot& /*snapshot*/) {},
        [](const absl::Status& /*status*/) {});
  }
  AgentLink link = Link();
  EXPECT_TRUE(WaitFor(&inbox_, [&](const AgentLink::Done& done) {
                link.Stop("run-1", 1, "over", /*immediate=*/true, done);
              }).ok());
}

TEST_F(AgentLinkTest, AnAgentSaysWhatTimeItHas) {
  const ShiftedClock ahead(std::chrono::hours(3));
  const Fleet fleet(1, &ahead);
  AgentLink link("fast", fleet.Targets()[0].channel, {}, &inbox_);
  const Answer answer =
      WaitForReply(&inbox_, [&](const AgentLink::Reply& done) { link.GetStatus(done); });
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  // Minutes are room enough for any machine.
  const Nanos offset = answer.reply.now - fleet.clock().Wall();
  EXPECT_LT(std::chrono::abs(offset - std::chrono::hours(3)), std::chrono::minutes(2));
}

TEST_F(AgentLinkTest, WhoComesBackWithAHigherEpochCommandsAndTheOtherIsFenced) {
  AgentLink old = Link();
  AgentLink young = Link();
  ASSERT_TRUE(Prepare(&old, "run-1", "{users: 1}").ok());
  const Answer attached = WaitForReply(
      &inbox_, [&](const AgentLink::Reply& done) { young.Attach("run-1", 7, "the other", done); });
  ASSERT_TRUE(attached.status.ok()) << attached.status;
  EXPECT_EQ(attached.reply.state, RunState::kPrepared);
  const absl::Status refused = WaitFor(&inbox_, [&](const AgentLink::Done& done) {
    old.Stop("run-1", 1, "late", /*immediate=*/true, done);
  });
  EXPECT_TRUE(IsFenced(refused)) << refused;
  EXPECT_FALSE(IsFenced(absl::FailedPreconditionError("only a running run can be paused")));
  EXPECT_TRUE(WaitFor(&inbox_, [&](const AgentLink::Done& done) {
                young.Stop("run-1", 7, "over", /*immediate=*/true, done);
              }).ok());
}

TEST_F(AgentLinkTest, AnAgentThatIsNotThereIsUnavailableOnceTheTimeIsUp) {
  AgentLinkOptions options;
  options.call_timeout = std::chrono::milliseconds(50);
  // Port 1: nothing listens there.
  AgentLink link("nobody", grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()),
                 options, &inbox_);
  const absl::Status status =
      WaitForReply(&inbox_, [&](const AgentLink::Reply& done) { link.GetStatus(done); }).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), StartsWith("agent 'nobody': get status: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is squalld running there?"));
}

TEST_F(AgentLinkTest, LaterCallsDoNotWaitForAnAgentThatHasGone) {
  AgentLinkOptions options;
  options.command_timeout = std::chrono::hours(1);  // a call that waits is seen to hang
  AgentLink link("gone", grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()),
                 options, &inbox_);
  const absl::Status status = WaitFor(&inbox_, [&](const AgentLink::Done& done) {
    link.Reassign("run-1", 2, MakeAssignment(0, 1, 2), {}, done);
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace squall
