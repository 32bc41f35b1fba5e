#include "daemon/gateway/route_table.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/daemon/gateway/fake_run_host.h"

namespace squall {
namespace {

class RouteTableTest : public testing::Test {
 protected:
  RouteTableTest() {
    Add("GET", "/runs");
    Add("POST", "/runs", BodyKind::kJson);
    Add("GET", "/runs/{id}");
    Add("GET", "/runs/{id}/stats");
    Add("POST", "/swarm", BodyKind::kForm);
  }

  void Add(const std::string& method, const std::string& pattern, BodyKind body = BodyKind::kNone) {
    table_.Add({method, pattern, body, [=](const HttpRequest&, const std::string& id) {
                  return TextReply(200, method + " " + pattern + " " + id);
                }});
  }
  std::string Answer(const std::string& method, const std::string& path) {
    return BodyOf(table_.Answer(WebRequest(method, path)));
  }

  RouteTable table_;
};

TEST_F(RouteTableTest, FindsByMethodAndPath) {
  EXPECT_EQ(Answer("GET", "/runs"), "GET /runs ");
  EXPECT_EQ(Answer("GET", "/runs/r-1"), "GET /runs/{id} r-1");
  EXPECT_EQ(Answer("GET", "/runs/r-1/stats"), "GET /runs/{id}/stats r-1");
}

TEST_F(RouteTableTest, AnIdIsOneSegmentAndNotEmpty) {
  for (const char* path : {"/runs/", "/runs/a/b", "/runs//stats", "/runs/a/b/stats", "/run", ""}) {
    EXPECT_EQ(table_.Answer(WebRequest("GET", path)).status, 404) << path;
    EXPECT_FALSE(table_.Knows(path)) << path;
  }
  EXPECT_TRUE(table_.Knows("/runs/a"));
}

TEST_F(RouteTableTest, AnotherMethodIsToldWhichOnesThereAre) {
  const HttpReply reply = table_.Answer(WebRequest("DELETE", "/runs"));
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(HeaderOf(reply, "Allow"), "GET, HEAD, POST");
  EXPECT_NE(BodyOf(reply).find("/runs must be asked with GET, HEAD, POST, got DELETE"),
            std::string::npos);
}

TEST_F(RouteTableTest, ABodyMustBeWhatTheRouteReads) {
  HttpRequest request = WebRequest("POST", "/runs", "{}");
  EXPECT_EQ(table_.Answer(request).status, 200);
  request.headers["content-type"] = "Application/JSON ; charset=utf-8";
  EXPECT_EQ(table_.Answer(request).status, 200);
  request.headers["content-type"] = "text/plain";
  EXPECT_EQ(table_.Answer(request).status, 415);
  request.headers.clear();
  EXPECT_EQ(table_.Answer(request).status, 415);
  EXPECT_EQ(table_.Answer(WebRequest("POST", "/runs")).status, 200);  // no body, no type
  EXPECT_EQ(table_.Answer(WebRequest("POST", "/swarm")).status, 200);
  EXPECT_EQ(table_.Answer(WebRequest("POST", "/swarm", "{}")).status, 415);
}

TEST_F(RouteTableTest, NamesItsRoutesInOrder) {
  EXPECT_EQ(table_.Names(),
            (std::vector<std::string>{"GET /runs", "GET /runs/{id}", "GET /runs/{id}/stats",
                                      "POST /runs", "POST /swarm"}));
}

}  // namespace
}  // namespace squall
