#include "daemon/wire/series_proto.h"

#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "daemon/base/rng.h"
#include "protos/squall/v1/stats.pb.h"
#include "tests/daemon/wire/field_coverage.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SeriesPoint FullPoint() {
  return {.start = seconds(3'599),
          .length = seconds(1),
          .requests = 12'345,
          .failures = 67,
          .response_p50 = Nanos(20'123'456),
          .response_p95 = milliseconds(310),
          .response_p99 = milliseconds(1'234),
          .service_p95 = milliseconds(300),
          .users = 300,
          .target_users = 301,
          .target_rate = 12.5};
}

AgentPoint FullAgentPoint() {
  return {.start = seconds(5),
          .length = seconds(2),
          .requests = 99,
          .failures = 3,
          .users = 20,
          .target_users = 21,
          .loop_lag_p99 = Nanos(512'000)};
}

HeatColumn FullColumn() {
  HeatColumn column{.start = seconds(7), .length = seconds(4)};
  for (size_t row = 0; row < kHeatRows; ++row) {
    column.counts[row] = 1'000'000 + row;
  }
  return column;
}

TEST(SeriesProtoTest, EveryFieldSurvivesTheTrip) {
  v1::SeriesPoint proto;
  SeriesPointToProto(FullPoint(), &proto);
  EXPECT_EQ(*SeriesPointFromProto(proto), FullPoint());
  v1::AgentPoint agent;
  AgentPointToProto(FullAgentPoint(), &agent);
  EXPECT_EQ(*AgentPointFromProto(agent), FullAgentPoint());

  v1::HeatColumn column;
  HeatColumnToProto(FullColumn(), &column);
  EXPECT_EQ(*HeatColumnFromProto(column), FullColumn());

  FieldCoverage coverage;
  coverage.Add(proto);
  coverage.Add(column);
  coverage.Add(agent);
  EXPECT_EQ(coverage.Missing(*v1::SeriesPoint::descriptor()), std::set<std::string>());
  EXPECT_EQ(coverage.Missing(*v1::AgentPoint::descriptor()), std::set<std::string>());
  EXPECT_EQ(coverage.Missing(*v1::HeatColumn::descriptor()), std::set<std::string>());
}

TEST(SeriesProtoTest, PointsAreReadBackFromBytes) {
  EXPECT_EQ(*DecodeSeriesPoint(EncodeSeriesPoint(FullPoint())), FullPoint());
  EXPECT_EQ(*DecodeSeriesPoint(EncodeSeriesPoint({})), SeriesPoint());
  EXPECT_EQ(*DecodeAgentPoint(EncodeAgentPoint(FullAgentPoint())), FullAgentPoint());
  EXPECT_LE(EncodeSeriesPoint(FullPoint()).size(), 80U) << "thousands of them are stored";
  EXPECT_EQ(*DecodeHeatColumn(EncodeHeatColumn(FullColumn())), FullColumn());
  HeatColumn fast;
  fast.counts[3] = 7;
  EXPECT_EQ(*DecodeHeatColumn(EncodeHeatColumn(fast)), fast);
  EXPECT_LE(EncodeHeatColumn(fast).size(), 20U) << "rows where nothing is are left out";
}

TEST(SeriesProtoTest, BytesThatAreNoPointAreRefused) {
  const std::string good = EncodeSeriesPoint(FullPoint());
  EXPECT_EQ(DecodeSeriesPoint("").status().message(),
            "a point must be 1 to 1024 bytes long, got 0");
  EXPECT_EQ(DecodeSeriesPoint("\xC8" + good.substr(1)).status().message(),
            "a point must be in encoding 1, got 200: it comes from another version of squall");
  EXPECT_FALSE(DecodeSeriesPoint(good.substr(0, good.size() - 1)).ok());
  EXPECT_FALSE(DecodeSeriesPoint(good + std::string(2'000, 'x')).ok());
}

TEST(SeriesProtoTest, NoDamageToTheBytesDoesHarm) {
  const uint64_t seed = 17;
  Rng rng(seed);
  for (const std::string& good :
       {EncodeSeriesPoint(FullPoint()), EncodeAgentPoint(FullAgentPoint()),
        EncodeHeatColumn(FullColumn())}) {
    for (int i = 0; i < 5'000; ++i) {
      std::string bytes = good.substr(0, 1 + rng.Below(good.size()));
      for (uint64_t flips = rng.Below(4); flips > 0; --flips) {
        bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(256));
      }
      if (const auto point = DecodeSeriesPoint(bytes); point.ok()) {
        EXPECT_GE(point->length, Nanos(0));
        EXPECT_LE(point->requests, Histogram::kCountMax);
      }
      if (const auto column = DecodeHeatColumn(bytes); column.ok()) {
        EXPECT_GE(column->length, Nanos(0));
      }
      if (const auto point = DecodeAgentPoint(bytes); point.ok()) {
        EXPECT_GE(point->start, Nanos(0));
      }
    }
  }
}

TEST(SeriesProtoTest, WhatCannotBeIsRefusedByName) {
  v1::SeriesPoint proto;
  SeriesPointToProto(FullPoint(), &proto);
  proto.mutable_length()->set_seconds(-1);
  EXPECT_TRUE(Mentions(SeriesPointFromProto(proto).status(), "length must be"));
  SeriesPointToProto(FullPoint(), &proto);
  proto.set_requests(std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(Mentions(SeriesPointFromProto(proto).status(), "requests must be"));
  SeriesPointToProto(FullPoint(), &proto);
  proto.set_target_rate(std::numeric_limits<double>::infinity());
  EXPECT_TRUE(Mentions(SeriesPointFromProto(proto).status(), "target_rate must be"));
  v1::AgentPoint agent;
  agent.mutable_loop_lag_p99()->set_nanos(-5);
  EXPECT_TRUE(Mentions(AgentPointFromProto(agent).status(), "loop_lag_p99 must be"));
  v1::HeatColumn column;
  column.add_counts(std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(Mentions(HeatColumnFromProto(column).status(), "counts must be"));
  column.mutable_counts()->Resize(static_cast<int>(kHeatRows) + 1, 1);
  EXPECT_TRUE(Mentions(HeatColumnFromProto(column).status(), "counts must be at most 26"));
}

}  // namespace
}  // namespace squall
