#include <gtest/gtest.h>

#include "daemon/plan/output_target.h"
#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

using Kind = MetricOutput::Kind;

TEST(ParseOutputsTest, FilesAreNamed) {
  const PlanResult result =
      ParseWithUsers("outputs: {csv: a, json: b, junit: c, markdown: d, html: e}\n");
  EXPECT_EQ(result.plan.outputs, (Outputs{"a", "b", "c", "d", "e"}));
  EXPECT_NE(ErrorText(ParseWithUsers("outputs: {pdf: x}\n")).find("outputs.pdf: must be"),
            std::string::npos);
}

TEST(ParseOutputsTest, ShortFormsAreTargetsAlone) {
  const PlanResult result = ParseWithUsers(R"(
outputs:
  traces: http://127.0.0.1:4317
  metrics:
    - influxdb: "http://127.0.0.1:8086/write?db=squall"
    - statsd: 127.0.0.1:8125
    - prometheus_remote_write: http://127.0.0.1:9090/api/v1/write
    - otlp: http://127.0.0.1:4317
    - json_lines: samples.jsonl
)");
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(result.plan.outputs.traces, TraceOutput{.endpoint = "http://127.0.0.1:4317"});
  const std::vector<MetricOutput> expected = {
      {.kind = Kind::kInfluxDb, .to = "http://127.0.0.1:8086/write?db=squall"},
      {.kind = Kind::kStatsd, .to = "127.0.0.1:8125"},
      {.kind = Kind::kRemoteWrite, .to = "http://127.0.0.1:9090/api/v1/write"},
      {.kind = Kind::kOtlp, .to = "http://127.0.0.1:4317"},
      {.kind = Kind::kJsonLines, .to = "samples.jsonl"}};
  EXPECT_EQ(result.plan.outputs.metrics, expected);
  EXPECT_EQ(result.plan.outputs.metrics[1].mark.line, 6);
}

