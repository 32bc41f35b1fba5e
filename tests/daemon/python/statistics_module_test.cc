#include "daemon/python/statistics_module.h"

#include <string>

#include "tests/daemon/python/lane_fixture.h"

namespace squall {
namespace {

class StatisticsModuleTest : public LaneTest {
 protected:
  EntryStats Only() {
    const Snapshot snapshot = lane->Statistics();
    EXPECT_EQ(snapshot.entries.size(), 1U);
    return snapshot.entries.begin()->second;
  }
};

TEST_F(StatisticsModuleTest, ARequestIsRecordedWithItsTimeAndLength) {
  Run("_squall.record('GET', '/x', 12.5, 100, None)");
  const EntryStats stats = Only();
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.failures, 0U);
  EXPECT_EQ(stats.bytes_received, 100U);
  EXPECT_EQ(stats.service.max(), std::chrono::microseconds(12500));
  EXPECT_EQ(stats.response.max(), std::chrono::microseconds(12500));
  EXPECT_EQ(Ask("[row[:4] for row in _squall.stats_entries()]"), "[('GET', '/x', 1, 0)]");
}

TEST_F(StatisticsModuleTest, AFailureHasItsReason) {
  Run("_squall.record('GET', '/x', 1, 0, 'Timeout()')\n"
      "_squall.record('GET', '/x', 1, 0, 'Timeout()')\n"
      "_squall.record('GET', '/x', 1, 0, None)");
  EXPECT_EQ(Only().failures, 2U);
  EXPECT_EQ(Ask("[row[:4] for row in _squall.stats_failures()]"),
            "[('GET', '/x', 'Timeout()', 2)]");
}

TEST_F(StatisticsModuleTest, EntriesHaveTimesInMillisecondsAndSecondsOfTheEpoch) {
  Run("import time\n"
      "for ms in (10, 20, 60): _squall.record('GET', '/x', ms, 5, None)\n"
      "((_, _, _, _, total, low, high, length, first, last),) = _squall.stats_entries()");
  EXPECT_EQ(Ask("round(total), round(low), round(high), length"), "(90, 10, 60, 15)");
  EXPECT_EQ(Ask("first <= last and abs(time.time() - last) < 3600"), "True");
}

struct Odd {
  const char* name;
  const char* arguments;
  double millis;
  uint64_t length;
};

class StatisticsModuleOddities : public StatisticsModuleTest,
                                 public testing::WithParamInterface<Odd> {};

TEST_P(StatisticsModuleOddities, AreRecordedAsWhatTheyCanMean) {
  Run(std::string("_squall.record(") + GetParam().arguments + ", None)");
  const EntryStats stats = Only();
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.bytes_received, GetParam().length);
  EXPECT_EQ(Ask("round(_squall.stats_entries()[0][6])"),
            std::to_string(static_cast<int64_t>(GetParam().millis)));
}

INSTANTIATE_TEST_SUITE_P(All, StatisticsModuleOddities,
                         testing::Values(Odd{"NoTime", "'GET', '/x', None, 1", 0, 1},
                                         Odd{"NegativeTime", "'GET', '/x', -5, 1", 0, 1},
                                         Odd{"TimeNotANumber", "'GET', '/x', float('nan'), 1", 0,
                                             1},
                                         Odd{"TimeInfinite", "'GET', '/x', float('inf'), 1", 0, 1},
                                         Odd{"TimeOfYears", "'GET', '/x', 1e18, 1", 24 * 3.6e6, 1},
                                         Odd{"NoLength", "'GET', '/x', 1, None", 1, 0},
                                         Odd{"LengthText", "'GET', '/x', 1, 'long'", 1, 0},
                                         Odd{"LengthNegative", "'GET', '/x', 1, -7", 1, 0},
                                         Odd{"LengthHuge", "'GET', '/x', 1, 1e300", 1, 0},
                                         Odd{"NamesOfOtherTypes", "None, 5, 1, 1", 1, 1},
                                         Odd{"NameNotUtf8", "'GET', '\\udc80', 1, 1", 1, 1}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(StatisticsModuleTest, MisuseOfRecordIsATypeError) {
  EXPECT_EQ(Ask("_squall.record('GET')"), "TypeError: record must get 5 arguments");
  EXPECT_TRUE(Ask("_squall.record('GET', '/x', 'soon', 0, None)").starts_with("TypeError"));
  EXPECT_TRUE(lane->Statistics().entries.empty() || Only().requests == 0);
}

TEST_F(StatisticsModuleTest, PercentilesAreOfOneNameOrOfAll) {
  Run("for ms in range(1, 101): _squall.record('GET', '/low', ms, 0, None)\n"
      "for ms in range(901, 1001): _squall.record('POST', '/high', ms, 0, None)");
  EXPECT_EQ(Ask("abs(_squall.stats_percentile('GET', '/low', 0.5) - 50) < 2"), "True");
  EXPECT_EQ(Ask("abs(_squall.stats_percentile('POST', '/high', 0.5) - 950) < 10"), "True");
  EXPECT_EQ(Ask("abs(_squall.stats_percentile(None, None, 0.75) - 950) < 10"), "True");
  EXPECT_EQ(Ask("abs(_squall.stats_percentile(None, None, 1.0) - 1000) < 10"), "True");
  EXPECT_EQ(Ask("_squall.stats_percentile(None, None, 7) >= _squall.stats_percentile(None, None, "
                "-7)"),
            "True");
}

TEST_F(StatisticsModuleTest, ThereIsNoPercentileOfNothing) {
  EXPECT_EQ(Ask("_squall.stats_percentile(None, None, 0.5)"), "None");
  Run("_squall.record('GET', '/x', 1, 0, None)");
  EXPECT_EQ(Ask("_squall.stats_percentile('GET', '/y', 0.5)"), "None");
}

TEST_F(StatisticsModuleTest, TheHistogramAscendsAndCountsAll) {
  Run("for ms in (100, 1, 10, 1): _squall.record('GET', '/x', ms, 0, None)\n"
      "rows = _squall.stats_histogram('GET', '/x')");
  EXPECT_EQ(Ask("[(round(ms), count) for ms, count in rows]"), "[(1, 2), (10, 1), (100, 1)]");
  EXPECT_EQ(Ask("_squall.stats_histogram(None, None) == rows"), "True");
  EXPECT_EQ(Ask("_squall.stats_histogram('GET', '/y')"), "[]");
}

TEST_F(StatisticsModuleTest, WhatIsKeptOutOfTheResultsIsNotShown) {
  context->set_warming_up(true);
  Run("_squall.record('GET', '/x', 1, 0, None)");
  EXPECT_EQ(Ask("_squall.stats_entries()"), "[]");
  EXPECT_EQ(Ask("_squall.stats_percentile(None, None, 0.5)"), "None");
}

TEST_F(StatisticsModuleTest, TaskErrorsAreCountedByText) {
  Run("for _ in range(2): _squall.task_error('ValueError: no\\nTraceback …')");
  const Snapshot snapshot = lane->Statistics();
  ASSERT_EQ(snapshot.task_errors.size(), 1U);
  EXPECT_EQ(snapshot.task_errors.begin()->second, 2U);
  EXPECT_TRUE(snapshot.task_errors.begin()->first.starts_with("ValueError: no"));
}

}  // namespace
}  // namespace squall
