#include "tests/support/kube/table_view.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

const json::object& LoadTest() {
  static const json::object kLoadTest = json::parse(R"({
      "metadata": {"name": "peak", "creationTimestamp": "2023-11-14T22:13:20Z"},
      "status": {"phase": "Running", "conditions": [
          {"type": "Complete", "status": "False"}, {"type": "Passed", "status": "True"}]}})")
                                            .get_object();
  return kLoadTest;
}

TEST(TableViewTest, FindsWhatColumnsPointAt) {
  EXPECT_EQ(*JsonPath(LoadTest(), ".status.phase"), "Running");
  EXPECT_EQ(*JsonPath(LoadTest(), R"(.status.conditions[?(@.type=="Passed")].status)"), "True");
  EXPECT_EQ(JsonPath(LoadTest(), R"(.status.conditions[?(@.type=="Other")].status)"), nullptr);
  EXPECT_EQ(JsonPath(LoadTest(), ".status.none"), nullptr);
}

TEST(TableViewTest, ShowsTheColumnsOfTheType) {
  FakeResource type;
  type.columns = json::parse(R"([
      {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
      {"name": "Users", "type": "integer", "jsonPath": ".status.users", "priority": 1},
      {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}])")
                     .get_array();
  const ManualClock clock;  // starts at the object's creation
  const json::object table = TableOf(type, LoadTest(), clock.Wall() + std::chrono::minutes(3));
  const json::object& row = DigArray(table, "rows")->at(0).as_object();
  EXPECT_EQ(row.at("cells"), json::parse(R"(["peak", "Running", null, "3m"])"))
      << json::serialize(row);
  EXPECT_EQ(DigText(row, "object.metadata.name"), "peak");
  EXPECT_EQ(DigArray(table, "columnDefinitions")->at(2).at("priority"), 1);
}

}  // namespace
}  // namespace squall
