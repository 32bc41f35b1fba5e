#include "daemon/otel/otel_settings.h"

#include <gtest/gtest.h>

#include "daemon/plan/output_target.h"

namespace squall {
namespace {

Outputs Applied(const OtelFlags& flags, const OtelEnvironment& environment, Outputs outputs = {}) {
  const absl::Status status = ApplyOtel(flags, environment, &outputs);
  EXPECT_TRUE(status.ok()) << status;
  return outputs;
}

OtelEnvironment Env(const std::map<std::string, std::string>& variables) {
  return *ReadOtelEnvironment(variables, nullptr);
}

Outputs Planned() {
  Outputs outputs;
  outputs.traces = TraceOutput{.endpoint = "http://plan:4317", .sample = 0.5};
  return outputs;
}

TEST(OtelSettingsTest, LeavesOutputsAloneWhenNobodySaysAnything) {
  EXPECT_EQ(Applied({}, {}), Outputs());
  EXPECT_EQ(Applied({}, {}, Planned()), Planned());
}

TEST(OtelSettingsTest, FlagsWinOverThePlanAndThePlanOverTheEnvironment) {
  const OtelEnvironment environment = Env({{"OTEL_ENDPOINT", "http://env:4317"}});
  EXPECT_EQ(Applied({}, environment).traces->endpoint, "http://env:4317");
  EXPECT_EQ(Applied({}, environment, Planned()).traces->endpoint, "http://plan:4317");
  EXPECT_EQ(Applied({.endpoint = "flag:4317"}, environment, Planned()).traces->endpoint,
            "http://flag:4317");
  EXPECT_EQ(Applied({.sample = 0.1}, environment, Planned()).traces->sample, 0.1);
  EXPECT_EQ(Applied({.endpoint = "flag:4317"}, environment, Planned()).traces->sample, 0.5);
}

// Agents have an environment of their own: "no traces" must reach them.
TEST(OtelSettingsTest, ASampleOfNothingGoesOnAsAWishForNoTraces) {
  const auto sample_of_nothing = [](const Outputs& outputs) {
    return outputs.traces.has_value() && outputs.traces->sample == 0 &&
           CollectorFault(outputs.traces->endpoint, outputs.traces->protocol).empty();
  };
  EXPECT_TRUE(sample_of_nothing(Applied({.sample = 0}, {}, Planned())));
  EXPECT_TRUE(sample_of_nothing(Applied({.sample = 0}, {})));
  EXPECT_TRUE(sample_of_nothing(Applied({.sample = 0}, Env({{"OTEL_ENDPOINT", "c:1"}}))));
  Outputs planned = Planned();
  planned.traces->sample = 0;
  EXPECT_TRUE(sample_of_nothing(Applied({}, {}, planned)));
  EXPECT_EQ(Applied({.sample = 0.5}, {}, planned).traces->sample, 0.5);
}

TEST(OtelSettingsTest, TheEnvironmentNamesAServiceThatThePlanDoesNot) {
  const OtelEnvironment environment = Env({{"OTEL_SERVICE_NAME", "mine"}});
  EXPECT_EQ(Applied({}, environment, Planned()).traces->service_name, "mine");
  Outputs named = Planned();
  named.traces->service_name = "the-plans";
  EXPECT_EQ(Applied({}, environment, named).traces->service_name, "the-plans");
}

TEST(OtelSettingsTest, AnEndpointOnTheCommandLineIsUsedWithTheRestOfTheEnvironment) {
  const OtelEnvironment environment = Env(
      {{"OTEL_EXPORTER_OTLP_HEADERS", "k=v"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}});
  const Outputs outputs = Applied({.endpoint = "http://flag:9"}, environment);
  EXPECT_EQ(outputs.traces->headers, (HeaderList{{"k", "v"}}));
  EXPECT_EQ(outputs.traces->protocol, OtlpProtocol::kHttp);
}

// Nobody else's collector gets them.
TEST(OtelSettingsTest, ThePlansSecretsStayWithThePlansCollector) {
  Outputs planned;
  planned.traces = TraceOutput{
      .endpoint = "https://plan:4318/v1/traces", .headers = {{"key", "plan's"}}, .ca_pem = "PLAN"};
  OtelEnvironment environment = Env({{"OTEL_EXPORTER_OTLP_HEADERS", "key=mine"}});
  environment.traces.ca_pem = environment.metrics.ca_pem = "MINE";
  for (const char* other : {"https://other:4318", "https://plan:4317", "http://plan:4318",
                            "https://plan.example:4318", "other:4317"}) {
    const Outputs outputs = Applied({.endpoint = other, .metrics = true}, environment, planned);
    EXPECT_EQ(outputs.traces->headers, (HeaderList{{"key", "mine"}})) << other;
    EXPECT_EQ(outputs.traces->ca_pem, "MINE") << other;
    ASSERT_EQ(outputs.metrics.size(), 1U);
    EXPECT_EQ(outputs.metrics[0].headers, (HeaderList{{"key", "mine"}})) << other;
    const Outputs bare = Applied({.endpoint = other, .metrics = true}, {}, planned);
    EXPECT_EQ(bare.traces->headers, HeaderList()) << other;
    EXPECT_EQ(bare.traces->ca_pem, "") << other;
    EXPECT_EQ(bare.metrics[0].headers, HeaderList()) << other;
    EXPECT_EQ(bare.metrics[0].ca_pem, "") << other;
  }
  for (const char* same : {"https://plan:4318", "https://PLAN:4318/other/path"}) {
    const Outputs outputs = Applied({.endpoint = same}, environment, planned);
    EXPECT_EQ(outputs.traces->headers, (HeaderList{{"key", "plan's"}})) << same;
    EXPECT_EQ(outputs.traces->ca_pem, "PLAN") << same;
  }
}

TEST(OtelSettingsTest, TheProtocolIsTheFlagsOrThatOfThePort) {
  EXPECT_EQ(Applied({.endpoint = "http://c:4318"}, {}).traces->protocol, OtlpProtocol::kHttp);
  EXPECT_EQ(Applied({.endpoint = "http://c:9"}, {}).traces->protocol, OtlpProtocol::kGrpc);
  EXPECT_EQ(Applied({.endpoint = "http://c:4318", .protocol = "grpc"}, {}).traces->protocol,
            OtlpProtocol::kGrpc);
}

TEST(OtelSettingsTest, LocustsFlagNeedsNoEndpoint) {
  EXPECT_EQ(Applied({.traces = true}, {}).traces->endpoint, kOtlpGrpcDefault);
  EXPECT_EQ(Applied({.traces = true}, Env({{"OTEL_ENDPOINT", "c:1"}})).traces->endpoint,
            "http://c:1");
}

TEST(OtelSettingsTest, FiguresGoOverOtlpOnlyWhenAskedFor) {
  EXPECT_TRUE(Applied({.endpoint = "c:4317"}, {}).metrics.empty());
  const Outputs asked = Applied({.endpoint = "http://c:4318/v1/traces", .metrics = true}, {});
  ASSERT_EQ(asked.metrics.size(), 1U);
  EXPECT_EQ(asked.metrics[0].to, "http://c:4318/v1/metrics");
  EXPECT_EQ(asked.metrics[0].protocol, OtlpProtocol::kHttp);
  const OtelEnvironment environment =
      Env({{"OTEL_METRICS_EXPORTER", "otlp"}, {"OTEL_ENDPOINT", "c:4317"}});
  ASSERT_EQ(Applied({}, environment).metrics.size(), 1U);
  EXPECT_EQ(Applied({}, environment).metrics[0].to, "http://c:4317");
}

TEST(OtelSettingsTest, FiguresAreSentWithoutTracesToo) {
  const Outputs outputs = Applied({.endpoint = "c:4317", .sample = 0, .metrics = true}, {});
  EXPECT_EQ(outputs.traces->sample, 0);
  EXPECT_EQ(outputs.metrics.size(), 1U);
}

TEST(OtelSettingsTest, ThePlansOwnOutputOverOtlpIsNotDoubled) {
  Outputs planned;
  planned.metrics.push_back(
      {.kind = MetricOutput::Kind::kOtlp, .to = "http://plan:4317", .tags = {{"env", "staging"}}});
  EXPECT_EQ(Applied({.metrics = true}, Env({{"OTEL_ENDPOINT", "c:4317"}}), planned).metrics,
            planned.metrics);
  EXPECT_EQ(Applied({.endpoint = "c:4317"}, {}, planned).metrics, planned.metrics);
  const Outputs moved = Applied({.endpoint = "c:4317", .metrics = true}, {}, planned);
  ASSERT_EQ(moved.metrics.size(), 1U);
  EXPECT_EQ(moved.metrics[0].to, "http://c:4317");
  EXPECT_EQ(moved.metrics[0].tags, planned.metrics[0].tags);
}

TEST(OtelSettingsTest, WhereNothingIsSentNothingOfWhereToIsChecked) {
  const std::map<std::string, std::string> nonsense = {
      {"OTEL_TRACES_EXPORTER", "pigeon"}, {"OTEL_TRACES_SAMPLER", "coin"}, {"OTEL_ENDPOINT", "?"}};
  EXPECT_FALSE(ReadOtelFor({}, nonsense, nullptr).ok());
  EXPECT_TRUE(ReadOtelFor({.sample = 0}, nonsense, nullptr).ok());
  EXPECT_FALSE(ReadOtelFor({.sample = 0.1}, nonsense, nullptr).ok());
  EXPECT_FALSE(ReadOtelFor({.sample = 0, .metrics = true}, nonsense, nullptr).ok());
  auto with_metrics = nonsense;
  with_metrics["OTEL_METRICS_EXPORTER"] = "otlp";
  EXPECT_FALSE(ReadOtelFor({.sample = 0}, with_metrics, nullptr).ok());
  // The name goes to agents all the same.
  const auto read = ReadOtelFor({.sample = 0}, {{"OTEL_SERVICE_NAME", "load"}}, nullptr);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Applied({.sample = 0}, *read).traces->service_name, "load");
}

TEST(OtelSettingsTest, SaysOnceThatNothingIsCompressedOverHttp) {
  const auto warnings = [](const OtelFlags& flags, std::map<std::string, std::string> variables) {
    variables.emplace("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    return ReadOtelFor(flags, variables, nullptr).value().warnings;
  };
  const std::vector<std::string> said = {
      "OTEL_EXPORTER_OTLP_COMPRESSION 'gzip' is heeded over gRPC alone: nothing is compressed over "
      "HTTP"};
  const std::vector<std::string> nothing;
  EXPECT_EQ(warnings({}, {{"OTEL_ENDPOINT", "http://c:4318"}}), said);
  EXPECT_EQ(warnings({.endpoint = "c:4318", .metrics = true}, {}), said);
  EXPECT_EQ(warnings({.endpoint = "c:4318", .sample = 0, .metrics = true}, {}), said);
  EXPECT_EQ(warnings({.endpoint = "c:4317"}, {{"OTEL_ENDPOINT", "http://c:4318"}}), said);
  EXPECT_EQ(warnings({.endpoint = "c:4317"}, {}), nothing);
  EXPECT_EQ(warnings({.endpoint = "c:4317", .protocol = "http"}, {}), said);
  EXPECT_EQ(warnings({.endpoint = "c:4318", .sample = 0}, {}), nothing);
  EXPECT_EQ(warnings({}, {}), nothing);
}

TEST(OtelSettingsTest, SaysWhatIsMissingOrWrong) {
  const auto message = [](const OtelFlags& flags) {
    Outputs outputs;
    const absl::Status status = ApplyOtel(flags, {}, &outputs);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(outputs, Outputs());
    return std::string(status.message());
  };
  EXPECT_EQ(message({.sample = 0.5}),
            "--otel-sample must have somewhere to send to: --otel-endpoint, "
            "OTEL_EXPORTER_OTLP_ENDPOINT or outputs.traces of the plan");
  EXPECT_EQ(message({.sample = 0, .metrics = true}), message({.metrics = true}));
  EXPECT_EQ(message({.metrics = true}),
            "--otel-metrics must have somewhere to send to: --otel-endpoint, "
            "OTEL_EXPORTER_OTLP_ENDPOINT or outputs.metrics of the plan");
  EXPECT_EQ(message({.endpoint = "ftp://c:1"}),
            "--otel-endpoint must start with http:// or https://, got 'ftp://c:1'");
  EXPECT_NE(message({.endpoint = "http://c:1/x", .protocol = "grpc"}).find("--otel-endpoint must"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
