#include <string>

#include <gtest/gtest.h>

#include "daemon/stats/threshold.h"

namespace squall {
namespace {

struct GoodRow {
  std::string what;
  std::string selector;
  std::string expression;
  Threshold expected;
};

Threshold Rule(ThresholdMetric metric, ThresholdAggregate aggregate, ThresholdOperator op,
               double limit) {
  Threshold threshold;
  threshold.metric = metric;
  threshold.aggregate = aggregate;
  threshold.op = op;
  threshold.limit = limit;
  return threshold;
}

Threshold Percentile(double percentile, double limit) {
  Threshold threshold = Rule(ThresholdMetric::kResponseTime, ThresholdAggregate::kPercentile,
                             ThresholdOperator::kLess, limit);
  threshold.percentile = percentile;
  return threshold;
}

Threshold For(Threshold threshold, const std::string& name, const std::string& method = "") {
  threshold.name = name;
  threshold.method = method;
  return threshold;
}

Threshold Over(Threshold threshold, Nanos over) {
  threshold.over = over;
  return threshold;
}

void ExpectParses(const std::vector<GoodRow>& rows) {
  for (const GoodRow& row : rows) {
    absl::StatusOr<Threshold> parsed = ParseThreshold(row.selector, row.expression);
    ASSERT_TRUE(parsed.ok()) << row.what << ": " << parsed.status().message();
    EXPECT_NEAR(parsed->limit, row.expected.limit, 1e-12) << row.what;
    Threshold expected = row.expected;
    expected.limit = parsed->limit;
    expected.text = parsed->text;
    EXPECT_EQ(*parsed, expected) << row.what;
  }
}

TEST(ParseThresholdTest, ReadsDurations) {
  using M = ThresholdMetric;
  using A = ThresholdAggregate;
  using O = ThresholdOperator;
  ExpectParses({
      {"as k6 writes it", "response_time", "p(95) < 300ms", Percentile(95, 0.3)},
      {"a bare number is milliseconds", "response_time", "p(95)<300", Percentile(95, 0.3)},
      {"fractions on both sides", "response_time", "p(99.9) < 1.5s", Percentile(99.9, 1.5)},
      {"the ends of the range", "response_time", "p(0) < 1", Percentile(0, 0.001)},
      {"the median", "response_time", "med < 2s", Percentile(50, 2)},
      {"spaces and tabs anywhere", " response_time ", "  p( 95 )\t<  300ms ", Percentile(95, 0.3)},
      {"average", "service_time", "avg <= 1m",
       Rule(M::kServiceTime, A::kAverage, O::kLessEqual, 60)},
      {"minimum", "start_delay", "min >= 0", Rule(M::kStartDelay, A::kMin, O::kGreaterEqual, 0)},
      {"maximum", "connect_time", "max != 5ms",
       Rule(M::kConnectTime, A::kMax, O::kNotEqual, 0.005)},
      {"first byte", "first_byte_time", "max == 5ms",
       Rule(M::kFirstByteTime, A::kMax, O::kEqual, 0.005)},
  });
}

TEST(ParseThresholdTest, ReadsCounters) {
  using M = ThresholdMetric;
  using A = ThresholdAggregate;
  using O = ThresholdOperator;
  ExpectParses({
      {"a share in percent", "failures", "rate < 1%", Rule(M::kFailures, A::kRate, O::kLess, 0.01)},
      {"the same as a ratio", "failures", "rate < 0.01",
       Rule(M::kFailures, A::kRate, O::kLess, 0.01)},
      {"the whole", "checks", "rate >= 100%", Rule(M::kChecks, A::kRate, O::kGreaterEqual, 1)},
      {"a number", "failures", "count < 10", Rule(M::kFailures, A::kCount, O::kLess, 10)},
      {"per second", "requests", "rate > 100", Rule(M::kRequests, A::kRate, O::kGreater, 100)},
      {"per second, said", "requests", "rate > 0.5/s",
       Rule(M::kRequests, A::kRate, O::kGreater, 0.5)},
      {"all requests", "requests", "count>=1000",
       Rule(M::kRequests, A::kCount, O::kGreaterEqual, 1000)},
      {"dropped ones", "dropped_iterations", "count == 0",
       Rule(M::kDroppedIterations, A::kCount, O::kEqual, 0)},
  });
}

TEST(ParseThresholdTest, ReadsSelectors) {
  const Threshold p95 = Percentile(95, 0.3);
  const std::string rule = "p(95) < 300ms";
  ExpectParses({
      {"a name", "response_time{name:Get_All_Products}", rule, For(p95, "Get_All_Products")},
      {"name and method", "response_time{name:Buy,method:POST}", rule, For(p95, "Buy", "POST")},
      {"in any order, with spaces", "response_time { method : GET , name : All products }", rule,
       For(p95, "All products", "GET")},
      {"a name with braces", "response_time{name:/products/{id}}", rule,
       For(p95, "/products/{id}")},
      {"a name with a colon", "response_time{name:http://a/b}", rule, For(p95, "http://a/b")},
      {"a quoted name", "response_time{name:\"a, method:b\",method:GET}", rule,
       For(p95, "a, method:b", "GET")},
  });
}

TEST(ParseThresholdTest, ReadsWindows) {
  ExpectParses({
      {"seconds", "response_time", "p(95) < 300ms over 30s",
       Over(Percentile(95, 0.3), std::chrono::seconds(30))},
      {"a longer span", "response_time", "p(95) < 300 over 1m30s",
       Over(Percentile(95, 0.3), std::chrono::seconds(90))},
  });
}

TEST(ParseThresholdTest, KeepsTheTextOfTheUser) {
  EXPECT_EQ(ParseThreshold(" response_time{name:Buy}", "p(95) < 300ms ")->text,
            "response_time{name:Buy}: p(95) < 300ms");
}

TEST(ParseThresholdTest, SaysWhatIsWrongAndWhatWouldBeRight) {
  struct Row {
    std::string selector;
    std::string expression;
    std::string message;  // the beginning of it, or all
  };
  const std::string metrics =
      "must be a metric: response_time, service_time, start_delay, connect_time, first_byte_time, "
      "failures, requests, checks or dropped_iterations, got ";
  const std::string span =
      "must compare with a duration such as 300ms, 1.5s or 300 "
      "(milliseconds), got ";
  const std::vector<Row> rows = {
      {"respons_time", "p(95) < 1", metrics + "'respons_time'; did you mean 'response_time'?"},
      {"http_req_duration", "p(95) < 1", metrics + "'http_req_duration'"},
      {"", "p(95) < 1", metrics + "''"},
      {"{name:Buy}", "p(95) < 1", metrics + "''"},
      {"failures{name:Buy", "rate < 1%", "must end with '}', got 'failures{name:Buy'"},
      {"failures{name:Buy} x", "rate < 1%", "must end with '}', got 'failures{name:Buy} x'"},
      {"failures{}", "rate < 1%", "must select by name, method or tag, got ''"},
      {"failures{nam:Buy}", "rate < 1%",
       "must select by name, method or tag, got 'nam'; did you mean 'name'?"},
      {"failures{name}", "rate < 1%", "must have a value: name:VALUE"},
      {"failures{name:}", "rate < 1%", "must have a value: name:VALUE"},
      {"failures{name:\"Buy}", "rate < 1%", "must close the quotes in the selector"},
      {"failures{name:\"Buy\"x}", "rate < 1%", "must have a comma before 'x' in the selector"},
      {"failures{name:a,}", "rate < 1%", "must select by name, method or tag, got ''"},
      {"failures{name:a,name:b}", "rate < 1%", "must select by name only once"},
      {"checks{method:GET}", "rate > 99%",
       "must select checks by name or tag: they are counted over all methods"},
      {"dropped_iterations{name:a}", "count == 0",
       "must have no selector: dropped iterations belong to no request"},

      {"response_time", "", "must compare with <, <=, >, >=, == or !=, such as p(95) < 300ms"},
      {"failures", "rate 1%", "must compare with <, <=, >, >=, == or !=, such as rate < 1%"},
      {"response_time", "p(95) = 3", "must compare with <, <=, >, >=, == or !=, got '='"},
      {"response_time", "p(95) =< 3", "must compare with <, <=, >, >=, == or !=, got '='"},
      {"response_time", "p95 < 300",
       "must be a percentile from p(0) to p(100), such as p(95), got 'p95'"},
      {"response_time", "p(101) < 300",
       "must be a percentile from p(0) to p(100), such as p(95), got 'p(101)'"},
      {"response_time", "p(-1) < 300",
       "must be a percentile from p(0) to p(100), such as p(95), got 'p(-1)'"},
      {"response_time", "p() < 300",
       "must be a percentile from p(0) to p(100), such as p(95), got 'p()'"},
      {"response_time", "< 300", "must begin with p(95), avg, min, med or max, got ''"},
      {"response_time", "averag < 300",
       "must begin with p(95), avg, min, med or max, got 'averag'"},
      {"failures", "rat < 1%", "must begin with count or rate, got 'rat'; did you mean 'rate'?"},
      {"response_time", "rate < 300",
       "must use p(95), avg, min, med or max, since the metric is a duration, got 'rate'"},
      {"failures", "avg < 300", "must use count or rate, since the metric is a counter, got 'avg'"},
      {"checks", "count > 3", "must use rate for checks, such as rate > 99%"},

      {"response_time", "p(95) <", "must have a value after the operator, such as < 300ms"},
      {"response_time", "p(95) < 300 ms", span + "'300 ms'"},
      {"response_time", "p(95) < 300ms junk", span + "'300ms junk'"},
      {"response_time", "p(95) < -300", span + "'-300'"},
      {"response_time", "p(95) < 1%", span + "'1%'"},
      {"response_time", "p(95) < nan", span + "'nan'"},
      {"response_time", "p(95) < 1e3", span + "'1e3'"},
      {"response_time", "p(95) << 3", span + "'< 3'"},
      {"failures", "rate < 5", "must compare with a share such as 1% or 0.01, got '5'"},
      {"failures", "rate < 101%", "must compare with a share such as 1% or 0.01, got '101%'"},
      {"failures", "rate < 1/s", "must compare with a share such as 1% or 0.01, got '1/s'"},
      {"failures", "rate < inf", "must compare with a share such as 1% or 0.01, got 'inf'"},
      {"failures", "count < 1.5", "must compare with a whole number such as 10, got '1.5'"},
      {"failures", "count < 1%", "must compare with a whole number such as 10, got '1%'"},
      {"requests", "rate > 10%", "must compare with a number per second such as 100, got '10%'"},
      {"requests", "rate > 10ms", "must compare with a number per second such as 100, got '10ms'"},

      {"response_time", "p(95) < 3 over x",
       "must be over a time span of at least 1s, such as over 30s, got 'x'"},
      {"response_time", "p(95) < 3 over 0s",
       "must be over a time span of at least 1s, such as over 30s, got '0s'"},
      {"response_time", "p(95) < 3 over 500ms",
       "must be over a time span of at least 1s, such as over 30s, got '500ms'"},
      {"response_time", "p(95) < 3 over 30s over 40s",
       "must be over a time span of at least 1s, such as over 30s, got '30s over 40s'"},
      {"response_time", "p(95) < over 30s",
       "must have a value after the operator, such as < 300ms"},
  };
  for (const Row& row : rows) {
    const absl::StatusOr<Threshold> parsed = ParseThreshold(row.selector, row.expression);
    ASSERT_FALSE(parsed.ok()) << row.selector << ": " << row.expression;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(parsed.status().message()).substr(0, row.message.size()), row.message)
        << row.selector << ": " << row.expression;
  }
}

TEST(ParseThresholdTest, ShowsOnlyTheBeginningOfALongText) {
  const absl::StatusOr<Threshold> parsed = ParseThreshold(std::string(10'000, 'x'), "rate < 1%");
  ASSERT_FALSE(parsed.ok());
  EXPECT_LT(parsed.status().message().size(), 300U);
}

TEST(ParseThresholdTest, ATagSelectsAloneOrWithNameAndMethod) {
  absl::StatusOr<Threshold> threshold =
      ParseThreshold("failures{tag:checkout}", "rate < 1% over 30s");
  ASSERT_TRUE(threshold.ok()) << threshold.status();
  EXPECT_EQ(threshold->tag, "checkout");
  EXPECT_EQ(threshold->name, "");
  threshold = ParseThreshold("response_time{name:Buy, tag:\"check out\",method:POST}", "max < 1s");
  ASSERT_TRUE(threshold.ok()) << threshold.status();
  EXPECT_EQ(threshold->name, "Buy");
  EXPECT_EQ(threshold->tag, "check out");
  EXPECT_EQ(threshold->method, "POST");
  EXPECT_EQ(ParseThreshold("failures{tag:a,tag:b}", "rate < 1%").status().message(),
            "must select by tag only once");
  EXPECT_EQ(ParseThreshold("failures{tga:a}", "rate < 1%").status().message(),
            "must select by name, method or tag, got 'tga'; did you mean 'tag'?");
  EXPECT_TRUE(ParseThreshold("checks{tag:a}", "rate > 99%").ok());
}

}  // namespace
}  // namespace squall
