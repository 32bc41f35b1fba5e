#include "daemon/wire/threshold_proto.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/stats.pb.h"

namespace squall {
namespace {

v1::Threshold ValidProto() {
  v1::Threshold proto;
  WriteThreshold({.text = "p(95) < 300ms", .percentile = 95, .limit = 0.3}, &proto);
  return proto;
}

std::string Refusal(const v1::Threshold& proto) {
  ProtoReader reader;
  Threshold threshold;
  ReadThreshold(proto, &reader, &threshold);
  return std::string(reader.status().message());
}

TEST(ThresholdProtoTest, AParsedThresholdSurvivesTheTrip) {
  const Threshold threshold{.text = "rate < 1% over 30s",
                            .metric = ThresholdMetric::kFailures,
                            .name = "Buy",
                            .method = "POST",
                            .tag = "checkout",
                            .aggregate = ThresholdAggregate::kRate,
                            .op = ThresholdOperator::kLess,
                            .limit = 0.01,
                            .over = std::chrono::seconds(30),
                            .abort_on_fail = true,
                            .abort_delay = std::chrono::milliseconds(1500)};
  v1::Threshold proto;
  WriteThreshold(threshold, &proto);
  ProtoReader reader;
  Threshold read;
  ReadThreshold(proto, &reader, &read);
  EXPECT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(read == threshold);
}

TEST(ThresholdProtoTest, HostileThresholdsAreRefused) {
  EXPECT_EQ(Refusal(ValidProto()), "");
  v1::Threshold proto = ValidProto();
  proto.set_metric(static_cast<v1::ThresholdMetric>(10));
  EXPECT_EQ(Refusal(proto), "metric must be from 1 to 9, got 10");

  proto = ValidProto();
  proto.clear_aggregate();
  EXPECT_EQ(Refusal(proto), "aggregate must be from 1 to 6, got 0");

  proto = ValidProto();
  proto.set_operator_(static_cast<v1::ThresholdOperator>(-1));
  EXPECT_EQ(Refusal(proto), "operator must be from 1 to 6, got -1");

  proto = ValidProto();
  proto.set_percentile(100.5);
  EXPECT_EQ(Refusal(proto), "percentile must be a number from 0 to 100, got 100.5");

  proto = ValidProto();
  proto.set_limit(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(Refusal(proto).starts_with("limit must be a number"));
}

TEST(ThresholdProtoTest, EnumsOfThresholdsCountAsTheProtosDo) {
  const std::pair<int, int> rows[] = {
      {int(ThresholdMetric::kResponseTime), v1::THRESHOLD_METRIC_RESPONSE_TIME},
      {int(ThresholdMetric::kServiceTime), v1::THRESHOLD_METRIC_SERVICE_TIME},
      {int(ThresholdMetric::kStartDelay), v1::THRESHOLD_METRIC_START_DELAY},
      {int(ThresholdMetric::kConnectTime), v1::THRESHOLD_METRIC_CONNECT_TIME},
      {int(ThresholdMetric::kFirstByteTime), v1::THRESHOLD_METRIC_FIRST_BYTE_TIME},
      {int(ThresholdMetric::kFailures), v1::THRESHOLD_METRIC_FAILURES},
      {int(ThresholdMetric::kRequests), v1::THRESHOLD_METRIC_REQUESTS},
      {int(ThresholdMetric::kChecks), v1::THRESHOLD_METRIC_CHECKS},
      {int(ThresholdMetric::kDroppedIterations), v1::THRESHOLD_METRIC_DROPPED_ITERATIONS},
      {int(ThresholdAggregate::kPercentile), v1::THRESHOLD_AGGREGATE_PERCENTILE},
      {int(ThresholdAggregate::kAverage), v1::THRESHOLD_AGGREGATE_AVERAGE},
      {int(ThresholdAggregate::kMin), v1::THRESHOLD_AGGREGATE_MIN},
      {int(ThresholdAggregate::kMax), v1::THRESHOLD_AGGREGATE_MAX},
      {int(ThresholdAggregate::kCount), v1::THRESHOLD_AGGREGATE_COUNT},
      {int(ThresholdAggregate::kRate), v1::THRESHOLD_AGGREGATE_RATE},
      {int(ThresholdOperator::kLess), v1::THRESHOLD_OPERATOR_LESS},
      {int(ThresholdOperator::kLessEqual), v1::THRESHOLD_OPERATOR_LESS_EQUAL},
      {int(ThresholdOperator::kGreater), v1::THRESHOLD_OPERATOR_GREATER},
      {int(ThresholdOperator::kGreaterEqual), v1::THRESHOLD_OPERATOR_GREATER_EQUAL},
      {int(ThresholdOperator::kEqual), v1::THRESHOLD_OPERATOR_EQUAL},
      {int(ThresholdOperator::kNotEqual), v1::THRESHOLD_OPERATOR_NOT_EQUAL},
  };
  for (const auto& [ours, protos] : rows) {
    EXPECT_EQ(ours + 1, protos);
  }
}

}  // namespace
}  // namespace squall
