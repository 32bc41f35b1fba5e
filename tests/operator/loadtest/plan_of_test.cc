#include "operator/loadtest/plan_of.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/plan/profile.h"
#include "tests/operator/loadtest/samples.h"

namespace squall {
namespace {

using std::chrono::seconds;

constexpr char kPlan[] = R"(
name: shop
service: {base_url: "http://127.0.0.1:8082"}
load_profile: {users: 20, spawn_rate: 10, run_time: 10s}
users: [{name: U, tasks: [{name: t, steps: [get: /]}]}]
thresholds: {"failures": "rate < 1%"}
)";

std::string Joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) {
    all += line + "\n";
  }
  return all;
}

PlanOfTest Read(const std::string& spec) { return ReadPlanOf(SomeTest(spec), kPlan); }

struct ProfileRow {
  const char* spec;  // spec.profile
  const char* plan;  // load_profile
};

// Every field of the CRD's profile.
const std::vector<ProfileRow>& Profiles() {
  static const std::vector<ProfileRow> kRows = {
      {"{users: 5, spawnRate: '2.5', runTime: 1m30s}",
       "{users: 5, spawn_rate: 2.5, run_time: 1m30s}"},
      {"{users: 5, spawnRate: 2, iterations: 100}", "{users: 5, spawn_rate: 2, iterations: 100}"},
      {"{users: 5, runTime: 10m, warmUp: 10s, coolDown: 5s}",
       "{users: 5, run_time: 10m, warm_up: 10s, cool_down: 5s}"},
      {"{stages: [{name: up, duration: 5s, users: 10, spawnRate: '0.5'}]}",
       "{stages: [{duration: 5s, users: 10, spawn_rate: 0.5}]}"},
      {"{arrival: {stages: [{name: up, duration: 5s, from: '0.5', rate: 50}], maxUsers: 200, "
       "spacing: poisson}}",
       "{arrival: {stages: [{duration: 5s, from: 0.5, rate: 50}], max_users: 200, spacing: "
       "poisson}}"},
      {"{shape: peak, users: 9, spawnRate: 3, rampUp: 1s, hold: 2s, rampDown: 3s}",
       "{shape: peak, users: 9, spawn_rate: 3, ramp_up: 1s, hold: 2s, ramp_down: 3s}"},
      {"{shape: stress, usersPerStep: 4, spawnRate: 3, step: 1s, duration: 10s}",
       "{shape: stress, users_per_step: 4, spawn_rate: 3, step: 1s, duration: 10s}"},
      {"{shape: soak, users: 9, spawnRate: 3, rampUp: 1s, duration: 20s}",
       "{shape: soak, users: 9, spawn_rate: 3, ramp_up: 1s, duration: 20s}"},
      {"{shape: spike, baseUsers: 1, baseSpawnRate: '1.5', spikeUsers: 9, spikeSpawnRate: 7, "
       "before: 1s, spike: 2s, after: 3s}",
       "{shape: spike, base_users: 1, base_spawn_rate: 1.5, spike_users: 9, spike_spawn_rate: 7, "
       "before: 1s, spike: 2s, after: 3s}"},
      {"{shape: linear, from: 1, to: 9, duration: 10s, spawnRate: '7'}",
       "{shape: linear, from: 1, to: 9, duration: 10s, spawn_rate: 7.0}"},
      {"{shape: sine, low: 1, high: 9, period: 5s, duration: 10s}",
       "{shape: sine, low: 1, high: 9, period: 5s, duration: 10s}"},
      {"{shape: steps, start: 1, stepUsers: 2, step: 5s, steps: 3}",
       "{shape: steps, start: 1, step_users: 2, step: 5s, steps: 3}"},
      {"{users: 5, gracefulStopSeconds: 3, override: {users: 7}}", "{users: 5}"},
  };
  return kRows;
}

TEST(LoadProfileOfTest, TurnsTheWordsOfTheCrdIntoThoseOfPlans) {
  for (const ProfileRow& row : Profiles()) {
    EXPECT_EQ(boost::json::value(LoadProfileOf(Yaml(row.spec))), boost::json::value(Yaml(row.plan)))
        << row.spec << boost::json::serialize(LoadProfileOf(Yaml(row.spec)));
  }
  EXPECT_TRUE(LoadProfileOf(Yaml("{override: {users: 7}, gracefulStopSeconds: 1}")).empty());
}

