#include "operator/loadtest/load_test.h"

#include <gtest/gtest.h>

#include "operator/kube/api/kube_time.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

using std::chrono::seconds;

TEST(LoadTestTest, WhatIsAbsentHasTheDefaultsOfTheCrd) {
  const LoadTest test = SomeTest("{}");
  EXPECT_EQ(test.key, (ObjectKey{"team-a", "peak"}));
  EXPECT_EQ(test.uid, kSomeUid);
  EXPECT_EQ(test.generation, 3);
  EXPECT_FALSE(test.deleting);
  EXPECT_FALSE(test.has_finalizer);
  EXPECT_EQ(test.run_id, "1");
  EXPECT_FALSE(test.suspend);
  EXPECT_EQ(test.desired, DesiredState::kRunning);
  EXPECT_EQ(test.start_time, std::nullopt);
  EXPECT_EQ(test.load_override, std::nullopt);
  EXPECT_EQ(test.graceful_stop, seconds(30));
  EXPECT_EQ(test.agents.replicas, 1U);
  EXPECT_FALSE(test.agents.auto_size.has_value());
  EXPECT_FALSE(test.agents.separate_nodes);
  EXPECT_EQ(test.agents.start_timeout, seconds(600));
  EXPECT_EQ(test.agents.ready_min, std::nullopt);
  EXPECT_FALSE(test.agents.start_partial);
  EXPECT_EQ(test.agents.loss_policy, LossPolicy::kRedistribute);
  EXPECT_EQ(test.agents.lost_max, 0U);
  EXPECT_FALSE(test.agents.control_loss_stops);
  EXPECT_EQ(test.agents.control_loss_timeout, seconds(120));
  EXPECT_TRUE(test.control_tls);
  EXPECT_EQ(test.summary_period, seconds(10));
  EXPECT_EQ(test.top_endpoints, 5U);
  EXPECT_TRUE(test.report_config_map);
  EXPECT_EQ(test.report_formats, std::vector<std::string>{"JSON"});
  EXPECT_EQ(test.deadline, std::nullopt);
  EXPECT_EQ(test.ttl, std::nullopt);
  EXPECT_EQ(test.cleanup, AgentCleanup::kAlways);
}

TEST(LoadTestTest, ReadsEveryField) {
  const LoadTest test = SomeTest(R"(
runId: nightly
suspend: true
desiredState: Paused
startTime: "2026-11-25T04:30:00+01:00"
plan: {inline: "name: p"}
target: {host: "http://shop"}
profile: {users: 5, gracefulStopSeconds: 7, override: {users: 9, spawnRate: "2.5"}}
thresholds: [{name: t}]
controlTLS: {mode: Disabled}
activeDeadlineSeconds: 60
ttlSecondsAfterFinished: 0
agentCleanup: OnSuccess
results:
  summaryPeriodSeconds: 20
  topEndpoints: 0
  report: {configMap: false, formats: [CSV, JUnit]}
agents:
  replicas: 12
  autoSize: {usersPerAgent: 500, min: 2, max: 9}
  image: registry/squalld:1
  imagePullPolicy: Never
  args: [--shards, "2"]
  env: [{name: A, value: b}]
  envFrom: [{configMapRef: {name: c}}]
  resources: {requests: {cpu: "1"}}
  separateNodes: true
  podTemplate: {spec: {nodeSelector: {a: b}}}
  start: {timeoutSeconds: 61, minReady: 3, onTimeout: StartPartial}
  lossPolicy: Replace
  maxLost: 4
  controlLossPolicy: Stop
  controlLossSeconds: 5
)");
  EXPECT_EQ(test.run_id, "nightly");
  EXPECT_TRUE(test.suspend);
  EXPECT_EQ(test.desired, DesiredState::kPaused);
  EXPECT_EQ(test.start_time, *ParseKubeTime("2026-11-25T03:30:00Z"));
  EXPECT_EQ(test.plan.text, "name: p");
  EXPECT_EQ(test.target_host, "http://shop");
  EXPECT_EQ(test.graceful_stop, seconds(7));
  EXPECT_EQ(test.load_override, (LoadOverride{9, 2.5, std::nullopt}));
  EXPECT_EQ(test.thresholds.size(), 1U);
  EXPECT_FALSE(test.control_tls);
  EXPECT_EQ(test.deadline, seconds(60));
  EXPECT_EQ(test.ttl, seconds(0));
  EXPECT_EQ(test.cleanup, AgentCleanup::kOnSuccess);
  EXPECT_EQ(test.summary_period, seconds(20));
  EXPECT_EQ(test.top_endpoints, 0U);
  EXPECT_FALSE(test.report_config_map);
  EXPECT_EQ(test.report_formats, (std::vector<std::string>{"CSV", "JUnit"}));
  const AgentsSpec& agents = test.agents;
  EXPECT_EQ(agents.replicas, 12U);
  ASSERT_TRUE(agents.auto_size.has_value());
  EXPECT_EQ(agents.auto_size->users_per_agent, 500U);
  EXPECT_EQ(agents.auto_size->min, 2U);
  EXPECT_EQ(agents.auto_size->max, 9U);
  EXPECT_EQ(agents.image, "registry/squalld:1");
  EXPECT_EQ(agents.image_pull_policy, "Never");
  EXPECT_EQ(agents.args.size(), 2U);
  EXPECT_EQ(agents.env.size(), 1U);
  EXPECT_EQ(agents.env_from.size(), 1U);
  EXPECT_EQ(agents.resources.size(), 1U);
  EXPECT_TRUE(agents.separate_nodes);
  EXPECT_EQ(StringAt(agents.pod_template, "spec.nodeSelector.a"), "b");
  EXPECT_EQ(agents.start_timeout, seconds(61));
  EXPECT_EQ(agents.ready_min, 3U);
  EXPECT_TRUE(agents.start_partial);
  EXPECT_EQ(agents.loss_policy, LossPolicy::kReplace);
  EXPECT_EQ(agents.lost_max, 4U);
  EXPECT_TRUE(agents.control_loss_stops);
  EXPECT_EQ(agents.control_loss_timeout, seconds(5));
}

