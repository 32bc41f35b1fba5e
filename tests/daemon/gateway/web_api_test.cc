#include "daemon/gateway/web_api.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

class WebApiTest : public testing::Test {
 protected:
  WebApiTest() { api_.AddTo(&routes_); }

  HttpReply Ask(const std::string& method, const std::string& path, const std::string& body = "",
                std::vector<std::pair<std::string, std::string>> query = {}) {
    HttpRequest request = WebRequest(method, path, body);
    request.query = std::move(query);
    return routes_.Answer(request);
  }
  std::string Error(const std::string& method, const std::string& path,
                    const std::string& body = "",
                    std::vector<std::pair<std::string, std::string>> query = {}) {
    const HttpReply reply = Ask(method, path, body, std::move(query));
    EXPECT_GE(reply.status, 400) << BodyOf(reply);
    return BodyOf(reply);
  }

  FakeRunHost host_;
  RunPieces pieces_{&host_};
  WebApi api_{&host_, &pieces_, "i-1"};
  RouteTable routes_;
};

TEST_F(WebApiTest, TheServerDescribesItself) {
  host_.abilities.program = "squall serve";
  const HttpReply reply = Ask("GET", "/api/v1/server");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(BodyOf(reply).find("squall serve"), std::string::npos);
  EXPECT_NE(BodyOf(reply).find(R"("instance":"i-1","login":false)"), std::string::npos);
  HttpRequest with_cookie = WebRequest("GET", "/api/v1/server");
  with_cookie.headers["cookie"] = "squall-8089=abc";
  EXPECT_NE(BodyOf(routes_.Answer(with_cookie)).find(R"("login":true)"), std::string::npos);
}

TEST_F(WebApiTest, StartsARunAndSaysWhereItIs) {
  const HttpReply reply = Ask("POST", "/api/v1/runs", R"({"users":5})");
  EXPECT_EQ(reply.status, 201) << BodyOf(reply);
  EXPECT_EQ(HeaderOf(reply, "Location"), "/api/v1/runs/r-1");
  EXPECT_NE(BodyOf(reply).find(R"("id":"r-1")"), std::string::npos);
  ASSERT_EQ(host_.started.size(), 1u);
  EXPECT_EQ(host_.started[0].settings.users, 5u);
}

TEST_F(WebApiTest, AWrongStartStartsNothing) {
  EXPECT_NE(Error("POST", "/api/v1/runs", R"({"usres":5})").find("did you mean 'users'?"),
            std::string::npos);
  EXPECT_TRUE(host_.started.empty());
  host_.refusal = absl::FailedPreconditionError("run 'x' must end first");
  const HttpReply reply = Ask("POST", "/api/v1/runs", "{}");
  EXPECT_EQ(reply.status, 409);
  EXPECT_NE(BodyOf(reply).find("must end first"), std::string::npos);
}

