#include "daemon/wire/outputs_proto.h"

#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "protos/squall/v1/plan.pb.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

absl::Status Refusal(const std::function<void(v1::Outputs*)>& damage) {
  v1::Outputs proto;
  damage(&proto);
  ProtoReader reader;
  Outputs outputs;
  ReadOutputs(proto, &reader, &outputs);
  return reader.status();
}

v1::MetricOutput* AddInflux(v1::Outputs* outputs) {
  v1::MetricOutput* output = outputs->add_metrics();
  output->set_kind(v1::METRIC_OUTPUT_KIND_INFLUXDB);
  output->set_to("http://influx:8086/write?db=a");
  return output;
}

// plan_proto_test.cc has the trip there and back.
TEST(OutputsProtoTest, WhatIsNotSetHasThePlansDefaults) {
  v1::Outputs proto;
  proto.mutable_traces()->set_endpoint("http://collector:4317");
  AddInflux(&proto);
  ProtoReader reader;
  Outputs outputs;
  ReadOutputs(proto, &reader, &outputs);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(outputs.traces, TraceOutput{.endpoint = "http://collector:4317"});
  ASSERT_EQ(outputs.metrics.size(), 1u);
  EXPECT_EQ(outputs.metrics[0], (MetricOutput{.kind = MetricOutput::Kind::kInfluxDb,
                                              .to = "http://influx:8086/write?db=a"}));
}

TEST(OutputsProtoTest, TagsKeepTheirOrderByName) {
  Outputs outputs;
  outputs.metrics = {MetricOutput{.kind = MetricOutput::Kind::kStatsd, .to = "h:1"}};
  for (char name = 'a'; name <= 'z'; ++name) {
    outputs.metrics[0].tags.emplace_back(std::string(1, name), "x");
  }
  v1::Outputs proto;
  WriteOutputs(outputs, &proto);
  ProtoReader reader;
  Outputs read;
  ReadOutputs(proto, &reader, &read);
  EXPECT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(read, outputs);
}

TEST(OutputsProtoTest, AnAgentRefusesWhatAPlanCouldNotSay) {
  const std::pair<std::function<void(v1::Outputs*)>, const char*> rows[] = {
      {[](v1::Outputs* o) { o->mutable_traces()->set_endpoint("file:///etc/passwd"); },
       "outputs.traces.endpoint must start with http:// or https://"},
      {[](v1::Outputs* o) { o->mutable_traces()->set_endpoint("http://c:4317/v1/traces"); },
       "outputs.traces.endpoint must not have a path over gRPC"},
      {[](v1::Outputs* o) { o->add_metrics()->set_to("http://x"); },
       "outputs.metrics[0].kind must be from 1 to 5, got 0"},
      {[](v1::Outputs* o) { AddInflux(o)->set_to("gopher://x"); },
       "outputs.metrics[0].to must start with http:// or https://"},
      {[](v1::Outputs* o) { AddInflux(o)->mutable_interval()->set_nanos(1000); },
       "outputs.metrics[0].interval must be from 0.1s to 3600s"},
      {[](v1::Outputs* o) { (*AddInflux(o)->mutable_tags())["a b"] = "x"; },
       "outputs.metrics[0].tags must be a tag's name"},
      {[](v1::Outputs* o) { (*AddInflux(o)->mutable_tags())["run_id"] = "x"; },
       "outputs.metrics[0].tags must not be 'run_id'"},
      {[](v1::Outputs* o) { AddInflux(o)->set_prefix("a:1|c\n"); },
       "outputs.metrics[0].prefix must be letters"},
      {[](v1::Outputs* o) {
         v1::Header* header = AddInflux(o)->add_headers();
         header->set_name("X");
         header->set_value("a\r\nHost: other");
       },
       "outputs.metrics[0].headers must have names that are names, and values of one line"},
      {[](v1::Outputs* o) {
         for (int i = 0; i < 17; ++i) {
           AddInflux(o);
         }
       },
       "outputs.metrics must be at most 16"},
  };
  for (const auto& [damage, message] : rows) {
    EXPECT_TRUE(Mentions(Refusal(damage), message));
  }
}

}  // namespace
}  // namespace squall
