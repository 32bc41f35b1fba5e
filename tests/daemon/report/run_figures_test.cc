#include "daemon/report/run_figures.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "daemon/report/json_report.h"
#include "tests/daemon/report/sample_report.h"

namespace squall {
namespace {

std::string Refusal(const std::string& json) {
  const absl::StatusOr<RunFigures> figures = ParseRunFigures(json);
  EXPECT_FALSE(figures.ok()) << json.substr(0, 100);
  return std::string(figures.status().message());
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(RunFiguresTest, TheJsonReportReadsBack) {
  const absl::StatusOr<RunFigures> figures = ParseRunFigures(JsonReport(ClosedReport()));
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->run_id, "run-7f3a");
  EXPECT_EQ(figures->plan_name, "product-service");
  EXPECT_EQ(figures->host, "http://127.0.0.1:8082");
  EXPECT_EQ(figures->started_at.substr(0, 4), "2026");
  EXPECT_EQ(figures->verdict, "FAIL");
  EXPECT_EQ(figures->measured_seconds, 20);
  EXPECT_EQ(figures->users, 10U);
  EXPECT_EQ(figures->total.requests, 300U);
  EXPECT_EQ(figures->total.failures, 8U);
  EXPECT_EQ(figures->total.requests_per_second, 15);
  ASSERT_EQ(figures->entries.size(), 3U);
  const EntryFigures& buy = figures->entries[1];
  EXPECT_EQ(buy.name, "Buy");
  EXPECT_EQ(buy.method, "POST");
  EXPECT_EQ(buy.requests, 40U);
  EXPECT_EQ(buy.failure_ratio, 0.2);
  EXPECT_NEAR(*buy.response_p50_ms, 25, 0.15);
  EXPECT_NEAR(*buy.response_p99_ms, 1234, 5);
}

TEST(RunFiguresTest, EverySampleReportReadsBack) {
  for (const RunReport& report : {OpenReport(), HostileReport(), EmptyReport()}) {
    const absl::StatusOr<RunFigures> figures = ParseRunFigures(JsonReport(report));
    EXPECT_TRUE(figures.ok()) << report.plan_name << ": " << figures.status();
  }
  const absl::StatusOr<RunFigures> empty = ParseRunFigures(JsonReport(EmptyReport()));
  EXPECT_EQ(empty->total.response_p99_ms, std::nullopt);
  EXPECT_EQ(empty->users, std::nullopt);
}

TEST(RunFiguresTest, GarbageIsRefusedWithItsPlace) {
  EXPECT_TRUE(Refusal("").starts_with("the report must be JSON: "));
  EXPECT_TRUE(Refusal("{\"format\":").starts_with("the report must be JSON: "));
  EXPECT_EQ(Refusal("[1, 2]"), "the report must be an object");
  EXPECT_EQ(Refusal("{}"), "format must be there");
  EXPECT_TRUE(Refusal(std::string(100'000, '[')).starts_with("the report must be JSON: "));
  EXPECT_EQ(Refusal(std::string(kReportJsonBytesMax + 1, ' ')),
            "the report must be at most 67108864 bytes long, got 67108865");

  const std::string good = JsonReport(ClosedReport());
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"squall-report", "other", "format must be 'squall-report', got 'other'"},
      {"\"version\": 1", "\"version\": 2", "version must be 1, got 2"},
      {"\"requests\": 300", "\"requests\": -1", "totals.requests must be a whole number"},
      {"\"requests\": 300", "\"requests\": 0.5", "totals.requests must be a whole number"},
      {"\"requests\": 300", "\"requests\": \"300\"", "totals.requests must be a whole number"},
      {"\"measured_seconds\": 20", "\"measured_seconds\": -20",
       "run.measured_seconds must be a number, 0 or more"},
      {"\"totals\": {", "\"totals\": 5, \"x\": {", "totals must be an object"},
      {"\"entries\": [", "\"entries\": {}, \"x\": [", "entries must be a list"},
      {"\"name\": \"Buy\",\n      \"method\": \"POST\",\n      \"requests\"",
       "\"name\": \"Buy\", \"method\": 7, \"requests\"", "entries[1].method must be a text"},
      {"\"99\":", "\"99\": \"slow\", \"x\":",
       "totals.response_ms.percentiles.99 must be a number, 0 or more"},
  };
  for (const auto& [what, with, message] : rows) {
    EXPECT_EQ(Refusal(Replaced(good, what, with)), message);
  }
}

TEST(RunFiguresTest, NoDamageToAReportDoesHarm) {
  const uint64_t seed = 23;
  Rng rng(seed);
  const std::string good = JsonReport(ClosedReport());
  for (int i = 0; i < 300; ++i) {
    std::string text = good;
    for (uint64_t flips = 1 + rng.Below(3); flips > 0; --flips) {
      text[rng.Below(text.size())] = static_cast<char>(rng.Below(256));
    }
    const absl::StatusOr<RunFigures> figures = ParseRunFigures(text);
    if (!figures.ok()) {
      EXPECT_FALSE(figures.status().message().empty());
    }
  }
}

}  // namespace
}  // namespace squall
