#include "operator/loadtest/load_test_host.h"

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/plan/parse_plan.h"
#include "operator/loadtest/report_objects.h"
#include "tests/operator/loadtest/kube_world.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr char kSmallSpec[] = "{plan: {inline: 'x'}, profile: {users: 5}}";
constexpr char kRun[] = "default:peak:1";
constexpr char kTestPath[] = "/apis/squall.dev/v1alpha1/namespaces/default/loadtests/peak";

// Against a fake API server with the real CRD, which refuses what does not fit its schema.
class LoadTestHostTest : public testing::Test {
 protected:
  LoadTestHostTest()
      : host_({.client = world_.client.get(),
               .tests = world_.tests.get(),
               .find_run = [this](const LoadTest&) { return run_; },
               .version = "1.2.3"}) {
    world_.MakeTest(kSmallSpec);
    world_.Sync();
  }
  void SetStatus(const std::string& status) {
    const json::object patch = {{"status", Yaml(status)}};
    const ApiAnswer answer =
        world_.server->cluster().Call("PATCH", fmt::format("{}/status", kTestPath),
                                      json::serialize(patch), "application/merge-patch+json");
    ASSERT_TRUE(answer.ok()) << json::serialize(answer.body);
    world_.Sync();
  }
  std::string Spec(const std::string& path) const {
    const json::object test = world_.GetTest();
    const json::value* found = Find(test, "spec." + path);
    return found == nullptr ? "none" : json::serialize(*found);
  }
  // A run whose agent is not there: it fails as soon as it has begun.
  void StartARunThatFails(const std::string& load = "{users: 1}") {
    PlanInputs inputs;
    inputs.texts.push_back({"plan.yaml", fmt::format(R"(
service: {{base_url: "http://127.0.0.1:1"}}
users: [{{name: U, tasks: [{{name: t, steps: [get: /]}}]}}]
load_profile: {}
)",
                                                     load)});
    LoadRunOrder order;
    order.run_id = "uid-1";
    order.shown_id = kRun;
    order.shown_name = "default/peak";
    order.plan = ParsePlan(inputs).plan;
    order.agents = {{"agent-0", "127.0.0.1:1"}};
    RunHooks hooks;
    hooks.store = [](const std::string&) { return absl::OkStatus(); };
    hooks.changed = [] {};
    auto run = LoadRun::Start(std::move(order), std::move(hooks), &world_.clock);
    ASSERT_TRUE(run.ok()) << run.status();
    run_ = *std::move(run);
    while (!run_->Seen().over) {
      std::this_thread::yield();
    }
  }

  KubeWorld world_;
  std::shared_ptr<LoadRun> run_;
  LoadTestHost host_;
};

TEST_F(LoadTestHostTest, ListsTheTestsOfTheCache) {
  std::string next;
  const auto runs = host_.List({}, &next);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ((*runs)[0].run_id, kRun);
  EXPECT_EQ((*runs)[0].plan_name, "default/peak");
  EXPECT_EQ((*runs)[0].state, RunState::kPrepared);
  EXPECT_EQ(next, "");
  EXPECT_EQ(host_.List({.name = "default/other"}, &next)->size(), 0U);
  EXPECT_EQ(host_.List({.state = StoredState::kRunning}, &next)->size(), 0U);
  EXPECT_EQ(host_.List({.state = StoredState::kPending}, &next)->size(), 1U);
}

