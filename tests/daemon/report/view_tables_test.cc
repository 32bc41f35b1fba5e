// The tables of view_json.h.
#include <memory>
#include <set>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/report/view_json.h"
#include "daemon/report/view_of.h"
#include "tests/daemon/report/parsed.h"
#include "tests/daemon/report/sample_report.h"

namespace squall {
namespace {

using boost::json::array;
using boost::json::value;
using std::chrono::seconds;

// A cell by the names of its row and column.
const value& Cell(const value& table, size_t row, const std::string& column) {
  const array& columns = table.at("columns").as_array();
  size_t index = 0;
  while (index < columns.size() && columns[index].as_string() != column) {
    ++index;
  }
  EXPECT_LT(index, columns.size()) << column;
  const array& rows = table.at("rows").as_array();
  return (row < rows.size() ? rows[row] : table.at("total")).as_array().at(index);
}

TEST(ViewTablesTest, CurrentRatesAreOfTheLastSecondsWhileTheRunGoesOn) {
  const EntryKey key{.name = "/a", .method = "GET"};
  Snapshot before;
  before.elapsed = seconds(20);
  before.entries[key].requests = 100;
  Snapshot now;
  now.elapsed = seconds(30);
  now.entries[key].requests = 300;
  now.entries[key].failures = 5;
  RunView view;
  view.summary.state = RunState::kRunning;
  view.total = std::make_shared<const Snapshot>(now);
  view.before = std::make_shared<const Snapshot>(before);
  value table = Parsed(StatsJson(view));
  EXPECT_EQ(Cell(table, 0, "current_rps"), 20);
  EXPECT_EQ(Cell(table, 0, "current_failures_ps").to_number<double>(), 0.5);
  EXPECT_EQ(Cell(table, 0, "rps"), 10);
  EXPECT_EQ(Cell(table, 1, "current_rps"), 20);
  view.before = nullptr;  // it began just now
  EXPECT_EQ(Cell(Parsed(StatsJson(view)), 0, "current_rps"), 10);
  view.summary.state = RunState::kFinished;
  EXPECT_TRUE(Cell(Parsed(StatsJson(view)), 0, "current_rps").is_null());
}

TEST(ViewTablesTest, TimesThatWereNotMeasuredAreNull) {
  const value table = Parsed(StatsJson(ViewOf(EmptyReport())));
  for (const std::string column :
       {"response_mean", "response_p50", "service_p99", "start_delay_p99", "bytes_mean"}) {
    EXPECT_TRUE(Cell(table, 0, column).is_null()) << column;
  }
  EXPECT_EQ(Cell(table, 0, "requests"), 0);
}

TEST(ViewTablesTest, PercentilesAreThoseOfTheHistogram) {
  const RunReport report = OpenReport();
  const EntryStats& stats = report.total.entries.at({RunPhase::kMeasured, "/search", "GET"});
  const value table = Parsed(StatsJson(ViewOf(report)));
  const auto millis = [&](const std::string& column) {
    return Cell(table, 0, column).to_number<double>();
  };
  const auto expected = [](Nanos time) { return static_cast<double>(time.count()) / 1e6; };
  EXPECT_NEAR(millis("response_p50"), expected(stats.response.Percentile(0.5)), 0.001);
  EXPECT_NEAR(millis("response_p99_9"), expected(stats.response.Percentile(0.999)), 0.01);
  EXPECT_NEAR(millis("service_p95"), expected(stats.service.Percentile(0.95)), 0.001);
  EXPECT_NEAR(millis("start_delay_p99"), expected(stats.start_delay.Percentile(0.99)), 0.01);
}

TEST(ViewTablesTest, RowsBeyondTheLimitAreCounted) {
  RunReport report;
  for (size_t i = 0; i < kViewRowsMax + 5; ++i) {
    report.total.entries[{RunPhase::kMeasured, fmt::format("/{:06}", i), "GET"}].requests = 1;
    report.total.failures[{"GET", fmt::format("/{}", i), "HTTP 500"}].count = 1;
  }
  const RunView view = ViewOf(report);
  for (const std::string& json : {StatsJson(view), FailuresJson(view)}) {
    const value table = Parsed(json);
    EXPECT_EQ(table.at("rows").as_array().size(), kViewRowsMax);
    EXPECT_EQ(table.at("left_out"), 5);
  }
  EXPECT_EQ(Cell(Parsed(StatsJson(view)), kViewRowsMax, "requests"), kViewRowsMax + 5);
}

TEST(ViewTablesTest, HostileTextsStayTextsAndAreCut) {
  const RunReport report = HostileReport();
  const std::string json = ViewJson(report);
  EXPECT_LT(json.size(), 100'000U);  // one name has a megabyte
  const value view = Parsed(json);
  EXPECT_EQ(view.at("run").at("plan"), "<script>alert(1)</script>");
  std::set<std::string> names;
  for (size_t i = 0; i < view.at("stats").at("rows").as_array().size(); ++i) {
    const boost::json::string& name = Cell(view.at("stats"), i, "name").as_string();
    EXPECT_LE(name.size(), kViewTextBytesMax + 3);
    names.emplace(name.data(), name.size());
  }
  EXPECT_TRUE(names.contains("bad \uFFFD\uFFFD utf-8, \"quoted\"\r\nnext \u202e line"));
  EXPECT_TRUE(names.contains(std::string(kViewTextBytesMax, 'x') + "…"));
}

TEST(ViewTablesTest, ErrorsSayOnWhichAgentsTheyHappened) {
  const value table = Parsed(ExceptionsJson(ViewOf(ClosedReport())));
  EXPECT_EQ(Cell(table, 0, "agents"), "a-2");
  EXPECT_EQ(Cell(table, 0, "count"), 2);
}

}  // namespace
}  // namespace squall
