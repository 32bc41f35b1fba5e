#include "daemon/otel/exporters.h"

#include <fstream>

#include <gtest/gtest.h>

namespace squall {
namespace {

std::string Text(const opentelemetry::sdk::resource::Resource& resource, const std::string& key) {
  const auto found = resource.GetAttributes().find(key);
  return found == resource.GetAttributes().end()
             ? "absent"
             : opentelemetry::nostd::get<std::string>(found->second);
}

TEST(ExportersTest, TheResourceSaysWhoseSpansTheyAre) {
  OtlpSending sending;
  sending.resource = {{"service.name", "of-the-environment"}, {"team", "shop"}};
  const auto resource = MakeResource({"mine", "r-1", "spring sale", "a-3"}, sending);
  EXPECT_EQ(Text(resource, "service.name"), "mine");
  EXPECT_NE(Text(resource, "service.version"), "absent");
  EXPECT_EQ(Text(resource, "service.instance.id"), "a-3");
  EXPECT_EQ(Text(resource, "squall.run.id"), "r-1");
  EXPECT_EQ(Text(resource, "squall.test"), "spring sale");
  EXPECT_EQ(Text(resource, "team"), "shop");
}

TEST(ExportersTest, TheServiceIsTheEnvironmentsWhereNobodyElseNamesOne) {
  OtlpSending sending;
  EXPECT_EQ(Text(MakeResource({}, sending), "service.name"), "squall");
  sending.resource = {{"service.name", "of-the-environment"}};
  EXPECT_EQ(Text(MakeResource({}, sending), "service.name"), "of-the-environment");
  EXPECT_EQ(Text(MakeResource({TraceOutput().service_name}, sending), "service.name"),
            "of-the-environment");
}

TEST(ExportersTest, MakesOneForEachProtocol) {
  for (const OtlpProtocol protocol : {OtlpProtocol::kGrpc, OtlpProtocol::kHttp}) {
    TraceOutput traces{.endpoint = "http://127.0.0.1:9", .protocol = protocol};
    EXPECT_NE(MakeSpanExporter(traces, {}), nullptr);
    MetricOutput metrics{.to = "http://127.0.0.1:9", .protocol = protocol};
    EXPECT_NE(MakeMetricExporter(metrics, {}), nullptr);
  }
}

TEST(ExportersTest, ACaIsTrustedBesidesTheSystems) {
  const std::string folder = testing::TempDir();
  std::ofstream(folder + "roots.pem") << "SYSTEM\n";
  const std::vector<std::string> files = {folder + "absent.pem", folder + "roots.pem"};
  EXPECT_EQ(TrustedRoots("MINE", files), "MINE\nSYSTEM\n");
  EXPECT_EQ(TrustedRoots("", files), "");  // the libraries' own way
  EXPECT_EQ(TrustedRoots("MINE", {folder + "absent.pem"}), "MINE");
  EXPECT_TRUE(TrustedRoots("MINE").starts_with("MINE"));
}

TEST(ExportersTest, RefusesWhatNothingCouldBeSentTo) {
  EXPECT_TRUE(CheckOtlp("http://c:4317", OtlpProtocol::kGrpc, {{"x-Key_1", "v w"}}).ok());
  EXPECT_EQ(CheckOtlp("c:4317", OtlpProtocol::kGrpc, {}).code(),
            absl::StatusCode::kInvalidArgument);
  for (const HeaderList& headers :
       {HeaderList{{"", "v"}}, HeaderList{{"a b", "v"}}, HeaderList{{"a", "hunter2\r\nb: c"}}}) {
    const absl::Status status = CheckOtlp("http://c:4317", OtlpProtocol::kGrpc, headers);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace squall
