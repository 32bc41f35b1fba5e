#include "daemon/report/view_json.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/report/view_of.h"
#include "tests/daemon/report/parsed.h"
#include "tests/daemon/report/sample_report.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

using boost::json::value;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A line for each row, so that a change of the golden file can be read.
std::string InLines(const std::string& json) {
  std::string text;
  for (const char byte : json) {
    const bool after_item = byte == ',' && (text.ends_with(']') || text.ends_with('}'));
    text += byte;
    text += after_item ? "\n" : "";
  }
  return text + "\n";
}

// The names of the fields of an interface of web/src/api.ts; of those at depth 1 only.
std::set<std::string> FieldsIn(const std::string& interface_name) {
  std::ifstream file(SQUALL_SOURCE_DIR "/web/src/api.ts");
  std::set<std::string> fields;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "export interface " + interface_name + " {") {
      inside = true;
    } else if (line == "}") {
      inside = false;
    } else if (inside && line.size() > 3 && line.starts_with("  ") && std::isalpha(line[2]) != 0) {
      fields.insert(line.substr(2, line.find(':') - 2));
    }
  }
  EXPECT_FALSE(fields.empty()) << interface_name;
  return fields;
}

std::set<std::string> KeysOf(const value& json) {
  std::set<std::string> keys;
  for (const auto& member : json.as_object()) {
    keys.emplace(member.key());
  }
  return keys;
}

RunReport FullReport() {
  RunReport report = ClosedReport();
  report.planned = {{.at = seconds(0), .users = 1}, {.at = seconds(2), .users = 10}};
  report.stages = {{seconds(20), 10, 5}};
  report.tasks = {{.name = "Buyer", .share = 0.25, .tasks = {{.name = "buy", .share = 1}}}};
  report.agent_descriptions = {{.agent_id = "a-1", .name = "pod-1", .version = "0.1.0"}};
  report.lost_agents = {"a-2"};
  report.events = {
      {.at = kSampleStart + milliseconds(1500), .text = "agent 'a-2' is lost", .number = 7}};
  HeatColumn column{.start = seconds(0), .length = seconds(1)};
  column.counts[3] = 12;
  column.counts[25] = 1;
  report.heat = {column};
  return report;
}

TEST(ViewJsonTest, AFinishedRunMatchesTheGoldenFile) {
  ExpectGolden("report/closed_view.json", InLines(ViewJson(FullReport())));
}

TEST(ViewJsonTest, HasTheFieldsOfTheContractAndNoOthers) {
  const value view = Parsed(ViewJson(FullReport()));
  EXPECT_EQ(KeysOf(view), FieldsIn("View"));
  const value& run = view.at("run");
  EXPECT_EQ(KeysOf(run), FieldsIn("Run"));
  EXPECT_EQ(KeysOf(run.at("planned").at(0)), FieldsIn("PlannedPoint"));
  EXPECT_EQ(KeysOf(run.at("stages").at(0)), FieldsIn("Stage"));
  EXPECT_EQ(KeysOf(run.at("thresholds").at(0)), FieldsIn("Threshold"));
  EXPECT_EQ(KeysOf(view.at("tasks").at(0)), FieldsIn("TaskShare"));
  EXPECT_EQ(KeysOf(view.at("events").at(0)), FieldsIn("RunEvent"));
  EXPECT_EQ(KeysOf(view.at("points")), FieldsIn("Points"));
  EXPECT_EQ(KeysOf(view.at("heat")), FieldsIn("Heat"));
  for (const std::string table : {"stats", "failures", "exceptions", "agents"}) {
    EXPECT_EQ(KeysOf(view.at(table)), FieldsIn("Table"));
    for (const value& row : view.at(table).at("rows").as_array()) {
      EXPECT_EQ(row.as_array().size(), view.at(table).at("columns").as_array().size());
    }
  }
  EXPECT_EQ(view.at("stats").at("total").as_array().size(),
            view.at("stats").at("columns").as_array().size());
}

TEST(ViewJsonTest, ARunThatHasNotBegunHasNothingButItsPlan) {
  RunView view;
  view.summary.run_id = "r-1";
  const value json = Parsed(ViewJson(view, {}, {}));
  EXPECT_EQ(json.at("run").at("id"), "r-1");
  EXPECT_EQ(json.at("run").at("state"), "idle");
  EXPECT_TRUE(json.at("run").at("started_at").is_null());
  EXPECT_TRUE(json.at("run").at("verdict").is_null());
  EXPECT_TRUE(json.at("run").at("stages").is_null());
  EXPECT_TRUE(json.at("run").at("options").at("users").is_null());
  EXPECT_TRUE(json.at("stats").at("rows").as_array().empty());
  EXPECT_TRUE(json.at("heat").at("cells").as_array().empty());
}

TEST(ViewJsonTest, TheTargetsPasswordIsLeftOut) {
  RunReport report = FullReport();
  report.host = "http://tester:hunter2@shop.test/x";
  const std::string json = ViewJson(report);
  EXPECT_EQ(json.find("hunter2"), std::string::npos);
  EXPECT_EQ(Parsed(json).at("run").at("host"), "http://shop.test/x");
}

TEST(ViewJsonTest, PointsAreArraysOfEqualLength) {
  const RunReport report = ClosedReport();
  const value points = Parsed(PointsJson(report.series, 41));
  EXPECT_EQ(points.at("from"), 41);
  for (const auto& member : points.as_object()) {
    if (member.key() != "from") {
      EXPECT_EQ(member.value().as_array().size(), report.series.size()) << member.key();
    }
  }
  EXPECT_EQ(points.at("response_p50").at(1).to_number<double>(), 0.421);
  EXPECT_EQ(points.at("requests").at(1), 296);
}

TEST(ViewJsonTest, WhatWasSetByHandIsTheWishAndNotWhatTheRunHasReached) {
  RunReport report;
  report.overridden = LoadByHand{.users = 2000, .spawn_rate = 12.5};
  const value users = Parsed(RunJson(ViewOf(report)));
  EXPECT_TRUE(users.at("overridden").as_bool());
  EXPECT_EQ(KeysOf(users.at("override")), FieldsIn("LoadByHand"));
  EXPECT_EQ(users.at("override").at("users"), 2000);
  EXPECT_EQ(users.at("override").at("spawn_rate"), 12.5);
  EXPECT_TRUE(users.at("override").at("arrival_factor").is_null());
  report.overridden = LoadByHand{.arrival_factor = 1.5};
  const value arrivals = Parsed(RunJson(ViewOf(report)));
  EXPECT_TRUE(arrivals.at("override").at("users").is_null());
  EXPECT_TRUE(arrivals.at("override").at("spawn_rate").is_null());
  EXPECT_EQ(arrivals.at("override").at("arrival_factor"), 1.5);
}

TEST(ViewJsonTest, ARunThatFollowsItsProfileHasNothingSetByHand) {
  const value run = Parsed(RunJson(ViewOf(RunReport())));
  EXPECT_FALSE(run.at("overridden").as_bool());
  EXPECT_TRUE(run.at("override").is_null());
}

TEST(ViewJsonTest, MoreStagesThanAnybodyEditsAreNotOffered) {
  RunReport report;
  report.stages = std::vector<Stage>(kViewListMax + 1);
  EXPECT_TRUE(Parsed(RunJson(ViewOf(report))).at("stages").is_null());
}

}  // namespace
}  // namespace squall
