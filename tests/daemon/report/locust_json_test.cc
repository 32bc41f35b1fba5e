#include "daemon/report/locust_json.h"

#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LocustJsonTest, ListMatchesTheGoldenFile) {
  RunReport report = ClosedReport();
  report.second_counts[{.name = "Buy", .method = "POST"}] = {{1'795'424'260, 12, 0},
                                                             {1'795'424'261, 28, 8}};
  ExpectGolden("report/closed_locust.json", LocustJson(report));
}

TEST(LocustJsonTest, RunWithoutRequestsIsAnEmptyList) {
  EXPECT_EQ(LocustJson(EmptyReport()), "[]\n");
}

TEST(LocustJsonTest, BucketCountsAddUpToTheRequests) {
  const boost::json::value json = boost::json::parse(LocustJson(ClosedReport()));
  for (const boost::json::value& entry : json.as_array()) {
    int64_t count = 0;
    for (const auto& bucket : entry.at("response_times").as_object()) {
      count += bucket.value().as_int64();
    }
    EXPECT_EQ(count, entry.at("num_requests").as_int64());
  }
}

TEST(LocustBucketTest, RoundsAsPythonDoes) {
  const std::vector<std::pair<double, int64_t>> cases = {
      {0, 0},       {0.5, 0},      {1.5, 2},       {2.5, 2},       {99.4, 99},    {99.6, 100},
      {105, 100},   {115, 120},    {147, 150},     {994.9, 990},   {1049, 1000},  {1050, 1000},
      {1151, 1200}, {9950, 10000}, {10499, 10000}, {12500, 12000}, {13500, 14000}};
  for (const auto& [millis, bucket] : cases) {
    EXPECT_EQ(LocustBucket(millis), bucket) << millis;
  }
}

TEST(SecondCounterTest, CountsWhatFinishedInEachSecond) {
  const EntryKey key{.name = "/", .method = "GET"};
  SecondCounter counter;
  Snapshot snapshot;
  const auto add = [&](Nanos at, uint64_t requests, uint64_t failures) {
    snapshot.at = kSampleStart + at;
    snapshot.entries[key].requests = requests;
    snapshot.entries[key].failures = failures;
    counter.Add(snapshot);
  };
  add(milliseconds(200), 5, 0);
  add(milliseconds(900), 7, 1);
  add(seconds(1), 7, 1);
  add(seconds(3), 10, 1);
  const int64_t start = 1'795'424'259;
  const std::vector<SecondCount> expected = {{start, 7, 1}, {start + 3, 3, 0}};
  EXPECT_EQ(counter.counts().at(key), expected);
}

TEST(SecondCounterTest, StopsGrowingAtItsLimit) {
  SecondCounter counter(2);
  Snapshot snapshot;
  for (int second = 1; second <= 5; ++second) {
    snapshot.at = kSampleStart + seconds(second);
    snapshot.entries[{.name = "/", .method = "GET"}].requests = second;
    counter.Add(snapshot);
  }
  EXPECT_EQ(counter.counts().begin()->second.size(), 2u);
}

}  // namespace
}  // namespace squall
