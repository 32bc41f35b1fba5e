#include "daemon/report/figures.h"

#include <gtest/gtest.h>

#include "daemon/base/units.h"
#include "tests/daemon/report/sample_report.h"

namespace squall {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(FiguresTest, NothingToDivideByGivesZero) {
  EXPECT_EQ(PerSecond(10, Nanos(0)), 0);
  EXPECT_EQ(Ratio(1, 0), 0);
  EXPECT_EQ(Grown(5, 3), 0u);
}

TEST(FiguresTest, TableTimesKeepTwoDecimalsBelowTenMilliseconds) {
  struct {
    int64_t micros;
    const char* text;
  } const kCases[] = {{0, "0"},       {4, "<0.01"},           {5, "0.01"},  {420, "0.42"},
                      {1840, "1.84"}, {9994, "9.99"},         {9995, "10"}, {12'400, "12"},
                      {12'600, "13"}, {999'999'400, "999999"}};
  for (const auto& example : kCases) {
    EXPECT_EQ(TableMillis(microseconds(example.micros)), example.text);
    EXPECT_LE(TableMillis(microseconds(example.micros)).size(), 6u);
  }
}

TEST(FiguresTest, FileTimesHaveNoTrailingZeros) {
  EXPECT_EQ(FileMillis(Nanos(0), 3), "0");
  EXPECT_EQ(FileMillis(seconds(10), 3), "10000");
  EXPECT_EQ(FileMillis(microseconds(1500), 3), "1.5");
  EXPECT_EQ(FileMillis(Nanos(1), 6), "0.000001");
}

TEST(FiguresTest, PercentNeverRoundsToAllOrNothing) {
  EXPECT_EQ(FormatPercent(0), "0%");
  EXPECT_EQ(FormatPercent(1), "100%");
  EXPECT_EQ(FormatPercent(0.125), "12.5%");
  EXPECT_EQ(FormatPercent(0.0084), "0.84%");
  EXPECT_EQ(FormatPercent(0.99997), "99.997%");
  EXPECT_EQ(FormatPercent(0.00003), "0.003%");
  EXPECT_EQ(FormatPercent(1e-12), "<0.00001%");
  EXPECT_EQ(FormatPercent(1 - 1e-12), ">99.9999%");
}

TEST(FiguresTest, SpansThatWereLostAreNamedWhereThereAreAny) {
  EXPECT_EQ(TracesText({}), "");
  EXPECT_EQ(TracesText({.sampled = 5, .exported = 5}), "5 sampled, 5 sent");
  EXPECT_EQ(TracesText({.sampled = 5, .exported = 1, .dropped = 3, .failed = 1}),
            "5 sampled, 1 sent, 3 dropped, 1 not taken by the collector");
}

TEST(FiguresTest, RowsAreSortedByNameThenMethodAndFailuresByCount) {
  const RunReport report = ClosedReport();
  const std::vector<EntryRow> rows = EntryRows(report.total);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].key->name, "/products/{id}");
  EXPECT_EQ(rows[2].key->name, "Get_All_Products");
  EXPECT_EQ(&FindEntry(&report.total, *rows[0].key), rows[0].stats);
  EXPECT_EQ(FindEntry(&report.total, {.name = "none"}).requests, 0u);
  EXPECT_EQ(FindEntry(nullptr, *rows[0].key).requests, 0u);
  EXPECT_EQ(FailureRows(report.total)[0].key->reason, "HTTP 409");
}

}  // namespace
}  // namespace squall
