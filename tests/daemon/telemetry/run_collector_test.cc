#include "daemon/telemetry/run_collector.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace squall {
namespace {

EntryStats Entry(uint64_t requests, uint64_t failures = 0) {
  EntryStats entry;
  entry.requests = requests;
  entry.failures = failures;
  entry.bytes_sent = requests * 100;
  entry.bytes_received = requests * 1000;
  entry.status_classes[2] = requests - failures;
  entry.status_classes[5] = failures;
  entry.service.RecordMany(std::chrono::milliseconds(2), requests);
  entry.response.RecordMany(std::chrono::milliseconds(20), requests);
  return entry;
}

Snapshot SmallRun() {
  Snapshot run;
  run.run_id = "r";
  run.state = RunState::kRunning;
  run.elapsed = std::chrono::milliseconds(12'500);
  run.users = {{"buyer", 3}, {"reader", 7}};
  run.target_users = 12;
  run.target_rate = 2.5;
  run.users_started = 11;
  run.users_stopped = 1;
  run.arrivals_planned = 40;
  run.dropped_iterations = 2;
  run.iterations = 38;
  run.open_requests = 4;
  run.entries[{RunPhase::kMeasured, "list products", "GET"}] = Entry(8, 2);
  run.entries[{RunPhase::kMeasured, "list products", "GET"}].start_delay.Record(
      std::chrono::microseconds(300));
  run.entries[{RunPhase::kWarmUp, "list products", "GET"}] = Entry(5);
  run.checks[{"list products", "status 200"}] = {6, 2};
  run.task_errors["no such variable"] = 3;
  run.health.loop_lag.RecordMany(std::chrono::microseconds(100), 50);
  run.health.thread_seconds = 1.5;
  run.health.run_delay_seconds = 0.25;
  run.health.shards = 2;
  run.health.fd_exhausted = 1;
  run.health.ports_exhausted = 2;
  run.health.memory_exhausted = 3;
  run.health.names_dropped = 4;
  return run;
}

class RunCollectorTest : public testing::Test {
 protected:
  RunCollector Make(RunCollectorOptions options) {
    options.version = "1.2.3";
    options.process_started_at = WallTime(std::chrono::seconds(1'700'000'000));
    RunCollector::Source source;
    source.run = [this] { return ShownRun{run_, test_, stage_}; };
    source.process = [] { return ProcessUsage{3.25, 1 << 20, 17, 1024}; };
    source.refused_calls = [] {
      return std::map<std::string, uint64_t>{{"busy", 1}, {"stale_epoch", 2}};
    };
    source.outputs = [] {
      return std::vector<OutputCount>{{"statsd", 5, 0}, {"influxdb", 7, 1}, {"influxdb", 2, 3}};
    };
    return RunCollector(options, std::move(source));
  }
  std::string Text(RunCollectorOptions options = {}) {
    return Make(std::move(options)).Page(MetricFormat::kText);
  }
  static bool Has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
  }

  Snapshot run_ = SmallRun();
  std::string test_;  // most tests are easier to read without the label
  uint64_t stage_ = 0;
};

TEST_F(RunCollectorTest, EveryMetricIsInTheGoldenFile) {
  test_ = "web shop";
  stage_ = 2;
  ExpectGolden("metrics/agent.txt", Text());
}

TEST_F(RunCollectorTest, EverySeriesOfARunSaysWhichTestItIs) {
  test_ = std::string(200, 'x');
  stage_ = 3;
  const std::string label = "test=\"" + std::string(128, 'x') + "…\"";
  const std::string text = Text();
  EXPECT_TRUE(Has(text, "squall_run_info{" + label + ",run_id=\"r\"} 1"));
  EXPECT_TRUE(Has(text, "squall_run_stage{" + label + "} 3"));
  EXPECT_TRUE(
      Has(text, "squall_requests_total{" + label + ",method=\"GET\",name=\"list products\"} 13"));
  EXPECT_TRUE(Has(text, "squall_event_loop_lag_seconds_count{" + label + "} 50"));
  EXPECT_TRUE(Has(text, "process_open_fds 17")) << "of the process, not of a run";
}

TEST_F(RunCollectorTest, SpansAndReportsToOutputsAreCounted) {
  run_.traces = {100, 90, 4, 6};
  const std::string text = Text();
  EXPECT_TRUE(Has(text, "squall_trace_spans_total{result=\"sampled\"} 100"));
  EXPECT_TRUE(Has(text, "squall_trace_spans_total{result=\"exported\"} 90"));
  EXPECT_TRUE(Has(text, "squall_trace_spans_total{result=\"dropped\"} 4"));
  EXPECT_TRUE(Has(text, "squall_trace_spans_total{result=\"failed\"} 6"));
  EXPECT_TRUE(Has(text, "squall_output_reports_total{output=\"influxdb\",result=\"sent\"} 9"));
  EXPECT_TRUE(Has(text, "squall_output_reports_total{output=\"influxdb\",result=\"failed\"} 4"));
  EXPECT_TRUE(Has(text, "squall_output_reports_total{output=\"statsd\",result=\"failed\"} 0"));
}

TEST_F(RunCollectorTest, WhatHasNoSourceIsNotAmongTheMetrics) {
  RunCollector::Source source;
  source.run = [this] { return ShownRun{run_, "t", 0}; };
  const std::string text = RunCollector({}, std::move(source)).Page(MetricFormat::kText);
  for (const char* name : {"squall_output_reports_total", "squall_agent_refused_calls_total",
                           "squall_build_info", "process_cpu_seconds_total"}) {
    EXPECT_EQ(text.find(name), std::string::npos) << name;
  }
}

TEST_F(RunCollectorTest, ABucketHasTheNewestTraceThatFellIntoIt) {
  const auto at = [](int seconds) { return WallTime(std::chrono::seconds(seconds)); };
  run_.exemplars = {
      {"GET", "list products", std::string(32, 'a'), std::chrono::milliseconds(20), at(10)},
      {"GET", "list products", std::string(32, 'b'), std::chrono::milliseconds(24), at(11)},
      {"GET", "list products", std::string(32, 'c'), std::chrono::milliseconds(21), at(9)},
      {"GET", "list products", std::string(32, 'd'), std::chrono::minutes(2), at(12)},
      {"GET", "no such name", std::string(32, 'e'), std::chrono::minutes(2), at(13)}};
  const std::string page = Make({}).Page(MetricFormat::kOpenMetrics);
  const std::string series =
      "squall_request_duration_seconds_bucket{method=\"GET\",name=\"list products\",le=";
  EXPECT_TRUE(Has(page, series + "\"0.01\"} 0"));
  EXPECT_TRUE(Has(
      page, series + "\"0.025\"} 13 # {trace_id=\"" + std::string(32, 'b') + "\"} 0.024 11.000"));
  EXPECT_TRUE(Has(page, series + "\"60.0\"} 13"));
  EXPECT_TRUE(
      Has(page, series + "\"+Inf\"} 13 # {trace_id=\"" + std::string(32, 'd') + "\"} 120 12.000"));
  EXPECT_EQ(page.find(std::string(32, 'e')), std::string::npos);
  EXPECT_EQ(Text().find("trace_id"), std::string::npos) << "the text format has no exemplars";
}

TEST_F(RunCollectorTest, AnIdleAgentHasNoRequestSeries) {
  run_ = Snapshot();
  const std::string text = Text();
  EXPECT_TRUE(Has(text, "squall_run_state{state=\"idle\"} 1"));
  EXPECT_TRUE(Has(text, "squall_iterations_total 0"));
  EXPECT_EQ(text.find("squall_requests_total{"), std::string::npos);
}

TEST_F(RunCollectorTest, PhasesAddUp) {
  EXPECT_TRUE(Has(Text(), "squall_requests_total{method=\"GET\",name=\"list products\"} 13"));
}

TEST_F(RunCollectorTest, BucketsAreCumulativeAndEndWithTheCount) {
  const std::string text = Text();
  const std::string series =
      "squall_service_time_seconds_bucket{method=\"GET\",name=\"list products\",le=";
  EXPECT_TRUE(Has(text, series + "\"0.001\"} 0"));
  EXPECT_TRUE(Has(text, series + "\"0.0025\"} 13"));
  EXPECT_TRUE(Has(text, series + "\"60\"} 13"));
  EXPECT_TRUE(Has(text, series + "\"+Inf\"} 13"));
}

TEST_F(RunCollectorTest, SlowerThanTheLastBucketIsStillCounted) {
  run_.entries.begin()->second.service.Record(std::chrono::minutes(5));
  const std::string text = Text();
  const std::string series =
      "squall_service_time_seconds_bucket{method=\"GET\",name=\"list products\",le=";
  EXPECT_TRUE(Has(text, series + "\"60\"} 13"));
  EXPECT_TRUE(Has(text, series + "\"+Inf\"} 14"));
}

TEST_F(RunCollectorTest, BeyondTheBoundTheBusiestNamesKeepTheirSeries) {
  run_.entries.clear();
  for (uint64_t i = 1; i <= 5; ++i) {
    run_.entries[{RunPhase::kMeasured, fmt::format("n{}", i), "GET"}] = Entry(i * 10);
  }
  RunCollectorOptions options;
  options.names_max = 2;
  const std::string text = Text(options);
  EXPECT_TRUE(Has(text, "squall_requests_total{method=\"GET\",name=\"n5\"} 50"));
  EXPECT_TRUE(Has(text, "squall_requests_total{method=\"GET\",name=\"n4\"} 40"));
  EXPECT_TRUE(Has(text, "squall_requests_total{method=\"other\",name=\"other\"} 60"));
  EXPECT_EQ(text.find("name=\"n3\""), std::string::npos);
}

TEST_F(RunCollectorTest, ANameKeepsItsSeriesWhileTheRunLasts) {
  run_.entries.clear();
  run_.entries[{RunPhase::kMeasured, "early", "GET"}] = Entry(1);
  RunCollectorOptions options;
  options.names_max = 1;
  const RunCollector collector = [&] { return Make(options); }();
  EXPECT_TRUE(Has(collector.Page(MetricFormat::kText),
                  "squall_requests_total{method=\"GET\",name=\"early\"} 1"));
  run_.entries[{RunPhase::kMeasured, "late", "GET"}] = Entry(1000);
  EXPECT_TRUE(Has(collector.Page(MetricFormat::kText),
                  "squall_requests_total{method=\"GET\",name=\"early\"} 1"));
  EXPECT_TRUE(Has(collector.Page(MetricFormat::kText),
                  "squall_requests_total{method=\"other\",name=\"other\"} 1000"));
  run_.run_id = "the next run";
  EXPECT_TRUE(Has(collector.Page(MetricFormat::kText),
                  "squall_requests_total{method=\"GET\",name=\"late\"} 1000"));
}

TEST_F(RunCollectorTest, HostileNamesStayInsideTheirLabels) {
  run_.entries.clear();
  run_.entries[{RunPhase::kMeasured, "a\"} 1\nsquall_users 99\\", "GET"}] = Entry(1);
  run_.entries[{RunPhase::kMeasured, "\xff", "GET"}] = Entry(1);
  run_.entries[{RunPhase::kMeasured, std::string(10'000, 'x'), "GET"}] = Entry(1);
  run_.users = {{"\n", 1}};
  const std::string text = Text();
  EXPECT_TRUE(Has(text,
                  "squall_requests_total{method=\"GET\",name=\"a\\\"} 1 squall_users "
                  "99\\\\\"} 1"));
  EXPECT_TRUE(Has(text, "squall_requests_total{method=\"GET\",name=\"\xEF\xBF\xBD\"} 1"));
  EXPECT_EQ(text.find(std::string(200, 'x')), std::string::npos);
  EXPECT_TRUE(Has(text, "squall_users{user_class=\" \"} 1"));
}

TEST_F(RunCollectorTest, NamesThatLookAlikeShareASeries) {
  run_.entries.clear();
  run_.entries[{RunPhase::kMeasured, "\xfe", "GET"}] = Entry(1);
  run_.entries[{RunPhase::kMeasured, "\xff", "GET"}] = Entry(2);
  EXPECT_TRUE(Has(Text(), "squall_requests_total{method=\"GET\",name=\"\xEF\xBF\xBD\"} 3"));
}

TEST_F(RunCollectorTest, UserClassesAreBoundedToo) {
  run_.users.clear();
  for (int i = 0; i < 10; ++i) {
    run_.users[fmt::format("class{}", i)] = 1;
  }
  RunCollectorOptions options;
  options.user_classes_max = 3;
  EXPECT_TRUE(Has(Text(options), "squall_users{user_class=\"other\"} 7"));
}

}  // namespace
}  // namespace squall
