#include "daemon/report/json_report.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

boost::json::value Parsed(const std::string& text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  EXPECT_FALSE(error) << error.message();
  return value;
}

TEST(JsonReportTest, ClosedModelMatchesTheGoldenFile) {
  ExpectGolden("report/closed.json", JsonReport(ClosedReport()));
}

TEST(JsonReportTest, OpenModelMatchesTheGoldenFile) {
  ExpectGolden("report/open.json", JsonReport(OpenReport()));
}

void CollectKeys(const boost::json::value& value, std::set<std::string>* keys) {
  if (value.is_object()) {
    for (const auto& member : value.as_object()) {
      keys->emplace(member.key());
      CollectKeys(member.value(), keys);
    }
  } else if (value.is_array()) {
    for (const boost::json::value& element : value.as_array()) {
      CollectKeys(element, keys);
    }
  }
}

TEST(JsonReportTest, EveryFieldIsInTheReference) {
  std::ifstream file(SQUALL_SOURCE_DIR "/docs/report-json.md");
  std::stringstream reference;
  reference << file.rdbuf();
  std::set<std::string> keys;
  RunReport traced = ClosedReport();
  traced.total.traces = {.sampled = 3, .exported = 2, .failed = 1};
  CollectKeys(Parsed(JsonReport(traced)), &keys);
  CollectKeys(Parsed(JsonReport(OpenReport())), &keys);
  for (const std::string& key : keys) {
    // Percentiles and status classes are listed there as ranges.
    if (key.find_first_of("0123456789") != 0) {
      EXPECT_NE(reference.str().find("`" + key + "`"), std::string::npos) << key;
    }
  }
}

TEST(JsonReportTest, FiguresOfSpansAreThereWhenARequestWasSampled) {
  RunReport report = ClosedReport();
  EXPECT_FALSE(Parsed(JsonReport(report)).as_object().contains("traces"));
  report.total.traces = {.sampled = 9, .exported = 6, .dropped = 2, .failed = 1};
  const boost::json::value traces = Parsed(JsonReport(report)).at("traces");
  EXPECT_EQ(traces, Parsed(R"({"sampled":9,"exported":6,"dropped":2,"failed":1})"));
}

TEST(JsonReportTest, ALongTimeLineIsThinned) {
  RunReport report = ClosedReport();
  report.series.clear();
  for (int i = 0; i < 20'000; ++i) {
    report.series.push_back(
        {.start = std::chrono::seconds(i), .length = std::chrono::seconds(1), .requests = 1});
  }
  const boost::json::value series = Parsed(JsonReport(report)).at("series");
  EXPECT_EQ(series.as_array().size(), 5'000U);
  EXPECT_EQ(series.at(0).at("requests"), 4);
}

TEST(JsonReportTest, FiguresReadBackAsTheyWere) {
  const RunReport report = ClosedReport();
  const boost::json::value json = Parsed(JsonReport(report));
  EXPECT_EQ(json.at_pointer("/totals/requests"), 300);
  EXPECT_EQ(json.at_pointer("/totals/failures"), 8);
  EXPECT_EQ(json.at_pointer("/totals/requests_per_second"), 15);
  EXPECT_EQ(json.at_pointer("/entries").as_array().size(), 3u);
  EXPECT_EQ(json.at_pointer("/agents").as_array().size(), 2u);
  EXPECT_EQ(json.at_pointer("/run/seed"), "18446744073709551615");
  EXPECT_EQ(json.at_pointer("/verdict/verdict"), "FAIL");
  EXPECT_EQ(json.at_pointer("/totals/start_delay_ms"), nullptr);
  const double p99 = json.at_pointer("/totals/response_ms/percentiles/99").to_number<double>();
  EXPECT_NEAR(p99, 1234, 1234 * 0.005);
}

TEST(JsonReportTest, LinesOfNamesAndAgentsAreColumnsOfEqualLength) {
  const boost::json::value json = Parsed(JsonReport(ClosedReport()));
  const boost::json::value& buy = json.at_pointer("/series_by_name/0");
  EXPECT_EQ(buy.at("name"), "Buy");
  EXPECT_EQ(buy.at("method"), "POST");
  EXPECT_EQ(buy.at_pointer("/requests/1"), 40);
  EXPECT_EQ(buy.at_pointer("/length_seconds/1"), 1.5);
  EXPECT_EQ(buy.at_pointer("/response_p99_ms/1"), 1234);
  const boost::json::value& agent = json.at_pointer("/series_by_agent/0");
  EXPECT_EQ(agent.at("agent"), "a-1");
  EXPECT_EQ(agent.at_pointer("/loop_lag_p99_ms/0"), 0.496);
  for (const boost::json::value* line : {&buy, &agent}) {
    for (const auto& member : line->as_object()) {
      if (member.value().is_array()) {
        EXPECT_EQ(member.value().as_array().size(), line == &buy ? 2U : 1U) << member.key();
      }
    }
  }
  EXPECT_EQ(json.at("series_names_left_out"), 2);
  EXPECT_EQ(json.at("series_agents_left_out"), 1);
}

TEST(JsonReportTest, PasswordInTheHostIsLeftOut) {
  const std::string text = JsonReport(ClosedReport());
  EXPECT_EQ(text.find("s3cret"), std::string::npos);
  EXPECT_EQ(Parsed(text).at_pointer("/run/host"), "http://127.0.0.1:8082");
}

TEST(JsonReportTest, WarmUpAndCoolDownAreApartFromTheResults) {
  const boost::json::value json = Parsed(JsonReport(OpenReport()));
  EXPECT_EQ(json.at_pointer("/totals/requests"), 2000);
  EXPECT_EQ(json.at_pointer("/totals/requests_per_second"), 100);  // over 20 s of the 30 s
  EXPECT_EQ(json.at_pointer("/warm_up/totals/requests"), 500);
  EXPECT_EQ(json.at_pointer("/cool_down/totals/requests"), 480);
  EXPECT_EQ(Parsed(JsonReport(ClosedReport())).at_pointer("/warm_up"), nullptr);
}

TEST(JsonReportTest, HostileTextIsValidJson) {
  const std::string text = JsonReport(HostileReport());
  EXPECT_EQ(Parsed(text).at_pointer("/entries").as_array().size(), 5u);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 100'000u);
}

TEST(JsonReportTest, EmptyRunHasNullTimesAndZeroRates) {
  const boost::json::value json = Parsed(JsonReport(EmptyReport()));
  EXPECT_EQ(json.at_pointer("/totals/response_ms"), nullptr);
  EXPECT_EQ(json.at_pointer("/totals/requests_per_second"), 0);
  EXPECT_EQ(json.at_pointer("/series").as_array().size(), 0u);
}

}  // namespace
}  // namespace squall
