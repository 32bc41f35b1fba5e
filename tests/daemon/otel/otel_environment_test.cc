#include "daemon/otel/otel_environment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using Variables = std::map<std::string, std::string>;

absl::StatusOr<OtelEnvironment> Read(const Variables& variables) {
  return ReadOtelEnvironment(variables, [](const std::string& name, const std::string& path) {
    return path == "ca.pem" ? absl::StatusOr<std::string>("PEM")
                            : absl::NotFoundError(name + " must be a readable file");
  });
}

OtelEnvironment MustRead(const Variables& variables) {
  const auto read = Read(variables);
  EXPECT_TRUE(read.ok()) << read.status();
  return read.value_or(OtelEnvironment());
}

TEST(OtelEnvironmentTest, AsksForNothingWhenNothingIsSet) {
  EXPECT_EQ(MustRead({}), OtelEnvironment());
  EXPECT_EQ(MustRead({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}, {"PATH", "/bin"}}), OtelEnvironment());
}

TEST(OtelEnvironmentTest, TheOlderVariableAloneTurnsTracesOnOverGrpc) {
  for (const char* text : {"http://collector:4317", "collector:4317"}) {
    const OtelEnvironment read = MustRead({{"OTEL_ENDPOINT", text}});
    EXPECT_TRUE(read.traces_wanted);
    EXPECT_EQ(read.traces.endpoint, "http://collector:4317");
    EXPECT_EQ(read.traces.protocol, OtlpProtocol::kGrpc);
    EXPECT_EQ(read.traces.sample, 1);
    EXPECT_FALSE(read.metrics_wanted);
  }
}

