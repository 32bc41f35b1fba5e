#include "operator/loadtest/load_test_reconciler.h"

#include <memory>
#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/operator/loadtest/kube_world.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

constexpr char kSpec[] = R"(
plan:
  inline: |
    service: {base_url: "http://127.0.0.1:1"}
    users: [{name: U, tasks: [{name: t, steps: [get: /]}]}]
agents: {replicas: 3}
)";

// Up to the point where agents run: tests/kube takes it from there, with pods that do.
class LoadTestReconcilerTest : public testing::Test {
 protected:
  LoadTestReconcilerTest() { StartOperator(); }

  // Another process: nothing is known but what the API server has.
  void StartOperator() {
    LoadTestOptions options;
    options.identity = "operator-0";
    options.leader_epoch = [] { return uint64_t{0}; };
    options.look_again = [](const ObjectKey&) {};
    reconciler_ = std::make_unique<LoadTestReconciler>(
        std::move(options), LoadTestParts{world_.client.get(), world_.tests.get(),
                                          world_.pods.get(), world_.events.get(), &world_.clock});
  }
  // One look with caches that are current.
  absl::Status Look() {
    world_.Sync();
    return reconciler_->Reconcile({"default", "peak"}).status();
  }
  void Look(int times) {
    for (int i = 0; i < times; ++i) {
      const absl::Status status = Look();
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  std::string Phase() const { return StringAt(world_.GetTest(), "status.phase"); }
  boost::json::object Core(const std::string& path) const {
    return world_.Get(kDefaultPath + path);
  }

  KubeWorld world_;
  std::unique_ptr<LoadTestReconciler> reconciler_;
};

TEST_F(LoadTestReconcilerTest, MakesWhatATestNeedsAndThenRests) {
  world_.MakeTest(kSpec);
  Look(2);
  const boost::json::object test = world_.GetTest();
  EXPECT_TRUE(HasFinalizer(test, "squall.dev/drain"));
  for (const char* child : {"secrets/peak-agents", "services/peak-agents", "pods/peak-agent-0",
                            "pods/peak-agent-1", "pods/peak-agent-2"}) {
    EXPECT_TRUE(OwnedBy(Core(child), Uid(test))) << child;
  }
  Look(1);
  EXPECT_EQ(Phase(), "Preparing");
  EXPECT_EQ(world_.Condition("PlanValid"), "True PlanAccepted");
  EXPECT_EQ(world_.Condition("AgentsReady"), "False WaitingForPods");
  world_.server->requests().Reset();
  Look(5);
  EXPECT_EQ(world_.server->requests().Writes(), 0U);
}

TEST_F(LoadTestReconcilerTest, AnotherProcessFindsWhatWasMade) {
  world_.MakeTest(kSpec);
  Look(3);
  const std::string token = StringAt(Core("secrets/peak-agents"), "data.token");
  StartOperator();
  Look(3);
  EXPECT_EQ(StringAt(Core("secrets/peak-agents"), "data.token"), token);
  EXPECT_EQ(world_.pods->List().size(), 3U);
  EXPECT_EQ(Phase(), "Preparing");
}

TEST_F(LoadTestReconcilerTest, AQuotaIsAskedOnceAndTold) {
  world_.MakeTest(kSpec);
  Look(1);
  world_.server->faults().Add({.code = 403, .path = "pods", .verb = "create"});
  Look(2);
  EXPECT_EQ(world_.server->requests().Count("create", "pods"), 1U);
  EXPECT_EQ(world_.pods->List().size(), 0U);
  EXPECT_NE(world_.Condition("AgentsReady"), "False WaitingForPods");
}

TEST_F(LoadTestReconcilerTest, APodOfSomebodyElseIsLeftAlone) {
  world_.server->Seed("/api/v1/namespaces/default/pods",
                      R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "peak-agent-1"},
                          "spec": {"containers": [{"name": "a", "image": "b"}]}})");
  world_.MakeTest(kSpec);
  Look(3);
  EXPECT_EQ(world_.Condition("AgentsReady"), "False NameCollision");
  EXPECT_EQ(world_.Condition("Stalled"), "True NameCollision");
  const boost::json::object foreign = world_.GetPod(1);
  EXPECT_FALSE(foreign.empty());
  EXPECT_FALSE(ControllerOf(foreign).has_value());
}

TEST_F(LoadTestReconcilerTest, ABadPlanIsTheEnd) {
  world_.MakeTest("{plan: {inline: 'user: 3'}}");
  Look(3);
  EXPECT_EQ(Phase(), "Failed");
  EXPECT_EQ(world_.Condition("PlanValid"), "False InvalidPlan");
  EXPECT_EQ(world_.pods->List().size(), 0U);
}

TEST_F(LoadTestReconcilerTest, APlanMayComeLater) {
  world_.MakeTest("{plan: {configMapRef: {name: shop}}}");
  Look(1);
  EXPECT_EQ(Phase(), "Pending");
  EXPECT_EQ(world_.Condition("PlanValid"), "False ConfigMapNotFound");
  boost::json::object map = NewObject(kConfigMaps, {"default", "shop"});
  map["data"] = Yaml("{other.yaml: 'x'}");
  world_.server->Seed("/api/v1/namespaces/default/configmaps", boost::json::serialize(map));
  Look(1);
  EXPECT_EQ(world_.Condition("PlanValid"), "False KeyNotFound");
}

TEST_F(LoadTestReconcilerTest, DeletionLeavesNothing) {
  world_.MakeTest(kSpec);
  Look(3);
  world_.server->cluster().Call("DELETE",
                                "/apis/squall.dev/v1alpha1/namespaces/default/loadtests/peak");
  Look(2);
  EXPECT_TRUE(world_.GetTest().empty());
  EXPECT_TRUE(Core("secrets/peak-agents").empty());
  EXPECT_TRUE(Core("services/peak-agents").empty());
  for (const ObjectPtr& pod : world_.pods->List()) {
    EXPECT_TRUE(IsBeingDeleted(*pod));
  }
  EXPECT_TRUE(reconciler_->Runs().empty());
}

TEST_F(LoadTestReconcilerTest, ALeaderThatCannotReadTheStateWaitsForIt) {
  world_.MakeTest(kSpec);
  Look(3);
  boost::json::object status = world_.GetTest()["status"].as_object();
  status["phase"] = "Running";
  world_.server->cluster().Call(
      "PATCH", "/apis/squall.dev/v1alpha1/namespaces/default/loadtests/peak/status",
      boost::json::serialize(boost::json::object{{"status", status}}),
      "application/merge-patch+json");
  StartOperator();
  world_.server->faults().Add({.code = 500, .path = "secrets/peak-run", .verb = "get"});
  Look(2);
  EXPECT_EQ(Phase(), "Running");
  world_.server->faults().Clear();
  Look(1);
  EXPECT_EQ(Phase(), "Failed");
  EXPECT_EQ(world_.Condition("Failed"), "True StateLost");
}

}  // namespace
}  // namespace squall