TEST(ParseOutputsTest, LongFormsSayTheRest) {
  PlanInputs inputs = InputsOf({std::string(R"(
outputs:
  traces: {endpoint: "https://c:4318/v1/traces", protocol: http, sample: 0.01,
           headers: {authorization: "Bearer ${TOKEN}"}, ca_file: ca.pem, service_name: shop}
  metrics:
    - influxdb: {url: "http://h/write", interval_seconds: 0.5, headers: {X: "{{a}}"},
                 tags: {zone: a, env: 7}}
    - statsd: {address: "h:8125", prefix: shop.eu, interval: 1m}
    - otlp: {endpoint: "http://h:4318", protocol: http}
)") + kUsersYaml});
  inputs.environment = {{"TOKEN", "hunter2"}};
  inputs.read_file = [](const std::string&) { return std::string("-----BEGIN CERTIFICATE-----"); };
  const PlanResult result = ParsePlan(inputs);
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(result.plan.outputs.traces,
            (TraceOutput{.endpoint = "https://c:4318/v1/traces",
                         .protocol = OtlpProtocol::kHttp,
                         .sample = 0.01,
                         .headers = {{"authorization", "Bearer hunter2"}},
                         .ca_pem = "-----BEGIN CERTIFICATE-----",
                         .service_name = "shop"}));
  const std::vector<MetricOutput> expected = {
      {.kind = Kind::kInfluxDb,
       .to = "http://h/write",
       .interval = std::chrono::milliseconds(500),
       .headers = {{"X", "{{a}}"}},  // no template: nobody fills it
       .tags = {{"env", "7"}, {"zone", "a"}}},
      {.kind = Kind::kStatsd,
       .to = "h:8125",
       .interval = std::chrono::minutes(1),
       .prefix = "shop.eu"},
      {.kind = Kind::kOtlp, .to = "http://h:4318", .protocol = OtlpProtocol::kHttp}};
  EXPECT_EQ(result.plan.outputs.metrics, expected);
}

TEST(ParseOutputsTest, OneValueCanBeSetFromTheCommandLine) {
  PlanInputs inputs =
      InputsOf({std::string("outputs: {traces: {endpoint: http://c, sample: 1}}\n") + kUsersYaml});
  inputs.sets = {"outputs.traces.sample=0.1", "outputs.metrics=[{statsd: 'h:1'}]",
                 "outputs.metrics[0].statsd=h:2"};
  const PlanResult result = ParsePlan(inputs);
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(result.plan.outputs.traces->sample, 0.1);
  EXPECT_EQ(result.plan.outputs.metrics.at(0).to, "h:2");
}

TEST(ParseOutputsTest, MistakesHaveTheirPlaceAndRemedy) {
  const std::string errors = ErrorText(ParseWithUsers(R"(
outputs:
  traces: {endpoint: "http://c:4317/v1/traces", sample: 2, protocol: gprc}
  metrics:
    - influx: http://h
    - {influxdb: http://h, statsd: "h:1"}
    - influxdb: h:8086
    - influxdb: {interval: 1ms, tags: {run_id: x}, prefix: a}
    - statsd: {address: h, prefix: "a b"}
    - json_lines: {file: x, headers: {a: b}}
    - prometheus_remote_write: {url: "http://u:hunter2@h", headers: {a: [hunter2]}}
)"));
  const char* const lines[] = {
      "plan.yaml:3:22: outputs.traces.endpoint: must not have a path over gRPC, got '/v1/traces'; "
      "set protocol: http, or leave it out",
      "plan.yaml:3:57: outputs.traces.sample: must be a number of at least 0 and at most 1, got "
      "'2'",
      "plan.yaml:3:70: outputs.traces.protocol: must be one of grpc, http, got 'gprc'; did you "
      "mean 'grpc'?",
      "plan.yaml:5:7: outputs.metrics[0]: must have one of the keys influxdb, statsd, "
      "prometheus_remote_write, otlp, json_lines",
      "plan.yaml:5:7: outputs.metrics[0].influx: must be a known key; did you mean 'influxdb'?",
      "outputs.metrics[1]: must have only one of the keys",
      "plan.yaml:7:17: outputs.metrics[2].influxdb: must start with http:// or https://, got "
      "'h:8086'",
      "outputs.metrics[3].influxdb: must have the key 'url'",
      "outputs.metrics[3].influxdb.interval: must be from 100ms to 1h, got 1ms",
      "outputs.metrics[3].influxdb.tags.run_id: must not be 'run_id', which every series has of "
      "itself; choose another name",
      "outputs.metrics[3].influxdb.prefix: must be",
      "outputs.metrics[4].statsd.address: must be host:port, such as 127.0.0.1:8125, got 'h'",
      "outputs.metrics[4].statsd.prefix: must be letters, digits, '.', '-' and '_', got 'a b'",
      "outputs.metrics[5].json_lines.headers: must be",
      "outputs.metrics[6].prometheus_remote_write.url: must not hold a user name or password; use "
      "headers",
      "outputs.metrics[6].prometheus_remote_write.headers.a: must be text of one line; it is not "
      "shown here"};
  for (const char* line : lines) {
    EXPECT_NE(errors.find(line), std::string::npos) << line << "\n" << errors;
  }
  EXPECT_EQ(errors.find("hunter2"), std::string::npos) << errors;
}

TEST(ParseOutputsTest, OutputsTagsAndHeadersAreLimited) {
  std::string metrics = "outputs:\n  metrics:\n";
  for (size_t i = 0; i <= kMetricOutputsMax; ++i) {
    metrics += "    - statsd: h:1\n";
  }
  EXPECT_NE(ErrorText(ParseWithUsers(metrics)).find("must have at most 16 outputs, got 17"),
            std::string::npos);
  std::string tags =
      "outputs:\n  metrics:\n    - influxdb:\n        url: http://h\n        tags:\n";
  for (size_t i = 0; i <= kOutputTagsMax; ++i) {
    tags += "          t" + std::to_string(i) + ": x\n";
  }
  EXPECT_NE(ErrorText(ParseWithUsers(tags)).find("must have at most 32 tags, got 33"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
