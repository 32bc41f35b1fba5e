#include "daemon/gateway/host_json.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

TEST(HostJsonTest, TheServerSaysWhatItCanAndOffers) {
  HostAbilities abilities{.program = "squall run", .version = "1.2.3", .start = true};
  abilities.scale = true;
  PlanOffer plan{.name = "shop", .load = "5 users", .host = "http://user:secret@shop.test/"};
  plan.users = 5;
  plan.arrival_rate = 50;
  plan.run_time = seconds(90);
  plan.planned = {{.at = seconds(0), .users = 0}, {.at = seconds(2), .users = 5}};
  plan.stages = {{.duration = seconds(2), .users = 5, .spawn_rate = 2.5}};
  plan.user_classes = {{.name = "Shopper", .weight = 2, .tasks = {"buy"}}};
  plan.tags = {"fast", "slow"};
  plan.only_tags = {"fast"};
  plan.exclude_tags = {"slow"};
  plan.iterations = 40;
  plan.seed = UINT64_MAX;
  plan.stop_timeout = std::chrono::milliseconds(2500);
  EXPECT_EQ(ServerJson(abilities, {plan}, "i-1", true),
            R"({"version":"1.2.3","program":"squall run","can":{"start":true,"start_text":false,)"
            R"("one_at_a_time":false,"scale":true,"pause":false,"stages":false,"stop":false,)"
            R"("remove":false,"agents":false},"plans":[{"name":"shop","kind":"plan",)"
            R"("open_model":false,"load":"5 users","host":"http://shop.test/","users":5,)"
            R"("spawn_rate":null,"arrival_rate":50,"run_time_seconds":90,"has_shape":false,)"
            R"("planned":[{"at":0,"users":0,"rate":0},{"at":2,"users":5,"rate":0}],)"
            R"("stages":[{"duration_seconds":2,"users":5,"spawn_rate":2.5}],)"
            R"("user_classes":[{"name":"Shopper","weight":2,"fixed_count":null,"tasks":["buy"]}],)"
            R"("tags":["fast","slow"],"options":[],"only_tags":["fast"],"exclude_tags":["slow"],)"
            R"("iterations":40,"seed":"18446744073709551615","stop_timeout_seconds":2.5}],)"
            R"("instance":"i-1","login":true})");
}

TEST(HostJsonTest, TheValueOfASecretOptionNeverLeaves) {
  PlanOffer plan;
  plan.options = {{.name = "api_key", .value = "hunter2", .secret = true},
                  {.name = "region", .value = "eu"}};
  const std::string json = ServerJson({}, {plan}, "", false);
  EXPECT_EQ(json.find("hunter2"), std::string::npos);
  EXPECT_NE(json.find(R"("name":"api_key","help":"","value":"")"), std::string::npos);
  EXPECT_NE(json.find(R"("value":"eu")"), std::string::npos);
}

TEST(HostJsonTest, ARunInAListHasItsFigures) {
  RunSummary run;
  run.run_id = "r-1";
  run.plan_name = "<shop>";
  run.state = RunState::kFinished;
  run.started_at = WallTime(seconds(1'700'000'000));
  run.verdict = Verdict::kFail;
  run.requests = 10;
  run.failures = 2;
  run.stop_reason = "stopped";
  const std::string item =
      R"({"id":"r-1","plan":"<shop>","state":"finished",)"
      R"("started_at":"2023-11-14T22:13:20.000Z","ended_at":null,"verdict":"FAIL","users":0,)"
      R"("requests":10,"failures":2,"stop_reason":"stopped"})";
  EXPECT_EQ(RunItemJson(run), item);
  EXPECT_EQ(RunListJson({run}, "next"), R"({"runs":[)" + item + R"(],"next_page":"next"})");
  EXPECT_EQ(RunListJson({}, ""), R"({"runs":[],"next_page":null})");
}

TEST(HostJsonTest, AnAgentIsIdleOrHasARun) {
  HostAgent agent;
  agent.agent = {.agent_id = "a-1", .name = "pod", .version = "1", .shards = 2, .cpu_count = 4};
  agent.address = "10.0.0.1:7071";
  agent.joined_at = WallTime(seconds(1'700'000'000));
  const std::string before = R"({"agents":[{"id":"a-1","name":"pod","version":"1","shards":2,)"
                             R"("cpu_count":4,"address":"10.0.0.1:7071","run_id":)";
  const std::string after = R"(,"joined_at":"2023-11-14T22:13:20.000Z"}]})";
  EXPECT_EQ(HostAgentsJson({agent}), before + "null" + after);
  agent.run_id = "r-1";
  EXPECT_EQ(HostAgentsJson({agent}), before + R"("r-1")" + after);
}

}  // namespace
}  // namespace squall
