#include "daemon/gateway/locust_api.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

class LocustApiTest : public testing::Test {
 protected:
  LocustApiTest() {
    api_.AddTo(&routes_);
    host_.plans = {{.name = "shop"}};
  }

  std::string Get(const std::string& path) {
    const HttpReply reply = routes_.Answer(WebRequest("GET", path));
    EXPECT_EQ(reply.status, 200) << path << ": " << BodyOf(reply);
    return BodyOf(reply);
  }
  std::string Swarm(const std::string& form) {
    HttpRequest request = WebRequest("POST", "/swarm", form);
    request.headers["content-type"] = "application/x-www-form-urlencoded";
    const HttpReply reply = routes_.Answer(request);
    EXPECT_EQ(reply.status, 200);
    return BodyOf(reply);
  }
  // `times` more requests of 5 ms.
  void Request(const std::string& run_id, int times) {
    FakeRunHost::Run& run = host_.Of(run_id);
    FakeRunHost::Grow(&run);
    auto total = std::make_shared<Snapshot>(*run.view->total);
    total->elapsed += std::chrono::seconds(10);
    EntryStats& entry = total->entries[{RunPhase::kMeasured, "/a", "GET"}];
    for (int i = 0; i < times; ++i) {
      ++entry.requests;
      entry.response.Record(std::chrono::milliseconds(5));
    }
    run.view->before = run.view->total;
    run.view->total = std::move(total);
  }
  static bool Has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }

  FakeRunHost host_;
  LocustApi api_{&host_};
  RouteTable routes_;
};

TEST_F(LocustApiTest, WithoutARunItIsReady) {
  EXPECT_TRUE(Has(Get("/stats/requests"), R"("state":"ready")"));
  EXPECT_EQ(Get("/exceptions"), R"({"exceptions":[]})");
  EXPECT_EQ(Get("/tasks"), R"({"per_class":{},"total":{}})");
  EXPECT_EQ(Get("/logs"), R"({"master":[],"workers":{}})");
  EXPECT_EQ(Get("/worker-count"), R"({"worker_count":0})");
  EXPECT_EQ(Get("/stop"), R"({"success":true,"message":"Test stopped"})");
  EXPECT_EQ(Get("/stats/reset"), "ok");
  EXPECT_EQ(routes_.Answer(WebRequest("GET", "/stats/requests/csv")).status, 404);
  EXPECT_EQ(routes_.Answer(WebRequest("GET", "/stats/report")).status, 404);
}

