#include "daemon/report/csv.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"
#include "tests/support/temp_directory.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string LastRow(const std::string& csv) {
  const size_t start = csv.rfind("\r\n", csv.size() - 3);
  return csv.substr(start + 2, csv.size() - start - 4);
}

class CsvReportTest : public testing::Test {
 protected:
  std::string Path(const std::string& suffix) const { return prefix_ + suffix; }

  const TempDirectory directory_;
  const std::string prefix_ = directory_.path() / "out";
};

TEST(CsvTest, StatsMatchTheGoldenFile) {
  const RunReport report = ClosedReport();
  ExpectGolden("report/closed_stats.csv", StatsCsv(report.total));
}

TEST(CsvTest, FailuresAndExceptionsMatchTheGoldenFiles) {
  const RunReport report = ClosedReport();
  ExpectGolden("report/closed_failures.csv", FailuresCsv(report.total));
  ExpectGolden("report/closed_exceptions.csv",
               ExceptionsCsv(report.total, {&report.agents[0], &report.agents[1]}));
}

TEST(CsvTest, HostileTextMatchesTheGoldenFile) {
  const RunReport report = HostileReport();
  ExpectGolden("report/hostile_stats.csv", StatsCsv(report.total));
}

TEST(CsvTest, RunWithoutRequestsHasLocustsPlaceholders) {
  const std::string csv = StatsCsv(EmptyReport().total);
  EXPECT_EQ(LastRow(csv),
            ",Aggregated,0,0,0,0.0,0,0,0,0.0,0.0,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A");
}