TEST(LoadProfileOfTest, StagesWithoutARateMoveEvenlyOverTheirTime) {
  EXPECT_EQ(boost::json::value(LoadProfileOf(Yaml("{stages: [{duration: 5s, users: 10}, {duration: "
                                                  "4s, users: 10}, {duration: 4s, users: 0}]}"))),
            boost::json::value(Yaml("{stages: [{duration: 5s, users: 10, spawn_rate: 2.0}, "
                                    "{duration: 4s, users: 10, spawn_rate: 1.0}, {duration: 4s, "
                                    "users: 0, spawn_rate: 2.5}]}")));
}

TEST(ReadPlanOfTest, TakesEveryProfileInThePlaceOfThePlans) {
  for (const ProfileRow& row : Profiles()) {
    const PlanOfTest read = Read(fmt::format("{{profile: {}}}", row.spec));
    EXPECT_EQ(Joined(read.errors), "") << row.spec;
    EXPECT_TRUE(Profile::Make(read.plan.load_profile).ok()) << row.spec;
  }
}

TEST(ReadPlanOfTest, TheSameKindOfLoadChangesThePlansAndAnotherReplacesIt) {
  const PlanOfTest changed = Read("{profile: {runTime: 1m}}");
  EXPECT_EQ(std::get<ConstantLoad>(changed.plan.load_profile.load),
            (ConstantLoad{20, 10, seconds(60)}));
  const PlanOfTest replaced = Read("{profile: {stages: [{duration: 4s, users: 8}]}}");
  EXPECT_EQ(std::get<std::vector<Stage>>(replaced.plan.load_profile.load),
            (std::vector<Stage>{{seconds(4), 8, 2}}));
  const PlanOfTest as_it_is = Read("{profile: {override: {users: 3}}}");
  EXPECT_EQ(std::get<ConstantLoad>(as_it_is.plan.load_profile.load),
            (ConstantLoad{20, 10, seconds(10)}));
}

TEST(ReadPlanOfTest, ThresholdsOfTheSpecComeAfterThoseOfThePlan) {
  const PlanOfTest read = Read(R"(
thresholds:
  - {name: a, metric: ResponseTime, statistic: p99.9, operator: LessThan, value: 2s}
  - {name: b, metric: ResponseTime, statistic: avg, operator: LessOrEqual, value: 250ms}
  - {name: c, metric: FailureRatio, operator: LessThan, value: 1%, abortOnFail: true,
     delayAbortSeconds: 5}
  - {name: d, metric: RequestRate, operator: GreaterThan, value: "100"}
  - {name: e, metric: Requests, operator: GreaterOrEqual, value: "1", endpoint: Buy, method: POST}
  - {name: f, metric: Failures, operator: LessThan, value: "10", endpoint: "/a/{id}, all"}
)");
  ASSERT_EQ(Joined(read.errors), "");
  EXPECT_EQ(Joined(read.threshold_names), "failures: rate < 1%\na\nb\nc\nd\ne\nf\n");
  std::vector<std::string> texts;
  for (const Threshold& threshold : read.plan.thresholds) {
    texts.push_back(threshold.text);
  }
  EXPECT_EQ(Joined(texts), R"(failures: rate < 1%
response_time: p(99.9) < 2s
response_time: avg <= 250ms
failures: rate < 1%
requests: rate > 100
requests{name:Buy,method:POST}: count >= 1
failures{name:"/a/{id}, all"}: count < 10
)");
  ASSERT_EQ(read.plan.thresholds.size(), 7U);
  const Threshold& aborting = read.plan.thresholds[3];
  EXPECT_TRUE(aborting.abort_on_fail);
  EXPECT_EQ(aborting.abort_delay, seconds(5));
  EXPECT_DOUBLE_EQ(aborting.limit, 0.01);
  EXPECT_EQ(read.plan.thresholds[5].method, "POST");
  EXPECT_EQ(read.plan.thresholds[6].name, "/a/{id}, all");
}

