#include "daemon/plan/tagged_requests.h"

#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

constexpr char kShop[] = R"(
users:
  - name: Shopper
    on_start: [{post: /login}]
    tasks:
      - name: look
        tags: [browse]
        steps: [{get: /products}, {get: "/products/{{user_number()}}"}]
      - name: buy
        tags: [checkout, slow]
        steps:
          - {post: {path: /cart, name: Fill cart}}
          - loop: {times: 2, steps: [{get: /products}]}
          - if:
              equals: ["{{iteration()}}", "1"]
              then: [{request: {method: PUT, path: /pay, name: "Pay {{user_number()}} now"}}]
              else: [{delete: /cart}]
  - name: Reader
    tasks:
      - name: read
        tags: [browse]
        steps: [{get: /news}]
)";

std::vector<RequestPattern> PatternsOf(const std::string& tag) {
  const PlanResult result =
      ParseText(kShop + std::string("thresholds: {\"requests{tag:") + tag + "}\": count > 0}\n");
  EXPECT_EQ(ErrorText(result), "");
  return result.plan.thresholds.empty() ? std::vector<RequestPattern>()
                                        : *result.plan.thresholds[0].tagged.patterns;
}

TEST(TaggedRequestsTest, ATagStandsForTheRequestsOfAllItsTasksInAllClasses) {
  EXPECT_EQ(
      PatternsOf("browse"),
      (std::vector<RequestPattern>{
          {"GET", {"/news"}}, {"GET", {"/products"}}, {"GET", {"/products/{{user_number()}}"}}}))
      << "a templated path without a name is recorded as it is written";
}

TEST(TaggedRequestsTest, RequestsInsideOfOtherStepsCountAndNamesMayHaveHoles) {
  EXPECT_EQ(PatternsOf("checkout"), (std::vector<RequestPattern>{{"DELETE", {"/cart"}},
                                                                 {"GET", {"/products"}},
                                                                 {"POST", {"Fill cart"}},
                                                                 {"PUT", {"Pay ", " now"}}}));
  EXPECT_EQ(PatternsOf("slow"), PatternsOf("checkout"));
}

TEST(TaggedRequestsTest, TagsAreListedOnce) {
  const Plan plan = ParseText(kShop).plan;
  EXPECT_EQ(TagsOf(plan.users), (std::vector<std::string>{"browse", "checkout", "slow"}));
}

TEST(TaggedRequestsTest, NamesAreCutAsTheRecorderCutsThem) {
  std::vector<UserClass> users(1);
  Step step;
  step.what = RequestStep{.name = std::string(1'000, 'x')};
  users[0].tasks.push_back({.name = "t", .tags = {"long"}, .steps = {step}});
  std::vector<Threshold> thresholds = {{.tag = "long"}, {.tag = ""}, {.tag = "nobody"}};
  ASSERT_TRUE(ResolveThresholdTags(users, &thresholds).ok());
  EXPECT_TRUE(thresholds[0].tagged.Contain("GET", std::string(512, 'x')));
  EXPECT_EQ(thresholds[1].tagged.patterns, nullptr);
  EXPECT_TRUE(thresholds[2].tagged.patterns->empty());
}

TEST(TaggedRequestsTest, ManyTagsOnManyRequestsAreRefused) {
  std::vector<UserClass> users(1);
  Task task{.name = "t"};
  std::vector<Threshold> thresholds;
  for (int i = 0; i < 1'100; ++i) {
    task.tags.push_back(std::to_string(i));
    thresholds.push_back({.tag = std::to_string(i)});
    Step step;
    step.what = RequestStep{.path = "/" + std::to_string(i)};
    task.steps.push_back(step);
  }
  users[0].tasks.push_back(task);
  EXPECT_EQ(ResolveThresholdTags(users, &thresholds).message(),
            "thresholds must not select by tag more than 1000000 requests in all");
}

}  // namespace
}  // namespace squall