TEST_F(WebApiTest, ListsRunsByPage) {
  host_.Add("a");
  host_.next = "token";
  const HttpReply reply =
      Ask("GET", "/api/v1/runs", "",
          {{"limit", "5"}, {"plan", "shop"}, {"state", "running"}, {"page", "p"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(BodyOf(reply).find(R"("next_page":"token")"), std::string::npos);
  ASSERT_EQ(host_.filters.size(), 1u);
  EXPECT_EQ(host_.filters[0].limit, 5);
  EXPECT_EQ(host_.filters[0].name, "shop");
  EXPECT_EQ(host_.filters[0].state, StoredState::kRunning);
  EXPECT_EQ(host_.filters[0].page_token, "p");
  EXPECT_NE(Error("GET", "/api/v1/runs", "", {{"limit", "0"}})
                .find("limit must be a whole number from 1 to 1000, got '0'"),
            std::string::npos);
  EXPECT_NE(Error("GET", "/api/v1/runs", "", {{"state", "on"}}).find("state must be one of"),
            std::string::npos);
}

TEST_F(WebApiTest, ChangesARun) {
  host_.Add("a");
  for (const char* body :
       {R"({"users":9,"spawn_rate":3})", R"({"arrival_factor":2})", R"({"clear":true})",
        R"({"paused":true})", R"({"stages":[{"duration_seconds":1,"users":2}]})"}) {
    EXPECT_EQ(Ask("PATCH", "/api/v1/runs/a", body).status, 200) << body;
  }
  EXPECT_EQ(host_.changes, (std::vector<std::string>{"load a users=9 at 3 factor=0 clear=false",
                                                     "load a users=0 at 1 factor=2 clear=false",
                                                     "load a users=0 at 1 factor=0 clear=true",
                                                     "pause a true", "stages a 1"}));
  EXPECT_EQ(Ask("PATCH", "/api/v1/runs/a", "{}").status, 400);
  host_.refusal = absl::UnimplementedError("a locustfile's load has no stages");
  EXPECT_EQ(Ask("PATCH", "/api/v1/runs/a", R"({"paused":true})").status, 501);
}

TEST_F(WebApiTest, StopsAndDeletesARun) {
  host_.Add("a");
  EXPECT_EQ(Ask("POST", "/api/v1/runs/a/stop", R"({"reason":"enough","immediate":true})").status,
            200);
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/a").status, 204);
  EXPECT_EQ(host_.changes, (std::vector<std::string>{"stop a 'enough' true", "delete a"}));
}

TEST_F(WebApiTest, TablesCarryTheirVersion) {
  host_.Add("a");
  const HttpReply first = Ask("GET", "/api/v1/runs/a/stats");
  EXPECT_EQ(first.status, 200);
  EXPECT_FALSE(first.etag.empty());
  HttpRequest again = WebRequest("GET", "/api/v1/runs/a/stats");
  again.headers["if-none-match"] = "W/\"" + first.etag + "\"";
  EXPECT_EQ(routes_.Answer(again).status, 304);
  FakeRunHost::Grow(&host_.Of("a"));
  EXPECT_EQ(routes_.Answer(again).status, 200);
}

TEST_F(WebApiTest, ManyClientsShareOneRendering) {
  host_.Add("a");
  const auto text = Ask("GET", "/api/v1/runs/a/stats").body;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Ask("GET", "/api/v1/runs/a/stats").body, text);
  }
}

TEST_F(WebApiTest, ServesEveryPieceLiveAndStored) {
  host_.Add("live");
  FakeRunHost::Store(&host_.Add("old"), SmallView());
  for (const char* run : {"live", "old"}) {
    for (const char* piece : {"", "/view", "/stats", "/failures", "/exceptions", "/agents",
                              "/tasks", "/heat", "/points", "/events"}) {
      const std::string path = std::string("/api/v1/runs/") + run + piece;
      const HttpReply reply = Ask("GET", path);
      EXPECT_EQ(reply.status, 200) << path << ": " << BodyOf(reply);
    }
  }
}

TEST_F(WebApiTest, AnUnknownRunIsNotFoundEverywhere) {
  for (const char* path : {"", "/view", "/stats", "/points", "/events", "/stream", "/report"}) {
    const HttpReply reply = Ask("GET", std::string("/api/v1/runs/x") + path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.feed, nullptr);
  }
}

TEST_F(WebApiTest, PointsAndEventsBeginWhereThePageEnds) {
  FakeRunHost::Run& run = host_.Add("a");
  FakeRunHost::AddPoint(&run);
  FakeRunHost::Happens(&run, "zero");
  FakeRunHost::Happens(&run, "one");
  const std::string points =
      BodyOf(Ask("GET", "/api/v1/runs/a/points", "", {{"known", "2"}, {"step", "1"}}));
  EXPECT_NE(points.find(R"("from":1)"), std::string::npos) << points;
  const std::string events = BodyOf(Ask("GET", "/api/v1/runs/a/events", "", {{"after", "0"}}));
  EXPECT_EQ(events.find("zero"), std::string::npos);
  EXPECT_NE(events.find("one"), std::string::npos);
  for (const char* wrong : {"-1", "x", "1.5", "", "99999999999999999999"}) {
    EXPECT_EQ(Ask("GET", "/api/v1/runs/a/points", "", {{"known", wrong}}).status, 400) << wrong;
  }
  for (const char* wrong : {"-1", "x", "nan", "inf", ""}) {
    EXPECT_EQ(Ask("GET", "/api/v1/runs/a/stream", "", {{"step", wrong}}).status, 400) << wrong;
  }
}

TEST_F(WebApiTest, OpensAStream) {
  host_.Add("a");
  const HttpReply reply = Ask("GET", "/api/v1/runs/a/stream");
  ASSERT_NE(reply.feed, nullptr);
  EXPECT_NE(reply.feed->Next().text->find("event: run\n"), std::string::npos);
}

TEST_F(WebApiTest, ReportsAreFiles) {
  host_.Add("a").reports["csv_stats"] = "Type,Name\r\n";
  const HttpReply reply = Ask("GET", "/api/v1/runs/a/report", "", {{"format", "csv_stats"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/csv");
  EXPECT_EQ(HeaderOf(reply, "Content-Disposition"),
            "attachment; filename=\"shop_2023-11-14-2213_stats.csv\"");
  EXPECT_NE(Error("GET", "/api/v1/runs/a/report", "", {{"format", "jnuit"}})
                .find("did you mean 'junit'?"),
            std::string::npos);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/a/report", "", {{"format", "html"}}).status, 404);
}

TEST_F(WebApiTest, ComparingNeedsTwoRuns) {
  host_.Add("a").reports["json"] = "no report";
  EXPECT_NE(Error("GET", "/api/v1/compare", "", {{"run", "a"}}).find("base must be the id"),
            std::string::npos);
  EXPECT_EQ(Ask("GET", "/api/v1/compare", "", {{"base", "x"}, {"run", "a"}}).status, 404);
  EXPECT_EQ(Ask("GET", "/api/v1/compare", "", {{"base", "a"}, {"run", "a"}}).status, 400);
}

}  // namespace
}  // namespace squall
