#include "daemon/target/counters.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

constexpr size_t kGet = static_cast<size_t>(TargetMethod::kGet);
constexpr size_t kPost = static_cast<size_t>(TargetMethod::kPost);

TEST(TargetMethodTest, NamesReadBack) {
  for (const char* name : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(TargetMethodName(ParseTargetMethod(name)), name);
  }
  EXPECT_EQ(ParseTargetMethod("BREW"), TargetMethod::kOther);
  EXPECT_EQ(ParseTargetMethod("get"), TargetMethod::kOther);
}

TEST(TargetCountersTest, AddsUpTheThreads) {
  TargetCounters counters(2, {"/a", "/b"});
  Add(counters.slot(0).requests[0][kGet]);
  Add(counters.slot(1).requests[0][kGet], 2);
  Add(counters.slot(1).requests[1][kPost]);
  Add(counters.slot(0).responses[200], 4);
  Add(counters.slot(1).bytes_sent, 100);
  Add(counters.slot(0).malformed);
  EXPECT_EQ(counters.TotalRequests(), 4U);
  const auto json = boost::json::parse(counters.Json());
  EXPECT_EQ(json.at("requests"), (boost::json::value{{"GET /a", 3}, {"POST /b", 1}}));
  EXPECT_EQ(json.at("total").as_int64(), 4);
  EXPECT_EQ(json.at("malformed").as_int64(), 1);
  EXPECT_EQ(json.at("responses"), (boost::json::value{{"200", 4}}));
  EXPECT_EQ(json.at("bytes"), (boost::json::value{{"received", 0}, {"sent", 100}}));
}

TEST(TargetCountersTest, AResetKeepsOnlyTheOpenConnections) {
  TargetCounters counters(1, {"/a"});
  Add(counters.slot(0).requests[0][kGet]);
  Add(counters.slot(0).connections_accepted, 5);
  Add(counters.slot(0).connections_closed, 2);
  counters.Reset();
  EXPECT_EQ(counters.TotalRequests(), 0U);
  EXPECT_EQ(counters.OpenConnections(), 3U);
  Add(counters.slot(0).connections_closed, 3);
  EXPECT_EQ(counters.OpenConnections(), 0U);
  EXPECT_EQ(boost::json::parse(counters.Json()).at("connections"),
            (boost::json::value{{"accepted", 0}, {"refused", 0}, {"open", 0}}));
}

}  // namespace
}  // namespace squall
