#include "daemon/coordinator/agent_pool.h"

#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Nanos kLong = std::chrono::hours(1);

class AgentPoolTest : public testing::Test {
 protected:
  PoolAgent Add(const std::string& name, const std::string& address) {
    AgentDescription agent;
    agent.name = name;
    absl::StatusOr<PoolAgent> added = pool_.Add(agent, address);
    EXPECT_TRUE(added.ok()) << added.status();
    return added.ok() ? *std::move(added) : PoolAgent();
  }
  std::vector<std::string> Claim(const std::string& run, const std::vector<std::string>& names,
                                 size_t count) {
    const auto claimed = pool_.Claim(run, names, count, Nanos(0), nullptr);
    EXPECT_TRUE(claimed.ok()) << claimed.status();
    std::vector<std::string> ids;
    for (const PoolAgent& agent : claimed.value_or(std::vector<PoolAgent>())) {
      ids.push_back(agent.agent.agent_id);
    }
    return ids;
  }
  std::string RunOf(const std::string& id) const {
    for (const PoolAgent& agent : pool_.List()) {
      if (agent.agent.agent_id == id) {
        return agent.run_id;
      }
    }
    return "not here";
  }

  const SystemClock clock_;
  AgentPool pool_{[](const std::string& address) {
                    return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
                  },
                  &clock_, /*agents_max=*/3};
};

TEST_F(AgentPoolTest, TwoOfOneNameAreToldApart) {
  EXPECT_EQ(Add("worker", "127.0.0.1:1").agent.agent_id, "worker");
  EXPECT_EQ(Add("worker", "127.0.0.2:1").agent.agent_id, "worker-2");
  EXPECT_EQ(Add("", "127.0.0.3:1").agent.agent_id, "127.0.0.3:1");
}

TEST_F(AgentPoolTest, OneThatComesBackKeepsItsNameAndItsRun) {
  const PoolAgent first = Add("worker", "127.0.0.1:1");
  EXPECT_THAT(Claim("run-1", {}, 1), ElementsAre("worker"));
  const PoolAgent again = Add("worker", "127.0.0.1:1");
  EXPECT_NE(again.ticket, first.ticket);
  EXPECT_EQ(again.run_id, "run-1");
  pool_.Remove(first.ticket);  // the end of the old connection comes late
  EXPECT_EQ(RunOf("worker"), "run-1");
  pool_.Remove(again.ticket);
  EXPECT_THAT(pool_.List(), IsEmpty());
}

TEST_F(AgentPoolTest, ARunTakesAllThatAreIdleOrThoseItNames) {
  Add("a", "127.0.0.1:1");
  Add("b", "127.0.0.2:1");
  Add("c", "127.0.0.3:1");
  EXPECT_THAT(Claim("run-1", {"b"}, 1), ElementsAre("b"));
  EXPECT_THAT(Claim("run-2", {}, 1), ElementsAre("a", "c"));
  EXPECT_FALSE(pool_.Take("127.0.0.1:1", "run-1"));
  pool_.Release("run-2");
  EXPECT_TRUE(pool_.Take("127.0.0.1:1", "run-1"));
  EXPECT_EQ(RunOf("a"), "run-1");
  EXPECT_FALSE(pool_.Take("127.0.0.1:1", "run-1")) << "it must not join its run twice";
  EXPECT_EQ(RunOf("c"), "");
  EXPECT_FALSE(pool_.Take("127.0.0.9:1", "run-1"));
}

TEST_F(AgentPoolTest, OneThatIsReservedBelongsToItsRunWhenItComes) {
  pool_.Reserve("127.0.0.1:1", "run-1");
  EXPECT_EQ(Add("a", "127.0.0.1:1").run_id, "run-1");
  pool_.Release("run-1");
  EXPECT_EQ(RunOf("a"), "");
  pool_.Reserve("127.0.0.1:1", "run-2");
  EXPECT_EQ(RunOf("a"), "run-2");
}

TEST_F(AgentPoolTest, SaysHowManyAreMissingWhenTheTimeIsUp) {
  Add("a", "127.0.0.1:1");
  const auto claimed = pool_.Claim("run-1", {}, 2, Nanos(0), nullptr);
  EXPECT_EQ(claimed.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(claimed.status().message()), HasSubstr("1 of 2 agents"));
  EXPECT_EQ(RunOf("a"), "");  // it is not held for a run that does not begin
}

TEST_F(AgentPoolTest, OneThatWaitsHearsOfThoseThatCome) {
  std::vector<size_t> heard;
  const auto claimed = pool_.Claim("run-1", {}, 2, kLong, [&](size_t present) {
    heard.push_back(present);
    Add(present == 0 ? "a" : "b", present == 0 ? "127.0.0.1:1" : "127.0.0.2:1");
  });
  EXPECT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_THAT(heard, ElementsAre(0, 1));
}

TEST_F(AgentPoolTest, AWaitCanBeCancelledFromElsewhere) {
  std::thread other;
  const auto claimed = pool_.Claim("run-1", {}, 1, kLong, [&](size_t /*present*/) {
    other = std::thread([this] { pool_.Cancel("run-1"); });
  });
  other.join();
  EXPECT_EQ(claimed.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(AgentPoolTest, AFullPoolRefusesButNotThoseThatAreInIt) {
  Add("a", "127.0.0.1:1");
  Add("b", "127.0.0.2:1");
  Add("c", "127.0.0.3:1");
  EXPECT_EQ(pool_.Add({}, "127.0.0.4:1").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Add("a", "127.0.0.1:1").agent.agent_id, "a");
}

TEST_F(AgentPoolTest, EveryArrivalIsTold) {
  std::vector<std::string> told;
  pool_.OnJoin([&](const PoolAgent& agent) {
    told.push_back(agent.agent.agent_id);
    pool_.Take(agent.address, "run-1");  // no lock is held
  });
  Add("a", "127.0.0.1:1");
  EXPECT_THAT(told, ElementsAre("a"));
  EXPECT_EQ(RunOf("a"), "run-1");
}

}  // namespace
}  // namespace squall