TEST_F(LocustApiTest, SwarmStartsARun) {
  EXPECT_EQ(Swarm("user_count=3&spawn_rate=1&host=http%3A%2F%2Fu%3Ap%40h.test"),
            R"({"success":true,"message":"Swarming started","host":"http://h.test"})");
  ASSERT_EQ(host_.started.size(), 1u);
  EXPECT_EQ(host_.started[0].settings.users, 3u);
}

TEST_F(LocustApiTest, SwarmSaysWhatWasAskedFor) {
  host_.plans[0].host = "http://u:p@plan.test";
  EXPECT_EQ(Swarm("user_count=3&run_time=90&user_classes=A&user_classes=B"),
            R"({"success":true,"message":"Swarming started","host":"http://plan.test",)"
            R"("run_time":90,"user_classes":["A","B"]})");
}

TEST_F(LocustApiTest, AFailureIsA200WithAMessageAsInLocust) {
  EXPECT_TRUE(Has(Swarm("user_count=x"), R"({"success":false,"message":"user_count must be)"));
  host_.refusal = absl::FailedPreconditionError("no agent has joined");
  EXPECT_TRUE(Has(Swarm("user_count=3"), R"("success":false,"message":"no agent has joined")"));
}

TEST_F(LocustApiTest, SwarmChangesTheUsersOfARunThatGoesOn) {
  host_.Add("a");
  EXPECT_TRUE(Has(Swarm("user_count=30&spawn_rate=5"), R"("success":true)"));
  EXPECT_TRUE(host_.started.empty());
  EXPECT_EQ(host_.changes, std::vector<std::string>{"load a users=30 at 5 factor=0 clear=false"});
  EXPECT_TRUE(Has(Swarm("spawn_rate=5"), "user_count must be given"));
}

TEST_F(LocustApiTest, StopsTheRunThatGoesOnNotTheNewest) {
  host_.Add("a");
  FakeRunHost::Store(&host_.Add("b"), SmallView());
  Get("/stop");
  EXPECT_EQ(host_.changes, std::vector<std::string>{"stop a 'stopped by request' false"});
}

TEST_F(LocustApiTest, FindsTheRunThatGoesOnHoweverManyHaveEndedSince) {
  host_.Add("waiting").summary.state = RunState::kPrepared;
  host_.Add("running");
  for (int i = 0; i < 25; ++i) {
    FakeRunHost::Store(&host_.Add(fmt::format("over-{}", i)), SmallView());
  }
  Get("/stop");
  EXPECT_EQ(host_.changes, std::vector<std::string>{"stop running 'stopped by request' false"});
  FakeRunHost::Store(&host_.Of("running"), SmallView());
  Get("/stop");
  EXPECT_EQ(host_.changes.back(), "stop waiting 'stopped by request' false");
  FakeRunHost::Store(&host_.Of("waiting"), SmallView());
  Get("/stop");
  EXPECT_EQ(host_.changes.size(), 2U);
  host_.Of("over-24").reports["csv_stats"] = "the newest";
  EXPECT_EQ(Get("/stats/requests/csv"), "the newest");
}

TEST_F(LocustApiTest, FilesOfARunThatGoesOnCostItNothing) {
  FakeRunHost::Run& run = host_.Add("a");
  auto total = std::make_shared<Snapshot>(*run.view->total);
  total->task_errors["boom\nline 1"] = 2;
  run.view->total = std::move(total);
  run.view->error_agents["boom\nline 1"] = "a-1";
  EXPECT_TRUE(Has(Get("/stats/requests/csv"), "GET,/a,1,0"));
  EXPECT_TRUE(Has(Get("/stats/failures/csv"), "Method,Name,Error"));
  EXPECT_TRUE(Has(Get("/exceptions/csv"), "2,boom,line 1,a-1"));
  EXPECT_EQ(host_.reports_asked, 0);
}

TEST_F(LocustApiTest, ShowsALiveRun) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::Happens(&run, "started");
  const std::string stats = Get("/stats/requests");
  EXPECT_TRUE(Has(stats, R"("name":"/a","safe_name":"/a","num_requests":1)")) << stats;
  EXPECT_TRUE(Has(stats, R"("state":"running","user_count":3)")) << stats;
  EXPECT_TRUE(Has(stats, R"("response_time_percentile_0.5":20)")) << stats;
  EXPECT_TRUE(Has(Get("/logs"), "started"));
}

TEST_F(LocustApiTest, ShowsAStoredRun) {
  FakeRunHost::Store(&host_.Add("old"), SmallView());
  const std::string stats = Get("/stats/requests");
  EXPECT_TRUE(Has(stats, R"("num_requests":4,"num_failures":1)")) << stats;
  EXPECT_TRUE(Has(stats, R"("state":"stopped","user_count":0)")) << stats;
  EXPECT_TRUE(Has(stats, R"("fail_ratio":0.25)")) << stats;
  EXPECT_TRUE(Has(stats, R"("response_time_percentile_0.5":null)")) << stats;
  EXPECT_TRUE(Has(Get("/exceptions"), R"("msg":"boom","traceback":"line 1","nodes":"a-1")"));
  EXPECT_TRUE(Has(Get("/tasks"), R"("buy":{"ratio":0.125})"));
}

TEST_F(LocustApiTest, AResetHidesWhatWasBefore) {
  host_.Add("a").reports["csv_stats"] = "of the whole run";
  EXPECT_TRUE(Has(Get("/stats/requests/csv"), "GET,/a,1,0"));
  EXPECT_EQ(Get("/stats/reset"), "ok");
  EXPECT_TRUE(Has(Get("/stats/requests"), R"("num_requests":0)"));
  Request("a", 2);
  const std::string stats = Get("/stats/requests");
  EXPECT_TRUE(Has(stats, R"("num_requests":2)")) << stats;
  EXPECT_TRUE(Has(stats, R"("total_rps":0.2)")) << stats;  // in the ten seconds since
  EXPECT_FALSE(Has(stats, R"("max_response_time":20)")) << stats;
  const std::string csv = Get("/stats/requests/csv");
  EXPECT_TRUE(Has(csv, "GET,/a,2,0")) << csv;
  EXPECT_TRUE(Has(Get("/exceptions/csv"), "Count,Message"));
  host_.Of("a").view->summary.state = RunState::kFinished;
  EXPECT_EQ(Get("/stats/requests/csv"), "of the whole run");
}

TEST_F(LocustApiTest, AResetIsOfThatRunAlone) {
  host_.Add("a");
  Get("/stats/reset");
  host_.Add("b");
  EXPECT_TRUE(Has(Get("/stats/requests"), R"("num_requests":1)"));
}

TEST_F(LocustApiTest, TheReportIsShownOrSaved) {
  host_.Add("a").reports["html"] = "<html>";
  HttpRequest request = WebRequest("GET", "/stats/report");
  EXPECT_TRUE(HeaderOf(routes_.Answer(request), "Content-Disposition").starts_with("inline"));
  request.query = {{"download", "1"}};
  EXPECT_TRUE(HeaderOf(routes_.Answer(request), "Content-Disposition").starts_with("attachment"));
}

TEST_F(LocustApiTest, UserClassesCannotBeChanged) {
  const HttpReply reply = routes_.Answer(WebRequest("POST", "/user", "{}"));
  EXPECT_EQ(reply.status, 501);
  EXPECT_TRUE(Has(BodyOf(reply), "change the plan"));
}

}  // namespace
}  // namespace squall
