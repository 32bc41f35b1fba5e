#include "daemon/report/table.h"

#include <algorithm>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/report/text.h"
#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(TableTest, HeadersAndRulesAreLocustsByteForByte) {
  const Snapshot nothing;
  const std::vector<std::string> lines = Lines(StatsTable(nothing, nullptr, {}));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0],
            "Type     Name                                                                        "
            "  # reqs      # fails |    Avg     Min     Max    Med |   req/s  failures/s");
  EXPECT_EQ(lines[1],
            "--------|----------------------------------------------------------------------------|"
            "-------|-------------|-------|-------|-------|-------|--------|-----------");
  EXPECT_EQ(lines[3],
            "         Aggregated                                                                  "
            "       0     0(0.00%) |      0       0       0      0 |    0.00        0.00");
}

TEST(TableTest, PercentileHeaderIsLocustsByteForByte) {
  const std::vector<std::string> lines = Lines(PercentileTable(ClosedReport().total, {}));
  EXPECT_EQ(lines[1],
            "Type     Name                                                                        "
            "          50%    66%    75%    80%    90%    95%    98%    99%  99.9% 99.99%   100% "
            "# reqs");
  EXPECT_EQ(lines[2].size(), 175u);
}

TEST(TableTest, ClosedModelTablesMatchTheGoldenFile) {
  const RunReport report = ClosedReport();
  const std::string text = StatsTable(report.total, nullptr, {}) +
                           PercentileTable(report.total, {}) + ErrorReport(report.total, {});
  ExpectGolden("report/tables_closed.txt", text);
}

TEST(TableTest, NamesShrinkOnANarrowTerminalAndColumnsStayAligned) {
  const RunReport report = ClosedReport();
  const std::string text = StatsTable(report.total, nullptr, {.columns = 100});
  for (const std::string& line : Lines(text)) {
    EXPECT_TRUE(line.empty() || Columns(line) == 100) << line;
  }
}

TEST(TableTest, TerminalNarrowerThanTheFiguresStillGivesATable) {
  const RunReport report = ClosedReport();
  for (const int columns : {1, 20, 79, 84}) {
    const TableStyle style{.columns = columns};
    EXPECT_NE(StatsTable(report.total, nullptr, style).find("# fails"), std::string::npos);
    EXPECT_FALSE(PercentileTable(report.total, style).empty());
    EXPECT_FALSE(ErrorReport(report.total, style).empty());
  }
}

TEST(TableTest, SubMillisecondTimesAreNotShownAsZero) {
  Snapshot snapshot;
  AddRequests(&snapshot.entries[{.name = "/fast", .method = "GET"}], {{0.25, 9}, {0.002, 1}});
  const std::string row = Lines(PercentileTable(snapshot, {}))[3];
  EXPECT_NE(row.find("   0.25   0.25"), std::string::npos) << row;
  EXPECT_NE(Lines(StatsTable(snapshot, nullptr, {}))[2].find("<0.01"), std::string::npos);
}

TEST(TableTest, RatesOfARunningTestAreThoseSinceTheOlderSnapshot) {
  const EntryKey key{.name = "/", .method = "GET"};
  Snapshot before;
  AddRequests(&before.entries[key], {{20, 1000}});
  Snapshot now = before;
  AddRequests(&now.entries[key], {{20, 30}});
  now.entries[key].failures = 10;
  now.elapsed = before.elapsed + std::chrono::seconds(2);
  const std::string table = StatsTable(now, &before, {});
  EXPECT_NE(Lines(table)[2].find("|   15.00        5.00"), std::string::npos) << table;
  EXPECT_NE(Lines(table)[4].find("|   15.00        5.00"), std::string::npos) << table;
}

TEST(TableTest, WarmUpIsNotInTheTables) {
  const RunReport report = OpenReport();
  const std::string table = StatsTable(report.total, nullptr, {});
  EXPECT_NE(table.find("   2000 "), std::string::npos) << table;
  EXPECT_EQ(table.find("   2500 "), std::string::npos) << table;
}

TEST(TableTest, ScheduleTableShowsAStallThatServiceTimeHides) {
  const RunReport report = OpenReport();
  ExpectGolden("report/tables_open.txt", ScheduleTable(report.total, {}));
  EXPECT_EQ(ScheduleTable(ClosedReport().total, {}), "");
}

TEST(TableTest, HostileTextStaysInItsCellAndOnItsLine) {
  const RunReport report = HostileReport();
  const std::string text = StatsTable(report.total, nullptr, {}) +
                           PercentileTable(report.total, {}) + ErrorReport(report.total, {});
  ExpectGolden("report/tables_hostile.txt", text);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 10'000u);
  for (const std::string& line : Lines(StatsTable(report.total, nullptr, {}))) {
    EXPECT_TRUE(line.empty() || Columns(line) == 160) << line;
  }
}

TEST(TableTest, ErrorReportNamesAtMostAHundredKindsAndSaysHowManyMore) {
  Snapshot snapshot;
  for (int i = 0; i < 150; ++i) {
    snapshot.failures[{"GET", "/", fmt::format("reason {}", i)}].count = 1 + i;
  }
  const std::vector<std::string> lines = Lines(ErrorReport(snapshot, {}));
  EXPECT_EQ(lines[3].substr(0, 40), "150                GET /: reason 149    ");
  EXPECT_NE(lines[103].find("and 50 more kinds of error"), std::string::npos) << lines[103];
}

TEST(TableTest, WhatAFailureWasCalledByStandsAlone) {
  const std::pair<const char*, const char*> reasons[] = {
      {"CatchResponseError('too dear')", "too dear"},
      {"CatchResponseError(\"it's a \\\\\")", "it's a \\"},
      {"CatchResponseError('it\\'s \"that\"')", "it's \"that\""},
      {"CatchResponseError('')", ""},
      {"CatchResponseError()", "CatchResponseError()"},
      {"CatchResponseError(7)", "CatchResponseError(7)"},
      {"ValueError('x')", "ValueError('x')"},
  };
  for (const auto& [reason, shown] : reasons) {
    Snapshot snapshot;
    snapshot.failures[{"GET", "/", reason}].count = 1;
    const std::string line = Lines(ErrorReport(snapshot, {}))[3];
    EXPECT_EQ(line.substr(0, line.find_last_not_of(' ') + 1),
              fmt::format("{:<18} GET /:{}{}", 1, *shown == '\0' ? "" : " ", shown));
  }
}

TEST(TableTest, FailuresAreRedOnlyInColour) {
  const RunReport report = ClosedReport();
  EXPECT_EQ(StatsTable(report.total, nullptr, {}).find('\x1b'), std::string::npos);
  const std::string coloured = StatsTable(report.total, nullptr, {.colour = true});
  EXPECT_NE(coloured.find("\x1b[31m   8(20.00%)\x1b[0m"), std::string::npos) << coloured;
}

TEST(TableTest, WithoutRequestsThereAreNoFurtherTables) {
  const RunReport report = EmptyReport();
  EXPECT_EQ(PercentileTable(report.total, {}), "");
  EXPECT_EQ(ErrorReport(report.total, {}), "");
  EXPECT_EQ(ScheduleTable(report.total, {}), "");
}

}  // namespace
}  // namespace squall
