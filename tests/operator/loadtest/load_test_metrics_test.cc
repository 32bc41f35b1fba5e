#include "operator/loadtest/load_test_metrics.h"

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Text(std::initializer_list<std::string_view> tests) {
  std::vector<ObjectPtr> objects;
  for (const std::string_view test : tests) {
    objects.push_back(std::make_shared<const boost::json::object>(
        boost::json::parse(boost::json::string_view(test.data(), test.size())).get_object()));
  }
  return MetricsText(MetricsOf(objects));
}

constexpr std::string_view kRunningTest = R"({
  "metadata": {"namespace": "team", "name": "shop"},
  "status": {
    "phase": "Running",
    "agents": {"desired": 3, "ready": 2, "running": 2, "lost": 1, "startSkewMilliseconds": 4},
    "profile": {"targetUsers": 40, "currentUsers": 39},
    "thresholds": [{"name": "p95", "result": "Passed"}, {"name": "errors", "result": "Failed"},
                   {"name": "rate", "result": "Unknown"}]}})";

TEST(LoadTestMetricsTest, CountLoadTestsByPhase) {
  const std::string text = Text({kRunningTest, R"({"metadata": {"name": "new"}})"});
  EXPECT_THAT(text, HasSubstr("loadtest_runs{phase=\"Running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("loadtest_runs{phase=\"Pending\"} 1\n"));  // not looked at yet
  EXPECT_THAT(text, HasSubstr("loadtest_runs{phase=\"Failed\"} 0\n"));
}

TEST(LoadTestMetricsTest, NameThePhaseOfEach) {
  const std::string text =
      Text({kRunningTest, R"({"metadata": {"namespace": "team", "name": "new"}})"});
  EXPECT_THAT(text, HasSubstr("loadtest_phase{namespace=\"team\",name=\"shop\","
                              "phase=\"Running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("loadtest_phase{namespace=\"team\",name=\"new\","
                              "phase=\"Pending\"} 1\n"));
}

TEST(LoadTestMetricsTest, TellTheFiguresOfEach) {
  const std::string text = Text({kRunningTest});
  for (const char* series : {
           "loadtest_agents{namespace=\"team\",name=\"shop\",state=\"desired\"} 3\n",
           "loadtest_agents{namespace=\"team\",name=\"shop\",state=\"lost\"} 1\n",
           "loadtest_users{namespace=\"team\",name=\"shop\",kind=\"target\"} 40\n",
           "loadtest_users{namespace=\"team\",name=\"shop\",kind=\"current\"} 39\n",
           "loadtest_start_skew_seconds{namespace=\"team\",name=\"shop\"} 0.004\n",
       }) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST(LoadTestMetricsTest, TellOnlyThresholdsThatHaveBeenJudged) {
  const std::string text = Text({kRunningTest});
  const std::string series = "loadtest_threshold_passed{namespace=\"team\",name=\"shop\",";
  EXPECT_THAT(text, HasSubstr(series + "threshold=\"p95\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(series + "threshold=\"errors\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("threshold=\"rate\"")));
}

TEST(LoadTestMetricsTest, SayNothingOfFiguresThatAreNotThereYet) {
  const std::string text =
      Text({R"({"metadata": {"name": "new"}, "status": {"phase": "Pending"}})"});
  EXPECT_THAT(text, HasSubstr("loadtest_phase{namespace=\"\",name=\"new\","));
  for (const char* metric : {"agents", "users", "start_skew_seconds", "threshold_passed"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("loadtest_") + metric + "{")));
  }
}

}  // namespace
}  // namespace squall
