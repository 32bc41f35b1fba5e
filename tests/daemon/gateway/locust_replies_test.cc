#include "daemon/gateway/locust_replies.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr std::string_view kRun = R"({"id":"r","state":"running","users":7})";
constexpr std::string_view kStats =
    R"({"columns":["method","name","requests","failures","response_mean","response_p50",)"
    R"("response_p95","response_p99","response_min","response_max","bytes_mean","rps",)"
    R"("failures_ps","current_rps","current_failures_ps"],)"
    R"("rows":[["GET","/a",10,1,20.5,20,30,40,5,50,100,2,0.2,3,null]],)"
    R"("total":["","Aggregated",10,2,20.5,20,30,40,5,50,100,2,0.2,3,0.5]})";
constexpr std::string_view kFailures =
    R"({"columns":["count","method","name","reason","first_at","last_at"],)"
    R"("rows":[[2,"GET","/a","500","2026-01-01T00:00:00Z","2026-01-01T00:00:05Z"]],"total":[]})";
constexpr std::string_view kAgents =
    R"({"columns":["id","state","lost","users","cpu_cores","rss_bytes"],)"
    R"("rows":[["a-1","running",0,4,0.5,1000],["a-2","running",1,0,0,0]],"total":[]})";

TEST(LocustRepliesTest, RequestsHaveLocustsFieldNames) {
  const auto json = LocustRequests({.run = kRun,
                                    .stats = kStats,
                                    .failures = kFailures,
                                    .agents = kAgents,
                                    .current_p50_ms = 19.5});
  ASSERT_TRUE(json.ok()) << json.status();
  const std::string figures =
      R"("min_response_time":5,"max_response_time":50,"avg_response_time":20.5,)"
      R"("median_response_time":20,"current_rps":3,"current_fail_per_sec":)";
  const std::string rest =
      R"(,"total_rps":2,"total_fail_per_sec":0.2,"response_time_percentile_0.95":30,)"
      R"("response_time_percentile_0.99":40,"avg_content_length":100})";
  EXPECT_EQ(
      *json,
      R"({"stats":[{"method":"GET","name":"/a","safe_name":"/a","num_requests":10,)"
      R"("num_failures":1,)" +
          figures + "0" + rest +
          R"(,{"method":"","name":"Aggregated","safe_name":"Aggregated","num_requests":10,)"
          R"("num_failures":2,)" +
          figures + "0.5" + rest +
          R"(],"errors":[{"method":"GET","name":"/a","error":"500","occurrences":2,)"
          R"("first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:05Z"}],)"
          R"("total_rps":3,"current_rps":3,"total_fail_per_sec":0.5,)"
          R"("current_fail_per_sec":0.5,"fail_ratio":0.2,)"
          R"("current_response_time_percentiles":{"response_time_percentile_0.5":19.5,)"
          R"("response_time_percentile_0.95":null},"state":"running","user_count":7,)"
          R"("workers":[{"id":"a-1","state":"running","user_count":4,"cpu_usage":50,)"
          R"("memory_usage":1000},{"id":"a-2","state":"missing","user_count":0,"cpu_usage":0,)"
          R"("memory_usage":0}],"worker_count":2})");
}

TEST(LocustRepliesTest, RowsAreLimitedAndTheTotalIsKept) {
  std::string stats = R"({"columns":["name","requests"],"rows":[)";
  for (int i = 0; i < 600; ++i) {
    stats += i == 0 ? R"(["/a",1])" : R"(,["/a",1])";
  }
  stats += R"(],"total":["Aggregated",600]})";
  const auto json =
      LocustRequests({.run = kRun, .stats = stats, .failures = kFailures, .agents = kAgents});
  ASSERT_TRUE(json.ok()) << json.status();
  size_t rows = 0;
  for (size_t at = json->find("safe_name"); at != std::string::npos;
       at = json->find("safe_name", at + 1)) {
    ++rows;
  }
  EXPECT_EQ(rows, 501u);
  EXPECT_NE(json->find(R"("name":"Aggregated")"), std::string::npos);
}

