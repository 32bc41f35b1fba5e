#include "operator/loadtest/pod_view.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

PodView PodOf(const std::string& status) {
  boost::json::object pod = Yaml(R"(
metadata:
  name: peak-agent-2
  uid: 7c1d
  labels: {squall.dev/run-id: nightly, squall.dev/agent-index: "2"}
  ownerReferences:
    - {apiVersion: squall.dev/v1alpha1, kind: LoadTest, name: peak, uid: 0f8c, controller: true}
)");
  pod["status"] = Yaml(status);
  return ReadPod(pod, "0f8c");
}

TEST(PodViewTest, KnowsWhoseItIsAndWhich) {
  const PodView view = PodOf("{}");
  EXPECT_EQ(view.name, "peak-agent-2");
  EXPECT_EQ(view.uid, "7c1d");
  EXPECT_EQ(view.run_id, "nightly");
  EXPECT_EQ(view.index, 2U);
  EXPECT_TRUE(view.ours);
  EXPECT_FALSE(view.deleting);
  EXPECT_FALSE(view.ready);
  EXPECT_FALSE(view.over);
  EXPECT_EQ(view.reason, "");
}

TEST(PodViewTest, APodOfAnotherOwnerOrOfNoneIsNotOurs) {
  EXPECT_FALSE(ReadPod(Yaml("{metadata: {name: a, ownerReferences: [{uid: 0f8c}]}}"), "0f8c").ours);
  EXPECT_FALSE(
      ReadPod(Yaml("{metadata: {ownerReferences: [{uid: b, controller: true}]}}"), "0f8c").ours);
  EXPECT_FALSE(ReadPod(boost::json::object(), "").ours);
}

TEST(PodViewTest, ADeletedPodIsOnItsWay) {
  EXPECT_TRUE(
      ReadPod(Yaml("{metadata: {deletionTimestamp: '2026-11-25T03:00:00Z'}}"), "").deleting);
}

TEST(PodViewTest, ReadyIsRunningAndReadyAndReachable) {
  struct Row {
    const char* status;
    bool ready;
  };
  for (const Row& row : std::vector<Row>{
           {"{phase: Running, podIP: 10.1.2.3, conditions: [{type: Ready, status: 'True'}]}", true},
           {"{phase: Running, conditions: [{type: Ready, status: 'True'}]}", false},
           {"{phase: Running, podIP: 10.1.2.3, conditions: [{type: Ready, status: 'False'}]}",
            false},
           {"{phase: Running, podIP: 10.1.2.3}", false},
           {"{phase: Pending, podIP: 10.1.2.3, conditions: [{type: Ready, status: 'True'}]}",
            false}}) {
    EXPECT_EQ(PodOf(row.status).ready, row.ready) << row.status;
  }
}

TEST(PodViewTest, OverIsWhatWillNotComeBack) {
  EXPECT_TRUE(PodOf("{phase: Failed}").over);
  EXPECT_TRUE(PodOf("{phase: Succeeded}").over);
  EXPECT_FALSE(PodOf("{phase: Running}").over);
  EXPECT_FALSE(PodOf("{phase: Unknown}").over);
}

struct TroubleRow {
  const char* status;
  const char* reason;
  const char* message;
  const char* condition;
};

TEST(PodViewTest, TellsWhyItIsNotReady) {
  for (const TroubleRow& row : std::vector<TroubleRow>{
           {"{phase: Pending, containerStatuses: [{state: {waiting: {reason: "
            "ContainerCreating}}}]}",
            "", "", ""},
           {"{phase: Pending, containerStatuses: [{state: {waiting: {reason: PodInitializing}}}]}",
            "", "", ""},
           {"{phase: Pending, containerStatuses: [{state: {waiting: {reason: ImagePullBackOff, "
            "message: Back-off}}}]}",
            "ImagePullBackOff", "Back-off", "ImagePullError"},
           {"{phase: Pending, containerStatuses: [{state: {waiting: {reason: "
            "CreateContainerConfigError, message: no secret}}}]}",
            "CreateContainerConfigError", "no secret", "ConfigError"},
           {"{phase: Failed, containerStatuses: [{state: {running: {}}}, {state: {terminated: "
            "{reason: OOMKilled, exitCode: 137}}}]}",
            "OOMKilled", "exit code 137", "OOMKilled"},
           {"{phase: Failed, containerStatuses: [{state: {terminated: {exitCode: 3, message: bad "
            "flag}}}]}",
            "Error", "bad flag", "AgentFailed"},
           {"{phase: Succeeded, containerStatuses: [{state: {terminated: {exitCode: 0}}}]}",
            "Completed", "exit code 0", "AgentFailed"},
           {"{phase: Pending, initContainerStatuses: [{state: {terminated: {exitCode: 1, reason: "
            "Error}}}]}",
            "Error", "exit code 1", "AgentFailed"},
           {"{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: "
            "Unschedulable, message: 0/3 nodes}]}",
            "Unschedulable", "0/3 nodes", "Unschedulable"},
           {"{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: "
            "SchedulerError}]}",
            "SchedulerError", "", "Unschedulable"},
           {"{phase: Failed, reason: Evicted, message: low on memory}", "Evicted", "low on memory",
            "AgentFailed"},
           {"{phase: Failed}", "Failed", "", "AgentFailed"}}) {
    const PodView view = PodOf(row.status);
    EXPECT_EQ(view.reason, row.reason) << row.status;
    EXPECT_EQ(view.message, row.message) << row.status;
    EXPECT_EQ(ConditionReasonOf(view), row.condition) << row.status;
  }
}

TEST(PodViewTest, AnInitContainerThatIsDoneIsNoTrouble) {
  const std::string done = "initContainerStatuses: [{state: {terminated: {exitCode: 0}}}]";
  EXPECT_EQ(PodOf("{phase: Running, " + done + "}").reason, "");
  EXPECT_EQ(PodOf("{phase: Pending, " + done +
                  ", containerStatuses: [{state: {waiting: {reason: ErrImagePull}}}]}")
                .reason,
            "ErrImagePull");
}

TEST(PodViewTest, AReadyPodHasNoTrouble) {
  EXPECT_EQ(PodOf("{phase: Running, podIP: 10.1.2.3, conditions: [{type: Ready, status: 'True'}], "
                  "containerStatuses: [{state: {terminated: {exitCode: 1}}}]}")
                .reason,
            "");
}

}  // namespace
}  // namespace squall
