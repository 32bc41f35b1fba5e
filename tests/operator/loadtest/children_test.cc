#include "operator/loadtest/children.h"

#include <string>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/operator/loadtest/samples.h"
#include "tests/support/golden.h"

namespace squall {
namespace {

namespace json = boost::json;

// JSON with one value a line, as people review it.
std::string Pretty(const json::value& value, const std::string& indent = "") {
  const std::string deeper = indent + "  ";
  std::string text;
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [key, item] : *object) {
      text += (text.empty() ? "{\n" : ",\n") + deeper + json::serialize(json::value(key)) + ": " +
              Pretty(item, deeper);
    }
    return text + "\n" + indent + "}";
  }
  if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
    for (const json::value& item : *array) {
      text += (text.empty() ? "[\n" : ",\n") + deeper + Pretty(item, deeper);
    }
    return text + "\n" + indent + "]";
  }
  return json::serialize(value);
}

void ExpectGoldenObject(const std::string& name, const json::object& object) {
  ExpectGolden("kube/" + name + ".json", Pretty(object) + "\n");
}

const AgentSecret& SomeSecret() {
  static const AgentSecret kSecret{"token", "certificate", "key"};
  return kSecret;
}

// What a user may want of pods, and what no user gets.
constexpr char kWishes[] = R"(
profile: {gracefulStopSeconds: 5}
agents:
  image: registry.example/squalld:2
  imagePullPolicy: Always
  args: [--shards, "2"]
  env: [{name: PRODUCT_SERVICE_URL, value: "http://shop"}]
  envFrom: [{secretRef: {name: more}}]
  resources: {requests: {cpu: "1"}, limits: {memory: 1Gi}}
  separateNodes: true
  podTemplate:
    metadata:
      labels: {team: a, squall.dev/load-test: stolen, squall.dev/agent-index: "9"}
      annotations: {note: mine, karpenter.sh/do-not-disrupt: "false"}
    spec:
      restartPolicy: Always
      hostname: stolen
      terminationGracePeriodSeconds: 1
      nodeSelector: {pool: load}
      serviceAccountName: runner
      volumes: [{name: data, emptyDir: {}}]
      containers:
        - {name: sidecar, image: proxy}
        - name: agent
          image: stolen
          command: [sh]
          args: [-c, "true"]
          lifecycle: {preStop: {sleep: {seconds: 1}}}
          volumeMounts: [{name: data, mountPath: /data}]
)";

TEST(ChildrenTest, APodIsWhatItIs) { ExpectGoldenObject("pod", AgentPod(SomeTest("{}"), {}, 0)); }

TEST(ChildrenTest, APodOfAUserWithWishes) {
  ExpectGoldenObject("pod-with-wishes", AgentPod(SomeTest(kWishes), {}, 3));
}

TEST(ChildrenTest, AServiceIsWhatItIs) {
  ExpectGoldenObject("service", AgentService(SomeTest("{}")));
}

TEST(ChildrenTest, ADisruptionBudgetIsWhatItIs) {
  ExpectGoldenObject("disruption-budget", AgentDisruptionBudget(SomeTest("{}")));
}

TEST(ChildrenTest, SecretsAreWhatTheyAre) {
  ExpectGoldenObject("agent-secret", AgentSecretObject(SomeTest("{}"), SomeSecret()));
  ExpectGoldenObject("run-secret", RunSecret(SomeTest("{runId: nightly}"), "state"));
}

TEST(ChildrenTest, AReportIsWhatItIs) {
  ExpectGoldenObject("report",
                     ReportConfigMap(SomeTest("{runId: nightly}"), {{"junit.xml", "<testsuites/>"}},
                                     {{"report.json", "packed"}}));
}

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
TEST(ChildrenTest, APodHoldsToTheRestrictedProfile) {
  const json::object pod = AgentPod(SomeTest("{}"), {}, 0);
  EXPECT_TRUE(BoolAt(pod, "spec.securityContext.runAsNonRoot"));
  EXPECT_EQ(StringAt(pod, "spec.securityContext.seccompProfile.type"), "RuntimeDefault");
  EXPECT_EQ(Find(pod, "spec.hostNetwork"), nullptr);
  EXPECT_EQ(Find(pod, "spec.hostPID"), nullptr);
  for (const json::value& item : *ArrayAt(pod, "spec.containers")) {
    const json::object& container = item.get_object();
    EXPECT_FALSE(BoolAt(container, "securityContext.allowPrivilegeEscalation", true));
    EXPECT_EQ(*Find(container, "securityContext.capabilities.drop"),
              json::value(json::array{"ALL"}));
    for (const json::value& port : *ArrayAt(container, "ports")) {
      EXPECT_EQ(Find(port.get_object(), "hostPort"), nullptr);
    }
  }
  for (const json::value& volume : *ArrayAt(pod, "spec.volumes")) {
    EXPECT_EQ(Find(volume.get_object(), "hostPath"), nullptr);
  }
}

