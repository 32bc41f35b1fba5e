#include "daemon/report/compare.h"

#include <fstream>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace squall {
namespace {

EntryFigures Entry(std::string name, uint64_t requests, uint64_t failures, double rate, double p50,
                   double p95, double p99) {
  return {.name = std::move(name),
          .method = "GET",
          .requests = requests,
          .failures = failures,
          .failure_ratio = static_cast<double>(failures) / static_cast<double>(requests),
          .requests_per_second = rate,
          .response_p50_ms = p50,
          .response_p95_ms = p95,
          .response_p99_ms = p99};
}

RunFigures Before() {
  RunFigures run;
  run.run_id = "run-1";
  run.plan_name = "product-service";
  run.host = "http://127.0.0.1:8082";
  run.started_at = "2026-11-23T08:57:39.120Z";
  run.verdict = "PASS";
  run.measured_seconds = 60;
  run.users = 100;
  run.total = Entry("", 6'000, 6, 100, 12, 40, 80);
  run.total.method = "";
  run.entries = {Entry("/search", 2'000, 4, 33.3, 20, 60, 90),
                 Entry("/products/{id}", 3'000, 2, 50, 8.25, 30, 70),
                 Entry("/gone", 1'000, 0, 16.7, 5, 9, 12)};
  return run;
}

RunFigures After() {
  RunFigures run = Before();
  run.run_id = "run-2";
  run.started_at = "2026-11-24T08:57:39.120Z";
  run.verdict = "FAIL";
  run.total = Entry("", 5'400, 54, 90, 12, 36, 160);
  run.total.method = "";
  run.entries = {Entry("/products/{id}", 3'000, 50, 50, 8.25, 24, 140),
                 Entry("/search", 1'400, 4, 23.3, 20.2, 61, 88),
                 Entry("/new", 1'000, 0, 16.7, 5, 9, 12)};
  return run;
}

TEST(CompareTest, DifferencesAreAbsoluteAndInPercent) {
  const RunComparison comparison = CompareRuns(Before(), After());
  EXPECT_EQ(comparison.before, Before());
  EXPECT_EQ(comparison.after, After());
  EXPECT_EQ(*comparison.total.requests.Difference(), -600);
  EXPECT_EQ(*comparison.total.requests.Percent(), -10);
  EXPECT_EQ(*comparison.total.response_p99_ms.Percent(), 100);
  ASSERT_EQ(comparison.entries.size(), 2U) << "in both, sorted by name";
  EXPECT_EQ(comparison.entries[0].name, "/products/{id}");
  EXPECT_EQ(comparison.entries[1].name, "/search");
  EXPECT_EQ(*comparison.entries[0].failures.Difference(), 48);
  EXPECT_EQ(*comparison.entries[0].response_p95_ms.Difference(), -6);
}

TEST(CompareTest, EntriesOfOneRunOnlyAreListedApart) {
  const RunComparison comparison = CompareRuns(Before(), After());
  ASSERT_EQ(comparison.only_before.size(), 1U);
  EXPECT_EQ(comparison.only_before[0].name, "/gone");
  ASSERT_EQ(comparison.only_after.size(), 1U);
  EXPECT_EQ(comparison.only_after[0].name, "/new");
}

TEST(CompareTest, TheMethodIsPartOfAName) {
  RunFigures after = Before();
  after.entries[0].method = "POST";
  const RunComparison comparison = CompareRuns(Before(), after);
  EXPECT_EQ(comparison.entries.size(), 2U);
  EXPECT_EQ(comparison.only_before.size(), 1U);
  EXPECT_EQ(comparison.only_after.size(), 1U);
}

TEST(CompareTest, NothingIsNotZero) {
  FigureChange change{std::nullopt, 5};
  EXPECT_EQ(change.Difference(), std::nullopt);
  EXPECT_EQ(change.Percent(), std::nullopt);
  change.before = 0;
  EXPECT_EQ(change.Difference(), 5);
  EXPECT_EQ(change.Percent(), std::nullopt) << "of nothing";
}

TEST(CompareTest, TheTableMatchesTheGoldenFile) {
  ExpectGolden("report/compare.txt", ComparisonTable(CompareRuns(Before(), After()), {}));
}

TEST(CompareTest, ANarrowTerminalGetsShorterNames) {
  RunFigures before = Before();
  before.entries[0].name = std::string(300, 'x') + "\x1b[2J";
  const std::string table = ComparisonTable(CompareRuns(before, before), {.columns = 90});
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);  // about the runs
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    EXPECT_LE(line.size(), 92U) << line;  // … is three bytes and one column
  }
}

TEST(CompareTest, OnlyNoticeableChangesAreColoured) {
  const RunComparison comparison = CompareRuns(Before(), After());
  const std::string plain = ComparisonTable(comparison, {});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  const std::string coloured = ComparisonTable(comparison, {.columns = 0, .colour = true});
  EXPECT_NE(coloured.find("\x1b[31m  +100.0%"), std::string::npos) << "p99 doubled: red";
  EXPECT_NE(coloured.find("\x1b[32m   -20.0%"), std::string::npos) << "p95 fell: green";
  EXPECT_NE(coloured.find("\x1b[31m   -10.0%"), std::string::npos) << "fewer per second: red";
  EXPECT_NE(coloured.find("\x1b[31m  +1.60pp"), std::string::npos) << "more failed: red";
  EXPECT_NE(coloured.find("    +1.0%"), std::string::npos) << "noise: no colour";
  EXPECT_EQ(coloured.find("\x1b[31m    +1.0%"), std::string::npos);
}

TEST(CompareTest, RunsWithoutARequestCompareToo) {
  const RunComparison comparison = CompareRuns(RunFigures(), Before());
  const std::string table = ComparisonTable(comparison, {});
  EXPECT_NE(table.find("never started"), std::string::npos);
  EXPECT_NE(table.find("new"), std::string::npos);
  EXPECT_EQ(comparison.only_after.size(), 3U);
}

TEST(CompareTest, JsonMatchesTheGoldenFileAndIsJson) {
  const std::string text = ComparisonJson(CompareRuns(Before(), After()));
  ExpectGolden("report/compare.json", text);
  boost::json::error_code error;
  const boost::json::value json = boost::json::parse(text, error);
  ASSERT_FALSE(error);
  EXPECT_EQ(json.at_pointer("/totals/requests/percent"), -10);
  EXPECT_EQ(json.at_pointer("/before/id"), "run-1");
  EXPECT_EQ(json.at_pointer("/only_after/0/name"), "/new");
}

TEST(CompareTest, EveryFieldIsInTheReference) {
  std::ifstream file(SQUALL_SOURCE_DIR "/docs/report-json.md");
  std::stringstream reference;
  reference << file.rdbuf();
  const boost::json::value json =
      boost::json::parse(ComparisonJson(CompareRuns(Before(), After())));
  for (const auto& member : json.as_object()) {
    EXPECT_NE(reference.str().find("`" + std::string(member.key()) + "`"), std::string::npos)
        << member.key();
  }
  for (const auto& member : json.at_pointer("/totals/requests").as_object()) {
    EXPECT_NE(reference.str().find("`" + std::string(member.key()) + "`"), std::string::npos)
        << member.key();
  }
}

}  // namespace
}  // namespace squall