TEST(OtelEnvironmentTest, ASignalsOwnVariablesWin) {
  const OtelEnvironment read = MustRead({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318"},
                                         {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t:4317"},
                                         {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
                                         {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"},
                                         {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                                         {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"},
                                         {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "ca.pem"}});
  EXPECT_EQ(read.traces.endpoint, "https://t:4317");
  EXPECT_EQ(read.traces.protocol, OtlpProtocol::kGrpc);
  EXPECT_EQ(read.traces.headers, (HeaderList{{"b", "2"}}));
  EXPECT_EQ(read.traces.ca_pem, "PEM");
  EXPECT_EQ(read.metrics.to, "http://all:4318");
  EXPECT_EQ(read.metrics.protocol, OtlpProtocol::kHttp);
  EXPECT_EQ(read.metrics.headers, (HeaderList{{"a", "1"}}));
  EXPECT_EQ(read.metrics.ca_pem, "");
}

TEST(OtelEnvironmentTest, AddsTheSignalsPathToThePathOfAll) {
  const OtelEnvironment read = MustRead({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:9/in/"},
                                         {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}});
  EXPECT_EQ(read.traces.endpoint, "http://c:9/in/v1/traces");
  EXPECT_EQ(read.metrics.to, "http://c:9/in/v1/metrics");
  EXPECT_EQ(OtlpHttpUrl("http://c:9", "/v1/traces"), "http://c:9/v1/traces");
  EXPECT_EQ(OtlpHttpUrl("http://c:9/", "/v1/traces"), "http://c:9/v1/traces");
  EXPECT_EQ(OtlpHttpUrl("http://c:9/mine", "/v1/traces"), "http://c:9/mine");
}

TEST(OtelEnvironmentTest, Port4318OrAPathMeansHttpWhereNobodySays) {
  EXPECT_EQ(MustRead({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}).traces.protocol,
            OtlpProtocol::kHttp);
  EXPECT_EQ(MustRead({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"}}).traces.protocol,
            OtlpProtocol::kGrpc);
}

TEST(OtelEnvironmentTest, DecodesHeadersAndResource) {
  const OtelEnvironment read =
      MustRead({{"OTEL_EXPORTER_OTLP_HEADERS", " api-key = a%2Cb%3D , x=Basic%20eA=="},
                {"OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,deployment.environment.name=t%20x"},
                {"OTEL_ENDPOINT", "c:4317"}});
  EXPECT_EQ(read.traces.headers, (HeaderList{{"api-key", "a,b="}, {"x", "Basic eA=="}}));
  EXPECT_EQ(read.sending.resource.at("deployment.environment.name"), "t x");
  EXPECT_EQ(read.service_name, "shop");
  EXPECT_EQ(read.traces.service_name, "shop");
}

TEST(OtelEnvironmentTest, TheServicesOwnVariableWinsOverTheResource) {
  const OtelEnvironment read =
      MustRead({{"OTEL_SERVICE_NAME", "own"}, {"OTEL_RESOURCE_ATTRIBUTES", "service.name=other"}});
  EXPECT_EQ(read.service_name, "own");
  EXPECT_EQ(read.sending.resource.at("service.name"), "own");
}

TEST(OtelEnvironmentTest, TakesTheSampler) {
  const auto sample = [](const std::string& sampler, const std::string& argument) {
    return MustRead({{"OTEL_ENDPOINT", "c:1"},
                     {"OTEL_TRACES_SAMPLER", sampler},
                     {"OTEL_TRACES_SAMPLER_ARG", argument}})
        .traces.sample;
  };
  EXPECT_EQ(sample("always_on", ""), 1);
  EXPECT_EQ(sample("parentbased_always_on", "0.5"), 1);
  EXPECT_EQ(sample("traceidratio", "0.25"), 0.25);
  EXPECT_EQ(sample("parentbased_traceidratio", "0.01"), 0.01);
  EXPECT_EQ(sample("traceidratio", ""), 1);
  EXPECT_FALSE(
      MustRead({{"OTEL_ENDPOINT", "c:1"}, {"OTEL_TRACES_SAMPLER", "always_off"}}).traces_wanted);
}

TEST(OtelEnvironmentTest, ExportersSwitchSignals) {
  EXPECT_FALSE(
      MustRead({{"OTEL_ENDPOINT", "c:1"}, {"OTEL_TRACES_EXPORTER", "none"}}).traces_wanted);
  const OtelEnvironment both =
      MustRead({{"OTEL_TRACES_EXPORTER", "otlp"}, {"OTEL_METRICS_EXPORTER", "otlp,prometheus"}});
  EXPECT_TRUE(both.traces_wanted);
  EXPECT_TRUE(both.metrics_wanted);
  EXPECT_EQ(both.traces.endpoint, kOtlpGrpcDefault);
  EXPECT_EQ(both.metrics.to, kOtlpGrpcDefault);
  EXPECT_EQ(MustRead({{"OTEL_SDK_DISABLED", "TRUE"}, {"OTEL_ENDPOINT", "c:1"}}), OtelEnvironment());
}

// Whoever sets them for other programs of the machine may run Squall all the same.
TEST(OtelEnvironmentTest, WhatTheSpecificationAllowsAndIsNotDoneIsAWarning) {
  const auto warnings = [](const Variables& variables) { return MustRead(variables).warnings; };
  using Texts = std::vector<std::string>;
  for (const char* exporter : {"prometheus", "console", "logging", "zipkin", "jaeger"}) {
    const OtelEnvironment read = MustRead({{"OTEL_TRACES_EXPORTER", exporter},
                                           {"OTEL_METRICS_EXPORTER", exporter},
                                           {"OTEL_ENDPOINT", "c:1"}});
    EXPECT_FALSE(read.traces_wanted);
    EXPECT_FALSE(read.metrics_wanted);
    const std::string taken = fmt::format("'{}' is taken for none: only OTLP is sent", exporter);
    EXPECT_EQ(read.warnings,
              (Texts{"OTEL_TRACES_EXPORTER " + taken, "OTEL_METRICS_EXPORTER " + taken}));
  }
  EXPECT_EQ(warnings({{"OTEL_METRICS_EXPORTER", "prometheus, console"}}),
            (Texts{"OTEL_METRICS_EXPORTER 'prometheus, console' is taken for none: only OTLP is "
                   "sent"}));
  EXPECT_EQ(warnings({{"OTEL_METRICS_EXPORTER", "otlp,prometheus"}}), Texts());
  // Of both signals, and said once.
  const OtelEnvironment json =
      MustRead({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"}, {"OTEL_ENDPOINT", "http://c:9"}});
  EXPECT_EQ(json.traces.protocol, OtlpProtocol::kHttp);
  EXPECT_EQ(json.warnings,
            (Texts{"OTEL_EXPORTER_OTLP_PROTOCOL 'http/json' is taken for http/protobuf"}));
  for (const char* sampler : {"jaeger_remote", "parentbased_jaeger_remote", "xray"}) {
    const OtelEnvironment read =
        MustRead({{"OTEL_TRACES_SAMPLER", sampler}, {"OTEL_TRACES_SAMPLER_ARG", "endpoint=x"}});
    EXPECT_EQ(read.traces.sample, 1);
    EXPECT_EQ(read.warnings,
              (Texts{fmt::format("OTEL_TRACES_SAMPLER '{}' is taken for always_on", sampler)}));
  }
}

TEST(OtelEnvironmentTest, WhoIsToldWhereToSendReadsOnlyHowAndInWhoseName) {
  const Variables variables = {
      {"OTEL_SERVICE_NAME", "load"},       {"OTEL_EXPORTER_OTLP_TIMEOUT", "500"},
      {"OTEL_ENDPOINT", "ftp://x"},        {"OTEL_TRACES_EXPORTER", "pigeon"},
      {"OTEL_METRICS_EXPORTER", "pigeon"}, {"OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon"},
      {"OTEL_TRACES_SAMPLER", "pigeon"}};
  const auto read = ReadOtelSending(variables);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->sending.resource.at("service.name"), "load");
  EXPECT_EQ(read->sending.traces_timeout, std::chrono::milliseconds(500));
  EXPECT_FALSE(read->traces_wanted);
  EXPECT_FALSE(ReadOtelSending({{"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"}}).ok());
}

TEST(OtelEnvironmentTest, MetricsAreAskedForByTheirExporterAlone) {
  EXPECT_TRUE(AsksForOtlpMetrics({{"OTEL_METRICS_EXPORTER", "prometheus,otlp"}}));
  EXPECT_FALSE(AsksForOtlpMetrics({{"OTEL_METRICS_EXPORTER", "prometheus"}}));
  EXPECT_FALSE(AsksForOtlpMetrics({{"OTEL_ENDPOINT", "c:1"}}));
  EXPECT_FALSE(
      AsksForOtlpMetrics({{"OTEL_METRICS_EXPORTER", "otlp"}, {"OTEL_SDK_DISABLED", "true"}}));
}

TEST(OtelEnvironmentTest, ATimeoutIsBoundedSinceTheEndOfARunWaitsForIt) {
  EXPECT_EQ(MustRead({}).sending.traces_timeout, std::chrono::seconds(3));
  EXPECT_EQ(MustRead({{"OTEL_EXPORTER_OTLP_TIMEOUT", "500"}}).sending.traces_timeout,
            std::chrono::milliseconds(500));
  EXPECT_EQ(MustRead({{"OTEL_EXPORTER_OTLP_TIMEOUT", "60000"}}).sending.metrics_timeout,
            std::chrono::seconds(10));
  EXPECT_EQ(MustRead({{"OTEL_METRIC_EXPORT_INTERVAL", "1500"}}).metrics.interval,
            std::chrono::milliseconds(1500));
}

TEST(OtelEnvironmentTest, EachSignalHasATimeoutOfItsOwn) {
  const OtlpSending sending = MustRead({{"OTEL_EXPORTER_OTLP_TIMEOUT", "500"},
                                        {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "700"}})
                                  .sending;
  EXPECT_EQ(sending.traces_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(sending.metrics_timeout, std::chrono::milliseconds(700));
}

TEST(OtelEnvironmentTest, SaysOnOneLineWhatIsWrong) {
  const struct {
    Variables variables;
    const char* message;
  } kRows[] = {
      {{{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml"}},
       "OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf, got 'http/xml'"},
      {{{"OTEL_TRACES_EXPORTER", "zipkun"}},
       "OTEL_TRACES_EXPORTER must be otlp or none, got 'zipkun'"},
      {{{"OTEL_METRICS_EXPORTER", "prometheus,pigeon"}},
       "OTEL_METRICS_EXPORTER must be otlp or none, got 'prometheus,pigeon'"},
      {{{"OTEL_METRICS_EXPORTER", ","}}, "OTEL_METRICS_EXPORTER must be otlp or none, got ','"},
      {{{"OTEL_TRACES_SAMPLER", "coin"}},
       "OTEL_TRACES_SAMPLER must be always_on, always_off, traceidratio or one of them after "
       "parentbased_, got 'coin'"},
      {{{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "1.5"}},
       "OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, got '1.5'"},
      {{{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "nan"}},
       "OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, got 'nan'"},
      {{{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}},
       "OTEL_EXPORTER_OTLP_TIMEOUT must be milliseconds from 1 to 3600000, got '10s'"},
      {{{"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "0"}},
       "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT must be milliseconds from 1 to 3600000, got '0'"},
      {{{"OTEL_METRIC_EXPORT_INTERVAL", "99"}},
       "OTEL_METRIC_EXPORT_INTERVAL must be milliseconds from 100 to 3600000, got '99'"},
      {{{"OTEL_SDK_DISABLED", "yes"}}, "OTEL_SDK_DISABLED must be true or false, got 'yes'"},
      {{{"OTEL_EXPORTER_OTLP_CERTIFICATE", "absent"}},
       "OTEL_EXPORTER_OTLP_CERTIFICATE must be a readable file"},
  };
  for (const auto& row : kRows) {
    const auto read = Read(row.variables);
    ASSERT_FALSE(read.ok()) << row.message;
    EXPECT_EQ(std::string(read.status().message()), row.message);
  }
}

TEST(OtelEnvironmentTest, NeverShowsWhatMayBeSecret) {
  for (const char* text : {"hunter2", "key=hunter2%", "key=hunter2%0a", "=hunter2"}) {
    const auto read = Read({{"OTEL_EXPORTER_OTLP_HEADERS", text}});
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().message().find("hunter2"), std::string::npos) << read.status();
  }
  const auto read = Read({{"OTEL_ENDPOINT", "http://me:hunter2@c:1"}});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().message().find("hunter2"), std::string::npos) << read.status();
}

}  // namespace
}  // namespace squall
