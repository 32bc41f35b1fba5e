#include "daemon/plan/output_target.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace squall {
namespace {

using Kind = MetricOutput::Kind;

std::string Fault(Kind kind, const std::string& to) {
  return TargetFault(MetricOutput{.kind = kind, .to = to});
}

TEST(OutputTargetTest, EachKindHasItsOwnTargets) {
  for (const auto& [kind, to] : {std::pair(Kind::kInfluxDb, "http://h:8086/write?db=a&u=b&p=c"),
                                 {Kind::kInfluxDb, "https://h/api/v2/write?org=o&bucket=b"},
                                 {Kind::kRemoteWrite, "http://[::1]:9090/api/v1/write"},
                                 {Kind::kStatsd, "127.0.0.1:8125"},
                                 {Kind::kStatsd, "[::1]:8125"},
                                 {Kind::kOtlp, "http://collector:4317"},
                                 {Kind::kJsonLines, "out/x.jsonl"}}) {
    EXPECT_EQ(Fault(kind, to), "") << to;
  }
  for (const auto& [kind, to, fault] :
       {std::tuple(Kind::kInfluxDb, "http://u:p@h/write", "user name or password; use headers"),
        {Kind::kInfluxDb, "h:8086", "must start with http:// or https://"},
        {Kind::kInfluxDb, "http://h/write?db=a b", "must not have spaces in its query"},
        {Kind::kRemoteWrite, "http://h/x?a#b", "must not have a fragment"},
        {Kind::kStatsd, "localhost", "must be host:port"},
        {Kind::kStatsd, "::1:8125", "must be host:port"},
        {Kind::kStatsd, "h:99999", "must be host:port"},
        {Kind::kOtlp, "http://h:4317/v1/metrics", "must not have a path over gRPC"},
        {Kind::kJsonLines, "", "must name a file"}}) {
    EXPECT_NE(Fault(kind, to).find(fault), std::string::npos) << Fault(kind, to);
  }
}

TEST(OutputTargetTest, TagsAreWhatEveryReceiverTakes) {
  EXPECT_EQ(TagFault("env", "staging, 2 = Grüße"), "");
  EXPECT_EQ(TagFault("_x9", "y"), "");
  for (const char* name : {"", "9a", "a-b", "a b", "ä"}) {
    EXPECT_TRUE(TagFault(name, "x").starts_with("must be a tag's name")) << name;
  }
  EXPECT_TRUE(TagFault("run_id", "x").starts_with("must not be 'run_id'"));
  EXPECT_TRUE(TagFault("__name__", "x").starts_with("must not be '__name__'"));
  EXPECT_TRUE(TagFault("a", "").starts_with("must have a value of 1 to 256 bytes"));
  EXPECT_TRUE(TagFault("a", "x\ny").starts_with("must have a value of one line"));
  EXPECT_EQ(PrefixFault("shop.eu-1"), "");
  EXPECT_NE(PrefixFault("a:b"), "");
  EXPECT_NE(PrefixFault(""), "");
}

TEST(OutputTargetTest, LogsSeeNoPathAndNoCredentials) {
  EXPECT_EQ(ShownOutput({.kind = Kind::kInfluxDb, .to = "http://u:p@h:8086/write?db=a&p=secret"}),
            "influxdb http://h:8086");
  EXPECT_EQ(ShownOutput({.kind = Kind::kRemoteWrite, .to = "https://h/token-in-path"}),
            "remote_write https://h");
  EXPECT_EQ(ShownOutput({.kind = Kind::kStatsd, .to = "h:8125"}), "statsd h:8125");
  EXPECT_EQ(ShownOutput({.kind = Kind::kJsonLines, .to = "a/b@c"}), "json_lines a/b@c");
}

TEST(OutputTargetTest, ATargetLeadsToAHostAndAPort) {
  const std::tuple<const char*, const char*, int> rows[] = {
      {"http://h", "h", 80},           {"https://h/x:9?y=:8", "h", 443},
      {"http://[::1]:90/", "::1", 90}, {"https://[fe80::1]/x", "fe80::1", 443},
      {"h:8125", "h", 8125},           {"[::1]:8125", "::1", 8125}};
  for (const auto& [to, host, port] : rows) {
    EXPECT_EQ(OutputHostOf(to).host, host) << to;
    EXPECT_EQ(OutputHostOf(to).port, port) << to;
  }
}

TEST(OutputTargetTest, AFlagSaysKindAndTarget) {
  const std::tuple<const char*, Kind, const char*> rows[] = {
      {"influxdb=http://h:8086/mydb", Kind::kInfluxDb, "http://h:8086/write?db=mydb"},
      {"influxdb=http://h:8086/write?db=a=b", Kind::kInfluxDb, "http://h:8086/write?db=a=b"},
      {"influxdb=http://h/api/v2/write?bucket=b", Kind::kInfluxDb,
       "http://h/api/v2/write?bucket=b"},
      {"influxdb=http://h:8086", Kind::kInfluxDb, "http://h:8086"},
      {"statsd=h:8125", Kind::kStatsd, "h:8125"},
      {"remote-write=http://h:9090/api/v1/write", Kind::kRemoteWrite, "http://h:9090/api/v1/write"},
      {"prometheus_remote_write=http://h/x", Kind::kRemoteWrite, "http://h/x"},
      {"json=x.jsonl", Kind::kJsonLines, "x.jsonl"}};
  for (const auto& [text, kind, to] : rows) {
    const absl::StatusOr<MetricOutput> output = ParseOutFlag(text);
    ASSERT_TRUE(output.ok()) << output.status();
    EXPECT_EQ(*output, (MetricOutput{.kind = kind, .to = to}));
  }
}

TEST(OutputTargetTest, AFlagGuessesTheProtocolOfACollector) {
  EXPECT_EQ(ParseOutFlag("otlp=http://h:4317")->protocol, OtlpProtocol::kGrpc);
  EXPECT_EQ(ParseOutFlag("otlp=http://h:4318")->protocol, OtlpProtocol::kHttp);
  EXPECT_EQ(ParseOutFlag("otlp=http://h:80/v1/metrics")->protocol, OtlpProtocol::kHttp);
  EXPECT_EQ(ParseOutFlag("otlp=http://h/")->protocol, OtlpProtocol::kGrpc);
}

TEST(OutputTargetTest, AFlagThatIsNoneSaysWhatToWrite) {
  const std::pair<const char*, const char*> rows[] = {
      {"influxd=http://h",
       "must begin with influxdb=, statsd=, remote-write=, otlp= or json=, got "
       "'influxd'; did you mean 'influxdb'?"},
      {"http://h", "must begin with influxdb="},
      {"statsd", "must say where to, as in statsd=127.0.0.1:8125"},
      {"json=", "must say where to, as in json=samples.jsonl"},
      {"statsd=h", "statsd= must be host:port"}};
  for (const auto& [text, message] : rows) {
    const absl::Status status = ParseOutFlag(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(status.message()).find(message), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace squall
