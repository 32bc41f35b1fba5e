// What the sections read alike, seen through one field that uses it.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

PlanResult ParseFileAt(const std::string& plan_file, const std::string& named, std::string* asked) {
  PlanInputs inputs = InputsOf({"test_data: {d: {file: " + named + "}}\n" + kUsersYaml});
  inputs.texts[0].file = plan_file;
  inputs.read_file = [=](const std::string& path) -> absl::StatusOr<std::string> {
    *asked = path;
    return "a\n1\n";
  };
  return ParsePlan(inputs);
}

TEST(ParseCommonTest, FilesStandBesideThePlanThatNamesThem) {
  std::string asked;
  ParseFileAt("config/plans/p.yaml", "d.csv", &asked);
  EXPECT_EQ(asked, "config/plans/d.csv");
  ParseFileAt("p.yaml", "data/d.csv", &asked);
  EXPECT_EQ(asked, "data/d.csv");
  ParseFileAt("config/p.yaml", "/abs/d.csv", &asked);
  EXPECT_EQ(asked, "/abs/d.csv");
}

TEST(ParseCommonTest, AnOverlaysFilesStandBesideTheOverlay) {
  PlanInputs inputs = InputsOf(
      {std::string("test_data: {d: [1]}\n") + kUsersYaml, "test_data: {d: {file: d.csv}}\n"});
  inputs.texts[1].file = "elsewhere/over.yaml";
  std::string asked;
  inputs.read_file = [&](const std::string& path) -> absl::StatusOr<std::string> {
    asked = path;
    return "a\n1\n";
  };
  EXPECT_EQ(ErrorText(ParsePlan(inputs)), "");
  EXPECT_EQ(asked, "elsewhere/d.csv");
}

TEST(ParseCommonTest, TemplatesAreCompiledWhenThePlanLoads) {
  for (const char* path : {"/{{", "/{{}}", "/{{nofunction()}}", "/{{random_int(5)}}"}) {
    const std::string errors =
        ErrorText(ParseText(PlanWithSteps(std::string("- get: \"") + path + "\"")));
    EXPECT_NE(errors.find("users[0].tasks[0].steps[0].get: "), std::string::npos) << path << "\n"
                                                                                  << errors;
  }
}

}  // namespace
}  // namespace squall
