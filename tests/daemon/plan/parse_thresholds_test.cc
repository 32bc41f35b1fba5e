// The section `thresholds`.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

TEST(ParseThresholdsTest, RulesAreTextsListsOrMaps) {
  const PlanResult result = ParseWithUsers(R"(
thresholds:
  response_time: p(95) < 300ms
  "failures{name:Buy}":
    - rate < 1%
    - {threshold: count < 5, abort_on_fail: true, abort_delay: 10s}
)");
  EXPECT_EQ(ErrorText(result), "");
  ASSERT_EQ(result.plan.thresholds.size(), 3U);
  EXPECT_EQ(result.plan.thresholds[0].metric, ThresholdMetric::kResponseTime);
  EXPECT_EQ(result.plan.thresholds[1].name, "Buy");
  EXPECT_FALSE(result.plan.thresholds[1].abort_on_fail);
  EXPECT_TRUE(result.plan.thresholds[2].abort_on_fail);
  EXPECT_EQ(result.plan.thresholds[2].abort_delay, std::chrono::seconds(10));
}

TEST(ParseThresholdsTest, MistakesHaveTheirPlace) {
  const std::string errors = ErrorText(ParseWithUsers(R"(
thresholds:
  response_tim: p(95) < 300ms
  failures: [rate << 1%]
  checks: []
  requests: {abort_on_fail: yes}
)"));
  EXPECT_NE(errors.find("plan.yaml:3:17: thresholds.response_tim: "), std::string::npos) << errors;
  EXPECT_NE(errors.find("plan.yaml:4:14: thresholds.failures[0]: "), std::string::npos) << errors;
  EXPECT_NE(errors.find("thresholds.checks: must have at least one rule"), std::string::npos);
  EXPECT_NE(errors.find("thresholds.requests: must have the key 'threshold'"), std::string::npos);
  EXPECT_NE(errors.find("thresholds.requests.abort_on_fail: must be true or false, got 'yes'"),
            std::string::npos);
}

TEST(ParseThresholdsTest, AnUnknownTagIsAnErrorWithTheNearestOne) {
  const std::string plan = R"(
thresholds:
  "failures{tag:chekout}": [rate < 1%, count < 5]
  "failures{tag:xyz}": rate < 1%
users:
  - name: Shopper
    tasks:
      - name: buy
        tags: [checkout]
        steps: [{post: /cart}]
)";
  EXPECT_EQ(ErrorText(ParseText(plan)),
            "plan.yaml:3:28: thresholds.failures{tag:chekout}: must select by a tag that a task "
            "has, got 'chekout'; did you mean 'checkout'?\n"
            "plan.yaml:4:24: thresholds.failures{tag:xyz}: must select by a tag that a task has, "
            "got 'xyz'\n");
  EXPECT_NE(ErrorText(ParseWithUsers("thresholds: {\"failures{tag:x}\": rate < 1%}\n"))
                .find("got 'x'; no task has any"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
