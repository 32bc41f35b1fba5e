#include "operator/loadtest/plan_reader.h"

#include <gtest/gtest.h>

#include "operator/kube/client/kube_client.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

constexpr const char* kOneTaskPlan = "users: [{name: U, tasks: [{name: t, steps: [get: /]}]}]";

PodView Pod(const std::string& run_id, bool ready) {
  PodView pod;
  pod.name = "peak-agent-0";
  pod.run_id = run_id;
  pod.ours = true;
  pod.ready = ready;
  pod.ip = "10.0.0.7";
  return pod;
}

TEST(PlanReaderTest, NamesTheDirectoryAndTheFileOfEachSource) {
  struct Row {
    const char* spec;
    const char* directory;
    const char* file;
  };
  for (const Row& row : {
           Row{"plan: {imagePath: /plans/shop/plan.yaml}", "/plans/shop", "plan.yaml"},
           Row{"plan: {imagePath: /plan.yaml}", "/", "plan.yaml"},
           Row{"plan: {imagePath: plan.yaml}", ".", "plan.yaml"},
           Row{"plan: {persistentVolumeClaim: {claimName: c, path: shop/plan.yaml}}",
               "/etc/squall/plan", "shop/plan.yaml"},
       }) {
    const LoadTest test = SomeTest(row.spec);
    EXPECT_EQ(PlanDirectoryOf(test.plan), row.directory) << row.spec;
    EXPECT_EQ(PlanFileOf(test.plan), row.file) << row.spec;
  }
  EXPECT_EQ(PlanDirectoryOf(SomeTest("plan: {inline: x}").plan), "");
  EXPECT_EQ(PlanDirectoryOf(SomeTest("plan: {configMapRef: {name: m}}").plan), "");
}

class PlanOfAgentsTest : public testing::Test {
 protected:
  PlanFound Fetch(const std::vector<PodView>& pods) {
    return FetchPlan(nullptr, test_, pods, [this](const PodView& pod, const std::string& path) {
      asked_.push_back(pod.name + ":" + path);
      return answer_;
    });
  }

  const LoadTest test_ = SomeTest("{runId: a, plan: {imagePath: /plans/plan.yaml}}");
  absl::StatusOr<std::string> answer_ = std::string(kOneTaskPlan);
  std::vector<std::string> asked_;
};

TEST_F(PlanOfAgentsTest, IsReadFromTheFirstThatIsReady) {
  const PlanFound found = Fetch({Pod("a", false), Pod("b", true), Pod("a", true)});
  EXPECT_EQ(found.state, PlanState::kAccepted) << found.message;
  EXPECT_EQ(asked_, (std::vector<std::string>{"peak-agent-0:plan.yaml"}));
  EXPECT_EQ(found.plan.plan.users.size(), 1U);
}

TEST_F(PlanOfAgentsTest, WaitsWhileNoneIsReadyOrAnswers) {
  EXPECT_EQ(Fetch({Pod("a", false), Pod("b", true)}).state, PlanState::kUnread);
  EXPECT_TRUE(asked_.empty());
  answer_ = absl::UnavailableError("no answer");
  const PlanFound found = Fetch({Pod("a", true)});
  EXPECT_EQ(found.state, PlanState::kUnread);
  EXPECT_EQ(found.reason, "WaitingForAgents");
}

TEST_F(PlanOfAgentsTest, SaysWhenItIsNotThereOrBad) {
  answer_ = absl::NotFoundError("there is no file 'plan.yaml'");
  EXPECT_EQ(Fetch({Pod("a", true)}).reason, "ImageLacksPlan");
  answer_ = std::string("users:\n  - nam: x\n");
  const PlanFound found = Fetch({Pod("a", true)});
  EXPECT_EQ(found.reason, "InvalidPlan");
  EXPECT_NE(found.message.find("plan.yaml:2:5"), std::string::npos) << found.message;
}

TEST(PlanReaderTest, AnInlinePlanNeedsNobody) {
  const LoadTest test = SomeTest(std::string("plan: {inline: '") + kOneTaskPlan + "'}");
  EXPECT_EQ(FetchPlan(nullptr, test, {}, nullptr).state, PlanState::kAccepted);
}

}  // namespace
}  // namespace squall