TEST(LocustRepliesTest, ARunIsSpawningAsLongAsItsUsersAreOnTheirWay) {
  const std::string plan =
      R"("planned":[{"at":0,"users":0},{"at":10,"users":50},{"at":60,"users":50},)"
      R"({"at":70,"users":9}])";
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"running", R"("elapsed_seconds":4,)" + plan, "spawning"},
      {"running", R"("elapsed_seconds":10,)" + plan, "running"},
      {"running", R"("elapsed_seconds":61,)" + plan, "spawning"},
      {"running", R"("elapsed_seconds":99,)" + plan, "running"},
      {"stopping", R"("elapsed_seconds":4,)" + plan, "stopping"},
      {"running", R"("elapsed_seconds":10,"target_users":3,"override":{"users":9},)" + plan,
       "spawning"},
      {"running", R"("elapsed_seconds":4,"target_users":9,"override":{"users":9},)" + plan,
       "running"},
      {"running", R"("elapsed_seconds":4,"override":{"users":null},)" + plan, "spawning"},
      {"running", R"("planned":[])", "running"},
  };
  for (const auto& [state, more, expected] : rows) {
    const std::string run = R"({"users":7,"state":")" + state + R"(",)" + more + "}";
    const auto json =
        LocustRequests({.run = run, .stats = kStats, .failures = kFailures, .agents = kAgents});
    ASSERT_TRUE(json.ok()) << json.status();
    EXPECT_NE(json->find(R"("state":")" + expected + R"(","user_count")"), std::string::npos)
        << run << *json;
  }
}

TEST(LocustRepliesTest, ASafeNameHasNoMarkup) {
  const std::string stats =
      R"({"columns":["name","requests"],"rows":[["<b>&\"",1]],"total":["Aggregated",1]})";
  const auto json =
      LocustRequests({.run = kRun, .stats = stats, .failures = kFailures, .agents = kAgents});
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_NE(json->find(R"("name":"<b>&\"","safe_name":"&lt;b&gt;&amp;\"")"), std::string::npos)
      << *json;
}

TEST(LocustRepliesTest, StatesAreLocusts) {
  EXPECT_EQ(LocustStateName(std::nullopt), "ready");
  EXPECT_EQ(LocustStateName(RunState::kPrepared), "spawning");
  EXPECT_EQ(LocustStateName(RunState::kRunning), "running");
  EXPECT_EQ(LocustStateName(RunState::kPaused), "running");
  EXPECT_EQ(LocustStateName(RunState::kStopping), "stopping");
  EXPECT_EQ(LocustStateName(RunState::kFinished), "stopped");
  EXPECT_EQ(LocustStateName(RunState::kFailed), "stopped");
}

TEST(LocustRepliesTest, BeforeARunThereIsAnEmptyTotal) {
  const std::string json = LocustNoRequests();
  EXPECT_NE(json.find(R"("name":"Aggregated")"), std::string::npos);
  EXPECT_NE(json.find(R"("state":"ready","user_count":0)"), std::string::npos);
}

TEST(LocustRepliesTest, ExceptionsSayWhere) {
  EXPECT_EQ(*LocustExceptions(R"({"columns":["count","message","traceback","agents"],)"
                              R"("rows":[[2,"boom","line 1","a-1, a-2"]],"total":[]})"),
            R"({"exceptions":[{"count":2,"msg":"boom","traceback":"line 1","nodes":"a-1, a-2"}]})");
}

TEST(LocustRepliesTest, TaskRatiosAreOfTheClassAndOfAll) {
  EXPECT_EQ(*LocustTasks(R"([{"name":"Shopper","share":0.5,"tasks":)"
                         R"([{"name":"buy","share":0.25,"tasks":[]}]}])"),
            R"({"per_class":{"Shopper":{"ratio":0.5,"tasks":{"buy":{"ratio":0.25}}}},)"
            R"("total":{"Shopper":{"ratio":0.5,"tasks":{"buy":{"ratio":0.125}}}}})");
}

TEST(LocustRepliesTest, WhatIsNoPieceIsABug) {
  for (const char* piece : {"", "[]", "{}", R"({"columns":1})"}) {
    EXPECT_EQ(LocustExceptions(piece).status().code(), absl::StatusCode::kInternal) << piece;
  }
}

TEST(LocustRepliesTest, LogsAndAnswersAreJson) {
  EventRecord event;
  event.at = WallTime(std::chrono::seconds(1'700'000'000));
  event.text = "agent 'a' joined";
  EXPECT_EQ(LocustLogs({event}),
            R"({"master":["[2023-11-14T22:13:20.000Z] agent 'a' joined"],"workers":{}})");
  EXPECT_EQ(LocustAnswer(false, "why", "h"), R"({"success":false,"message":"why","host":"h"})");
}

}  // namespace
}  // namespace squall