TEST(CsvTest, TextIsQuotedOnlyWhereItMustBe) {
  EXPECT_EQ(CsvText("HTTP 503"), "HTTP 503");
  EXPECT_EQ(CsvText("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvText("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(CsvText("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(CsvText(""), "");
}

TEST(CsvTest, FormulasAreDefused) {
  for (const std::string text : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx"}) {
    EXPECT_EQ(CsvText(text), "'" + text);
  }
  EXPECT_EQ(CsvText("\rx"), "\"'\rx\"");
  EXPECT_EQ(CsvText("a=1"), "a=1");
}

TEST(CsvTest, FormulasBehindSpacesAndInWideLettersAreDefused) {
  for (const std::string text :
       {"＝1+1", "＋1", "－1", "＠SUM(A1)", "  =1+1", "\u00a0=1", "\u3000＝1"}) {
    EXPECT_EQ(CsvText(text), "'" + text);
  }
  EXPECT_EQ(CsvText("\n=1"), "\"'\n'=1\"");
  EXPECT_EQ(CsvText("\u202e=1"), "\\u202e=1");
  EXPECT_EQ(CsvText("  a"), "  a");
  EXPECT_EQ(CsvText("   "), "   ");
}

// A German Excel takes ';' for the end of a cell, and quotation marks in the middle for text.
TEST(CsvTest, FormulasBehindTheSeparatorsOfOtherLocalesAreDefused) {
  EXPECT_EQ(CsvText("x;=1"), "x;'=1");
  EXPECT_EQ(CsvText("x;=cmd|' /C calc'!A0;+1"), "x;'=cmd|' /C calc'!A0;'+1");
  EXPECT_EQ(CsvText("x\t-1"), "x\t'-1");
  EXPECT_EQ(CsvText("x\n@SUM(A1)"), "\"x\n'@SUM(A1)\"");
  EXPECT_EQ(CsvText("x\r\n=1"), "\"x\r\n'=1\"");
  EXPECT_EQ(CsvText("x; \u00a0\u3000＝1"), "x; \u00a0\u3000'＝1");
  EXPECT_EQ(CsvText("x;\"=1"), "\"x;\"\"'=1\"");
  EXPECT_EQ(CsvText(";;=1"), ";;'=1");
  EXPECT_EQ(CsvText("=1;=2"), "'=1;'=2");
  EXPECT_EQ(CsvText("a;b=1; c-d"), "a;b=1; c-d");
}

TEST(CsvTest, MarksThatTurnTextAroundAreWrittenOut) {
  for (const std::string mark : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c",
                                 "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    const std::string cell = CsvText("a" + mark + "b");
    EXPECT_EQ(cell.find(mark), std::string::npos);
    EXPECT_EQ(cell.substr(0, 3), "a\\u");
  }
}

TEST(CsvTest, AMegabyteOfTextIsCut) {
  const std::string cell = CsvText("=" + std::string(1 << 20, 'x'));
  EXPECT_LT(cell.size(), 5'000U);
  EXPECT_TRUE(cell.ends_with("…"));
  EXPECT_EQ(cell.substr(0, 2), "'=");
}

TEST(CsvTest, ExceptionsOfAReportSayOnWhichAgents) {
  EXPECT_NE(ExceptionsCsv(ClosedReport()).find(",a-2\r\n"), std::string::npos);
}

TEST(CsvTest, HistoryOfAReportHasARowForEachPoint) {
  const std::string csv = HistoryCsv(ClosedReport());
  EXPECT_EQ(csv.substr(0, 42), "Timestamp,User Count,Type,Name,Requests/s,");
  EXPECT_NE(csv.find("\r\n1795424260,5,,Aggregated,4.000000,0.000000,0,"), std::string::npos);
  EXPECT_EQ(LastRow(csv),
            "1795424261,10,,Aggregated,296.000000,8.000000,0.421,N/A,N/A,N/A,N/A,148.2,N/A,1234,"
            "N/A,N/A,N/A,300,8,N/A,N/A,N/A,N/A,N/A");
  const auto commas = [](std::string_view row) { return std::count(row.begin(), row.end(), ','); };
  EXPECT_EQ(commas(LastRow(csv)), commas(csv.substr(0, csv.find('\r'))));
}

TEST(CsvTest, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(CsvText("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(CsvText(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(CsvText("\xff"), "\uFFFD");
}

TEST_F(CsvReportTest, FourFilesExistWithTheirHeadersBeforeTheFirstRequest) {
  ASSERT_TRUE(CsvReport::Create({.prefix = prefix_}).ok());
  EXPECT_EQ(ReadAll(Path("_failures.csv")),
            "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n");
  EXPECT_EQ(ReadAll(Path("_exceptions.csv")), "Count,Message,Traceback,Nodes\r\n");
  EXPECT_EQ(ReadAll(Path("_stats_history.csv")),
            "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,"
            "99.9%,99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,"
            "Total Average Response Time,Total Min Response Time,Total Max Response Time,"
            "Total Average Content Size\r\n");
  EXPECT_NE(ReadAll(Path("_stats.csv")).find(",Aggregated,0,0,"), std::string::npos);
}

TEST_F(CsvReportTest, WrongDirectoryIsAnErrorThatNamesThePath) {
  const auto report = CsvReport::Create({.prefix = directory_.path() / "missing" / "out"});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(report.status().message().find("missing/out_stats_history.csv': No such file"),
            std::string::npos)
      << report.status();
}

// A run of `length` seconds with ten requests in each, as the coordinator would report it.
class CountingRun {
 public:
  const Snapshot& AfterSecond(int second, double millis) {
    snapshot_.elapsed = seconds(second);
    snapshot_.at = kSampleStart + seconds(second);
    snapshot_.users["User"] = 4;
    AddRequests(&snapshot_.entries[{.name = "/a", .method = "GET"}], {{millis, 10}});
    return snapshot_;
  }

 private:
  Snapshot snapshot_;
};

TEST_F(CsvReportTest, LastWriteIsCompleteToTheLastRequest) {
  auto report = CsvReport::Create({.prefix = prefix_});
  ASSERT_TRUE(report.ok()) << report.status();
  CountingRun run;
  for (int second = 1; second <= 3; ++second) {
    ASSERT_TRUE((*report)->Write(run.AfterSecond(second, 20), {}).ok());
  }
  EXPECT_NE(ReadAll(Path("_stats.csv")).find("\r\n,Aggregated,30,0,20,"), std::string::npos)
      << ReadAll(Path("_stats.csv"));
  EXPECT_EQ(LastRow(ReadAll(Path("_stats_history.csv"))),
            "1795424262,4,,Aggregated,10.000000,0.000000,20,20,20,20,20,20,20,20,20,20,20,30,0,20,"
            "20,20,20,67.0");
}

TEST_F(CsvReportTest, HistoryRatesAndPercentilesCoverTheLastTenSeconds) {
  auto report = CsvReport::Create({.prefix = prefix_, .full_history = true});
  ASSERT_TRUE(report.ok()) << report.status();
  CountingRun run;
  for (int second = 1; second <= 30; ++second) {
    ASSERT_TRUE((*report)->Write(run.AfterSecond(second, second <= 20 ? 20 : 500), {}).ok());
  }
  const std::string last = LastRow(ReadAll(Path("_stats_history.csv")));
  EXPECT_EQ(last.substr(0, 46), "1795424289,4,,Aggregated,10.000000,0.000000,50") << last;
  EXPECT_NE(ReadAll(Path("_stats_history.csv")).find("\r\n1795424289,4,GET,/a,10.000000,"),
            std::string::npos);
}

TEST_F(CsvReportTest, WithoutFullHistoryOnlyTheTotalHasRows) {
  auto report = CsvReport::Create({.prefix = prefix_});
  ASSERT_TRUE(report.ok()) << report.status();
  CountingRun run;
  ASSERT_TRUE((*report)->Write(run.AfterSecond(1, 20), {}).ok());
  EXPECT_EQ(ReadAll(Path("_stats_history.csv")).find(",/a,"), std::string::npos);
}

TEST_F(CsvReportTest, RepeatedSnapshotAddsNoRow) {
  auto report = CsvReport::Create({.prefix = prefix_});
  ASSERT_TRUE(report.ok()) << report.status();
  CountingRun run;
  const Snapshot snapshot = run.AfterSecond(1, 20);
  ASSERT_TRUE((*report)->Write(snapshot, {}).ok());
  const std::string once = ReadAll(Path("_stats_history.csv"));
  ASSERT_TRUE((*report)->Write(snapshot, {}).ok());
  EXPECT_EQ(ReadAll(Path("_stats_history.csv")), once);
}

TEST_F(CsvReportTest, ATargetThatHangsShowsARateThatFallsToZero) {
  auto report = CsvReport::Create({.prefix = prefix_});
  ASSERT_TRUE(report.ok()) << report.status();
  CountingRun run;
  Snapshot snapshot = run.AfterSecond(1, 20);
  for (int second = 1; second <= 13; ++second) {
    snapshot.elapsed = seconds(second);
    ASSERT_TRUE((*report)->Write(snapshot, {}).ok());
  }
  EXPECT_NE(LastRow(ReadAll(Path("_stats_history.csv"))).find(",Aggregated,0.000000,0.000000,0,"),
            std::string::npos);
}

TEST_F(CsvReportTest, PythonsCsvModuleReadsEveryHostileCellBack) {
  auto report = CsvReport::Create({.prefix = prefix_, .full_history = true});
  ASSERT_TRUE(report.ok()) << report.status();
  const RunReport hostile = HostileReport();
  ASSERT_TRUE((*report)->Write(hostile.total, {&hostile.agents[0]}).ok());
  const std::string script = R"(
import csv, sys
for suffix, columns, rows in (('stats', 22, 7), ('stats_history', 24, 7), ('failures', 6, 6),
                              ('exceptions', 4, 2)):
    with open(sys.argv[1] + '_' + suffix + '.csv', newline='', encoding='utf-8') as file:
        table = list(csv.reader(file, strict=True))
    assert len(table) == rows, (suffix, len(table))
    assert all(len(row) == columns for row in table), suffix
)";
  const std::string path = Path(".py");
  std::ofstream(path) << script;
  EXPECT_EQ(std::system(("/usr/bin/python3 " + path + " " + prefix_).c_str()), 0);
}

}  // namespace
}  // namespace squall
