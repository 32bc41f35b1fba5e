// The sections `test_data` and `scenario_weights`.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

std::string Json(const DataSet& set) {
  std::string json;
  Value(ValueList(set.rows)).AppendJson(&json);
  return json;
}

// Parses test_data with one file at hand.
PlanResult ParseData(const std::string& data, const std::string& content = "") {
  PlanInputs inputs = InputsOf({"test_data:\n" + data + "\n" + kUsersYaml});
  inputs.read_file = [=](const std::string&) { return content; };
  return ParsePlan(inputs);
}

void ExpectDataError(const std::string& data, const std::string& message,
                     const std::string& content = "") {
  const std::string errors = ErrorText(ParseData(data, content));
  EXPECT_NE(errors.find(message), std::string::npos) << errors;
}

TEST(ParseDataTest, RowsInThePlanKeepTheirTypes) {
  const PlanResult result = ParseData("  d: [a, '5', 5, 1.5, true, ~, 007, {k: [1, {x: y}]}, yes]");
  EXPECT_EQ(ErrorText(result), "");
  ASSERT_EQ(result.plan.test_data.size(), 1U);
  EXPECT_EQ(Json(result.plan.test_data[0]),
            R"(["a","5",5,1.5,true,null,"007",{"k":[1,{"x":"y"}]},"yes"])");
}

TEST(ParseDataTest, FilesAreReadByTheirExtensionOrFormat) {
  const std::string expected = R"([{"a":1}])";
  EXPECT_EQ(Json(ParseData("  d: {file: x.csv}", "a\n1\n").plan.test_data[0]), expected);
  EXPECT_EQ(Json(ParseData("  d: {file: x.json}", R"([{"a": 1}])").plan.test_data[0]), expected);
  EXPECT_EQ(Json(ParseData("  d: {file: x.yml}", "- a: 1\n").plan.test_data[0]), expected);
  EXPECT_EQ(Json(ParseData("  d: {file: x.txt, format: csv}", "a\n1\n").plan.test_data[0]),
            expected);
}

TEST(ParseDataTest, OrderAndEndAreChoices) {
  const DataSet set = ParseData("  d: {rows: [1], order: unique, on_end: stop}").plan.test_data[0];
  EXPECT_EQ(set.order, PickOrder::kUnique);
  EXPECT_EQ(set.on_end, DataSet::OnEnd::kStopUser);
  ExpectDataError("  d: {rows: [1], order: uniqe}", "did you mean 'unique'?");
}

TEST(ParseDataTest, MistakesInFilesAreSaidWhereThePlanNamesThem) {
  ExpectDataError(
      "  d: {file: x.csv}",
      "plan.yaml:2:13: test_data.d.file: must name a file with rows, but 'x.csv': line 2: "
      "must have 1 fields as the header row, got 2",
      "a\n1,2\n");
  ExpectDataError("  d: {file: x.json}", "must hold a JSON array of rows", "{}");
  ExpectDataError("  d: {file: x.json}", "but 'x.json': ", "[1");
  ExpectDataError("  d: {file: x.yaml}", "must hold a YAML list of rows", "a: 1");
  ExpectDataError("  d: {file: x.yaml}", "line 2: must be valid YAML", "- a\n- [1");
  ExpectDataError("  d: {file: x.txt}", "must end in .csv, .json or .yaml");
}

TEST(ParseDataTest, EmptyAndOddSetsAreRefused) {
  ExpectDataError("  d: []", "test_data.d: must have at least one row");
  ExpectDataError("  d: {file: x.csv}", "test_data.d: must have at least one row", "a\n");
  ExpectDataError("  d: {}", "must have one of the keys file, rows");
  ExpectDataError("  d: 5", "test_data.d: must be a list, got '5'");
  ExpectDataError("  a.b: [1]", "must have a name that is not empty and has no dots");
  ExpectDataError("  d: [12345678901234567890]",
                  "must be a number that fits into 64 bits, got '12345678901234567890'; put it in "
                  "quotes to keep it as text");
}

constexpr char kTasks[] = R"(
users:
  - name: A
    tasks:
      - {name: browse, weight: 3, steps: [{get: /}]}
      - {name: buy, steps: [{get: /}]}
  - name: B
    tasks:
      - {name: browse, steps: [{get: /}]}
)";

TEST(ScenarioWeightsTest, EveryTaskOfTheNameGetsTheWeight) {
  const PlanResult result =
      ParseText(std::string("scenario_weights: {browse: 7, buy: 0}\n") + kTasks);
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(result.plan.users[0].tasks[0].weight, 7);
  EXPECT_EQ(result.plan.users[0].tasks[1].weight, 0);
  EXPECT_EQ(result.plan.users[1].tasks[0].weight, 7);
}

TEST(ScenarioWeightsTest, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(
      ErrorText(ParseText(std::string("scenario_weights: {brows: 7}\n") + kTasks)),
      "plan.yaml:1:20: scenario_weights.brows: must be the name of a task of the plan; did you "
      "mean 'browse'?\n");
  EXPECT_NE(ErrorText(ParseText(std::string("scenario_weights: {buy: -1}\n") + kTasks))
                .find("must be a number of at least 0"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