TEST(ChildrenTest, WhatIsOursTheUserCannotTakeAway) {
  const json::object pod = AgentPod(SomeTest(kWishes), {}, 3);
  EXPECT_EQ(Label(pod, "squall.dev/load-test"), "peak");
  EXPECT_EQ(Label(pod, "squall.dev/agent-index"), "3");
  EXPECT_EQ(Label(pod, "team"), "a");
  EXPECT_EQ(Annotation(pod, "karpenter.sh/do-not-disrupt"), "false");  // this one he may
  EXPECT_EQ(StringAt(pod, "spec.restartPolicy"), "Never");
  EXPECT_EQ(StringAt(pod, "spec.hostname"), "peak-agent-3");
  EXPECT_EQ(IntAt(pod, "spec.terminationGracePeriodSeconds"), 35);
  EXPECT_EQ(StringAt(pod, "spec.nodeSelector.pool"), "load");
  const json::array& containers = *ArrayAt(pod, "spec.containers");
  ASSERT_EQ(containers.size(), 2U);
  const json::object& agent = containers[0].get_object();
  EXPECT_EQ(StringAt(agent, "name"), "agent");
  EXPECT_EQ(StringAt(agent, "image"), "registry.example/squalld:2");
  EXPECT_EQ(*Find(agent, "command"), json::value(json::array{"squalld"}));
  EXPECT_EQ(ArrayAt(agent, "volumeMounts")->size(), 2U);
  EXPECT_EQ(IntAt(agent, "lifecycle.preStop.sleep.seconds"), 1);
  EXPECT_EQ(StringAt(containers[1].get_object(), "name"), "sidecar");
}

TEST(ChildrenTest, AnAgentWithoutTlsSaysSo) {
  const json::object pod = AgentPod(SomeTest("{controlTLS: {mode: Disabled}}"), {}, 0);
  const std::string args =
      json::serialize(*Find((*ArrayAt(pod, "spec.containers"))[0].get_object(), "args"));
  EXPECT_NE(args.find("--insecure\""), std::string::npos);
  EXPECT_EQ(args.find("--tls-cert"), std::string::npos);
}

TEST(ChildrenTest, AnImageThatIsNotNamedIsTheOperators) {
  const json::object pod = AgentPod(SomeTest("{}"), {.image = "mine:1"}, 0);
  EXPECT_EQ(StringAt((*ArrayAt(pod, "spec.containers"))[0].get_object(), "image"), "mine:1");
}

TEST(ChildrenTest, TheAgentsSecretComesBackAsItWas) {
  const auto read = ReadAgentSecret(AgentSecretObject(SomeTest("{}"), SomeSecret()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->token, "token");
  EXPECT_EQ(read->certificate_pem, "certificate");
  EXPECT_EQ(read->key_pem, "key");
}

TEST(ChildrenTest, AnAgentsSecretWithSomethingMissingIsRefused) {
  for (const char* key : {"token", "tls.crt", "tls.key"}) {
    json::object secret = AgentSecretObject(SomeTest("{}"), SomeSecret());
    secret["data"].as_object().erase(key);
    const auto read = ReadAgentSecret(secret);
    ASSERT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_EQ(std::string(read.status().message()), std::string("Secret peak-agents must have '") +
                                                        key + "'; delete it to get a new one");
  }
}

TEST(ChildrenTest, ACheckpointIsOfThisTestAndThisRun) {
  const LoadTest test = SomeTest("{runId: nightly}");
  const json::object secret = RunSecret(test, std::string("\x00\xff state", 8));
  EXPECT_EQ(ReadRunSecret(test, secret), std::string("\x00\xff state", 8));
  EXPECT_EQ(ReadRunSecret(SomeTest("{runId: other}"), secret), "");
  json::object foreign = secret;
  foreign["metadata"].as_object().erase("ownerReferences");
  EXPECT_EQ(ReadRunSecret(test, foreign), "");
  EXPECT_EQ(ReadRunSecret(test, json::object()), "");
}

}  // namespace
}  // namespace squall
