#include "operator/loadtest/report_objects.h"

#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "daemon/base/base64.h"
#include "daemon/report/csv.h"
#include "daemon/report/json_report.h"
#include "daemon/report/view_json.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

namespace json = boost::json;

std::string Gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string text(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string KeysOf(const json::object& object, const char* field) {
  std::string keys;
  if (const json::object* data = ObjectAt(object, field); data != nullptr) {
    for (const auto& [key, value] : *data) {
      keys += fmt::format("{}{}", keys.empty() ? "" : " ", std::string_view(key));
    }
  }
  return keys;
}

// With so many request names; `noise` makes them hard to compress.
RunReport LongReport(int names, size_t noise) {
  RunReport report = SomeReport();
  std::mt19937 random(7);
  for (int i = 0; i < names; ++i) {
    std::string name = fmt::format("request-{}-", i);
    for (size_t n = 0; n < noise; ++n) {
      name += static_cast<char>('a' + random() % 26);
    }
    report.total.entries[{RunPhase::kMeasured, name, "GET"}].requests = 1;
  }
  return report;
}

TEST(ReportObjectTest, HoldsWhatWasAskedFor) {
  struct Row {
    const char* formats;
    const char* keys;
  };
  for (const Row& row :
       {Row{"[JSON]", "report.json"}, Row{"[CSV]", "stats.csv failures.csv"},
        Row{"[JUnit]", "junit.xml"},
        Row{"[JSON, CSV, JUnit]", "report.json stats.csv failures.csv junit.xml"}, Row{"[]", ""}}) {
    const LoadTest test =
        SomeTest(fmt::format("{{results: {{report: {{formats: {}}}}}}}", row.formats));
    const auto object = ReportObject(test, SomeReport());
    ASSERT_TRUE(object.ok()) << object.status();
    EXPECT_EQ(KeysOf(*object, "data"), row.keys) << row.formats;
    EXPECT_EQ(KeysOf(*object, "binaryData"), *row.keys == '\0' ? "" : "view.json.gz")
        << row.formats;
  }
}

TEST(ReportObjectTest, IsNamedByTheRunAndOwnedByTheTest) {
  const LoadTest test = SomeTest("{runId: nightly}");
  const auto object = ReportObject(test, SomeReport());
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(KeyOf(*object), (ObjectKey{"team-a", "peak-nightly-report"}));
  EXPECT_TRUE(OwnedBy(*object, kSomeUid));
  EXPECT_EQ(Label(*object, "squall.dev/run-id"), "nightly");
}

TEST(ReportObjectTest, LongTextsAreCompressedAndReadableAgain) {
  const auto object = ReportObject(SomeTest("{}"), LongReport(2000, 8));
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(KeysOf(*object, "data"), "");
  EXPECT_EQ(KeysOf(*object, "binaryData"), "report.json.gz view.json.gz");
  const json::value* packed = FindIn(*ObjectAt(*object, "binaryData"), "report.json.gz");
  const auto bytes = DecodeBase64(std::string_view(packed->get_string()));
  ASSERT_TRUE(bytes.has_value());
  const std::string text = Gunzip(*bytes);
  EXPECT_GT(text.size(), 200'000U);
  EXPECT_NE(text.find("request-1999-"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
}

TEST(ReportObjectTest, GivesBackWhatItHolds) {
  for (const int names : {1, 2000}) {
    const LoadTest test = SomeTest("{results: {report: {formats: [JSON, CSV]}}}");
    const RunReport report = LongReport(names, 8);
    const auto object = ReportObject(test, report);
    ASSERT_TRUE(object.ok()) << object.status();
    EXPECT_EQ(*ReadReportObject(*object, "json"), JsonReport(report));
    EXPECT_EQ(*ReadReportObject(*object, "csv_stats"), StatsCsv(report.total));
    EXPECT_EQ(*ReadReportObject(*object, "view"), ViewJson(report));
    for (const char* other : {"junit", "text", ""}) {
      EXPECT_EQ(ReadReportObject(*object, other).status().code(), absl::StatusCode::kNotFound);
    }
  }
}

TEST(ReportObjectTest, WhatSomebodyElseHasPutThereIsNoReport) {
  const json::object object = Yaml(R"(
data: {report.json: 5}
binaryData: {stats.csv.gz: '!!', failures.csv.gz: eHh4eA==}
)");
  EXPECT_EQ(ReadReportObject(object, "json").status().code(), absl::StatusCode::kNotFound);
  for (const char* format : {"csv_stats", "csv_failures"}) {
    EXPECT_EQ(ReadReportObject(object, format).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ReportObjectTest, AViewWithoutRoomIsLeftOut) {
  // So many names that the report fits and the view does not beside it.
  int names = 500;
  absl::StatusOr<json::object> object = ReportObject(SomeTest("{}"), LongReport(names, 600));
  while (object.ok() && KeysOf(*object, "binaryData").find("view") != std::string::npos) {
    names += 100;
    object = ReportObject(SomeTest("{}"), LongReport(names, 600));
  }
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(KeysOf(*object, "binaryData"), "report.json.gz");
}

TEST(ReportObjectTest, WhatDoesNotFitIsRefusedWithAWayOut) {
  const auto object = ReportObject(SomeTest("{}"), LongReport(4000, 600));
  ASSERT_EQ(object.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(object.status().message().find("spec.results.report.formats"), absl::string_view::npos);
}

}  // namespace
}  // namespace squall
