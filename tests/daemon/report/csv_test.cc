#include "daemon/report/csv.h"

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