TEST(ReadPlanOfTest, SettingsComeFromTheTest) {
  const PlanOfTest read = Read(
      "{target: {host: 'http://other'}, profile: {gracefulStopSeconds: 7}, "
      "agents: {controlLossPolicy: Stop, controlLossSeconds: 9}}");
  EXPECT_EQ(read.settings.host, "http://other");
  EXPECT_EQ(read.settings.stop_timeout, seconds(7));
  EXPECT_EQ(read.settings.control_loss_policy, ControlLossPolicy::kStop);
  EXPECT_EQ(read.settings.control_loss_timeout, seconds(9));
}

TEST(ReadPlanOfTest, TheEnvironmentOfTheAgentsIsThatOfThePlan) {
  const PlanOfTest read = Read(
      "{agents: {env: [{name: PRODUCT_SERVICE_URL, value: 'http://shop:81'}, {name: SECRET, "
      "valueFrom: {secretKeyRef: {name: s, key: k}}}]}}");
  EXPECT_EQ(Joined(read.errors), "");
  EXPECT_EQ(read.plan.service.base_url, "http://shop:81");
}

TEST(ReadPlanOfTest, ErrorsSayWhere) {
  const PlanOfTest read = ReadPlanOf(SomeTest("{plan: {configMapRef: {name: m, key: shop.yaml}}}"),
                                     std::string(kPlan) + "user: 3\n");
  ASSERT_FALSE(read.errors.empty());
  EXPECT_EQ(read.errors[0].rfind("shop.yaml:7:1: user: must ", 0), 0U) << read.errors[0];
  const PlanOfTest profile = Read("{profile: {shape: sine, high: 3, duration: 5s, low: 9}}");
  ASSERT_FALSE(profile.errors.empty());
  EXPECT_EQ(profile.errors[0].rfind("spec.profile:", 0), 0U) << profile.errors[0];
  const PlanOfTest threshold = Read(
      "{thresholds: [{name: odd, metric: ResponseTime, statistic: p101, operator: LessThan, value: "
      "1s}]}");
  ASSERT_EQ(threshold.errors.size(), 1U);
  EXPECT_EQ(threshold.errors[0].rfind("spec.thresholds[odd]: must ", 0), 0U) << threshold.errors[0];
}

TEST(ReadPlanOfTest, EverySampleIsAPlanWithoutErrors) {
  int samples = 0;
  const std::filesystem::path directory =
      std::filesystem::path(SQUALL_SOURCE_DIR) / "config/samples";
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    boost::json::object object = Yaml(text.str());
    std::string plan;
    if (StringAt(object, "kind") == "ConfigMap") {
      plan = StringAt(*ObjectAt(object, "data"), "plan.yaml");
      const auto* found = FindIn(*ObjectAt(object, "data"), "plan.yaml");
      plan = std::string(found->get_string());
      object = Yaml(text.str().substr(text.str().find("\n---\n") + 5));
    }
    const LoadTest test = ReadLoadTest(object);
    const PlanOfTest read = ReadPlanOf(test, plan.empty() ? test.plan.text : plan);
    EXPECT_EQ(Joined(read.errors), "") << entry.path();
    ++samples;
  }
  EXPECT_GE(samples, 8);
}

TEST(StageAtTest, NamesTheStageThatGoesOn) {
  const auto profile = Yaml(
      "{stages: [{name: up, duration: 5s, users: 1}, {duration: 10s, users: "
      "2}]}");
  size_t index = 7;
  Nanos ends{0};
  EXPECT_EQ(StageAt(profile, Nanos(0), &index, &ends), "1/2 up");
  EXPECT_EQ(index, 0U);
  EXPECT_EQ(ends, seconds(5));
  EXPECT_EQ(StageAt(profile, seconds(5), &index, &ends), "2/2");
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(ends, seconds(15));
  EXPECT_EQ(StageAt(profile, seconds(15), &index, &ends), "");
  EXPECT_EQ(StageAt(Yaml("{users: 3}"), Nanos(0), &index, &ends), "");
}

}  // namespace
}  // namespace squall