TEST(LoadTestTest, AnOverrideIsOneOfTwoThings) {
  EXPECT_EQ(SomeTest("{profile: {override: {arrivalFactor: '0.5'}}}").load_override,
            (LoadOverride{std::nullopt, std::nullopt, 0.5}));
  // An int-or-string may be either.
  EXPECT_EQ(SomeTest("{profile: {override: {arrivalFactor: 2}}}").load_override,
            (LoadOverride{std::nullopt, std::nullopt, 2}));
  EXPECT_EQ(SomeTest("{profile: {override: {users: 0}}}").load_override,
            (LoadOverride{0, std::nullopt, std::nullopt}));
}

TEST(LoadTestTest, EachSourceOfThePlanSaysWhereItIs) {
  EXPECT_EQ(SomeTest("{plan: {inline: 'name: p'}}").plan.Describe(), "spec.plan.inline");
  EXPECT_EQ(SomeTest("{plan: {configMapRef: {name: shop}}}").plan.Describe(),
            "ConfigMap shop, key plan.yaml");
  EXPECT_EQ(SomeTest("{plan: {configMapRef: {name: shop, key: a.yaml}}}").plan.Describe(),
            "ConfigMap shop, key a.yaml");
  EXPECT_EQ(
      SomeTest("{plan: {persistentVolumeClaim: {claimName: c, path: /p.yaml}}}").plan.Describe(),
      "PersistentVolumeClaim c, file /p.yaml");
  EXPECT_EQ(SomeTest("{plan: {imagePath: /p.yaml}}").plan.Describe(),
            "file /p.yaml of the agents' image");
}

TEST(LoadTestTest, KnowsItsFinalizerAndItsEnd) {
  boost::json::object object = SomeObject("{}");
  object["metadata"].as_object()["finalizers"] = boost::json::array{"other", "squall.dev/drain"};
  object["metadata"].as_object()["deletionTimestamp"] = "2026-11-25T03:00:00Z";
  const LoadTest test = ReadLoadTest(object);
  EXPECT_TRUE(test.has_finalizer);
  EXPECT_TRUE(test.deleting);
}

TEST(LoadTestTest, TheStatusOfAnEarlierRunIsNoPhaseOfThisOne) {
  EXPECT_EQ(PhaseOf(SomeTest("{}", "{runId: '1', phase: Running}")), "Running");
  EXPECT_EQ(PhaseOf(SomeTest("{runId: '2'}", "{runId: '1', phase: Running}")), "");
  EXPECT_EQ(PhaseOf(SomeTest("{}")), "");
}

TEST(LoadTestTest, AnObjectOfWrongTypesReadsAsTheDefaults) {
  const LoadTest test = SomeTest(
      "{suspend: 7, agents: [], profile: x, plan: 3, startTime: soon, results: {report: []}}");
  EXPECT_FALSE(test.suspend);
  EXPECT_EQ(test.agents.replicas, 1U);
  EXPECT_TRUE(test.profile.empty());
  EXPECT_EQ(test.start_time, std::nullopt);
}

}  // namespace
}  // namespace squall