TEST_F(LoadTestHostTest, ListsInPages) {
  for (int i = 0; i < 4; ++i) {
    json::object test = NewObject(kLoadTests, {"default", fmt::format("t-{}", i)});
    test["spec"] = Yaml(kSmallSpec);
    world_.server->Seed("/apis/squall.dev/v1alpha1/namespaces/default/loadtests",
                        json::serialize(test));
  }
  world_.Sync();
  std::set<std::string> seen;
  std::string next;
  int pages = 0;
  do {
    const auto runs = host_.List({.limit = 2, .page_token = next}, &next);
    ASSERT_TRUE(runs.ok()) << runs.status();
    for (const RunSummary& run : *runs) {
      EXPECT_TRUE(seen.insert(run.run_id).second) << run.run_id;
    }
    ++pages;
  } while (!next.empty());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(host_.List({.page_token = "gone"}, &next).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(LoadTestHostTest, AnIdOfNothingIsNotFound) {
  for (const char* id : {"", "peak", "default:peak", "default:peak:2", "other:peak:1"}) {
    EXPECT_EQ(host_.Summary(id).status().code(), absl::StatusCode::kNotFound) << id;
    EXPECT_EQ(host_.SetPaused(id, true).code(), absl::StatusCode::kNotFound) << id;
  }
}

TEST_F(LoadTestHostTest, ShowsATestThatHasNotBegun) {
  const auto view = host_.View(kRun);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->summary.run_id, kRun);
  EXPECT_EQ(*host_.Version(kRun), (*view)->version);
  EXPECT_GT((*view)->version, 0U);
  EXPECT_TRUE(host_.Points(kRun, 0)->points.empty());
  EXPECT_TRUE(host_.Events(kRun, 10)->empty());
}

TEST_F(LoadTestHostTest, SaysThatAnotherReplicaHasTheRun) {
  SetStatus("{phase: Running, runId: '1'}");
  EXPECT_EQ(host_.View(kRun).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(host_.Summary(kRun)->state, RunState::kRunning);
}

TEST_F(LoadTestHostTest, TheControlsChangeTheSpec) {
  ASSERT_TRUE(host_.SetLoad(kRun, {.users = 100, .spawn_rate = 10}).ok());
  EXPECT_EQ(Spec("profile.override"), R"({"users":100,"spawnRate":"10"})");
  ASSERT_TRUE(host_.SetLoad(kRun, {.arrival_factor = 0.5}).ok());
  EXPECT_EQ(Spec("profile.override"), R"({"arrivalFactor":"0.5"})");
  ASSERT_TRUE(host_.SetLoad(kRun, {.clear = true}).ok());
  EXPECT_EQ(Spec("profile.override"), "none");
  ASSERT_TRUE(host_.SetPaused(kRun, true).ok());
  EXPECT_EQ(Spec("desiredState"), R"("Paused")");
  ASSERT_TRUE(host_.SetPaused(kRun, false).ok());
  EXPECT_EQ(Spec("desiredState"), R"("Running")");
  world_.Sync();
  ASSERT_TRUE(host_.SetStages(kRun, {{seconds(60), 20, 2}}).ok());
  EXPECT_EQ(Spec("profile.stages"), R"([{"duration":"1m","users":20,"spawnRate":"2"}])");
  EXPECT_EQ(Spec("profile.users"), "none");
  ASSERT_TRUE(host_.Stop(kRun, "", /*immediate=*/false).ok());
  EXPECT_EQ(Spec("desiredState"), R"("Stopped")");
}

TEST_F(LoadTestHostTest, ALoadOfTheOtherModelDoesNotGetIntoTheSpec) {
  const auto refused = [](const absl::Status& status) {
    return status.code() == absl::StatusCode::kInvalidArgument;
  };
  StartARunThatFails("{arrival: {stages: [{duration: 1h, rate: 5}]}}");
  EXPECT_TRUE(refused(host_.SetLoad(kRun, {.users = 100, .spawn_rate = 10})));
  EXPECT_TRUE(refused(host_.SetStages(kRun, {{seconds(60), 20, 2}})));
  EXPECT_EQ(Spec("profile.override"), "none");
  EXPECT_EQ(Spec("profile.stages"), "none");
  StartARunThatFails();
  EXPECT_TRUE(refused(host_.SetLoad(kRun, {.arrival_factor = 2})));
  EXPECT_EQ(Spec("profile.override"), "none");
}

TEST_F(LoadTestHostTest, WhatTheSchemaRefusesIsSaid) {
  const absl::Status refused = host_.SetLoad(kRun, {.users = 100'000'000, .spawn_rate = 10});
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_TRUE(std::string(refused.message()).starts_with("change LoadTest default/peak: "))
      << refused;
}

TEST_F(LoadTestHostTest, NothingChangesARunThatIsOver) {
  SetStatus("{phase: Succeeded, runId: '1'}");
  EXPECT_EQ(host_.SetPaused(kRun, true).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(host_.Stop(kRun, "", true).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(host_.View(kRun).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*host_.Version(kRun), 0U);
}

TEST_F(LoadTestHostTest, CreatingAndDeletingAreLeftToKubectl) {
  EXPECT_EQ(host_.Start({}).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(host_.Delete(kRun).code(), absl::StatusCode::kUnimplemented);
  const HostAbilities abilities = host_.Abilities();
  EXPECT_FALSE(abilities.start || abilities.start_text || abilities.remove);
  EXPECT_TRUE(abilities.scale && abilities.pause && abilities.stages && abilities.stop);
}

TEST_F(LoadTestHostTest, ReadsTheReportThatTheOperatorHasStored) {
  SetStatus("{phase: Succeeded, runId: '1', report: {configMapName: peak-1-report}}");
  LoadTest test = ReadLoadTest(world_.GetTest());
  test.report_formats = {"JSON", "CSV"};
  const auto object = ReportObject(test, SomeReport());
  ASSERT_TRUE(object.ok()) << object.status();
  world_.server->Seed("/api/v1/namespaces/default/configmaps", json::serialize(*object));
  EXPECT_TRUE(host_.Report(kRun, "json")->starts_with("{"));
  EXPECT_TRUE(host_.Report(kRun, "csv_stats")->starts_with("Type,Name"));
  EXPECT_NE(host_.Report(kRun, "view")->find(R"("stats")"), std::string::npos);
  EXPECT_NE(host_.Report(kRun, "html")->find("<html"), std::string::npos);
  EXPECT_EQ(host_.Report(kRun, "junit").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LoadTestHostTest, WithoutAReportThereIsStillWhatTheStatusSays) {
  SetStatus("{phase: Failed, runId: '1'}");
  EXPECT_NE(host_.Report(kRun, "view")->find("default/peak"), std::string::npos);
  EXPECT_EQ(host_.Report(kRun, "json").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LoadTestHostTest, ShowsTheRunOfThisProcess) {
  StartARunThatFails();
  const auto view = host_.View(kRun);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ((*view)->summary.run_id, kRun);
  EXPECT_EQ((*view)->summary.plan_name, "default/peak");
  EXPECT_EQ((*view)->summary.state, RunState::kFailed);
  EXPECT_GT(*host_.Version(kRun), 1'000'000U);  // above those of a test that waits
  EXPECT_EQ(host_.Summary(kRun)->state, RunState::kFailed);
  ASSERT_EQ(host_.Agents().size(), 1U);
  EXPECT_EQ(host_.Agents()[0].agent.name, "agent-0");
  EXPECT_EQ(host_.Agents()[0].run_id, kRun);
  EXPECT_NE(host_.Report(kRun, "view")->find("default/peak"), std::string::npos);
  EXPECT_EQ(host_.Report(kRun, "json").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace squall
