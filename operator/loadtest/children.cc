#include "operator/loadtest/children.h"

#include <absl/status/status.h>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "operator/kube/api/resource.h"
#include "operator/loadtest/names.h"
#include "operator/loadtest/plan_reader.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr std::string_view kSecretVolume = "squall-agent";
constexpr std::string_view kSecretPath = "/etc/squall/agent";
constexpr std::string_view kPlanVolume = "squall-plan";
constexpr Nanos kGraceMargin = std::chrono::seconds(30);  // for the last figures

json::object Labels(const LoadTest& test) {
  return {{"app.kubernetes.io/name", "squall"},
          {"app.kubernetes.io/component", "agent"},
          {"app.kubernetes.io/instance", test.key.name},
          {kManagedByLabel, kManagedBy},
          {kLoadTestLabel, test.key.name}};
}

json::object Selector(const LoadTest& test) {
  return {{kManagedByLabel, kManagedBy}, {kLoadTestLabel, test.key.name}};
}

json::object Child(const LoadTest& test, const ResourceType& type, const std::string& name) {
  json::object object = NewObject(type, {test.key.ns, name});
  object["metadata"].as_object()["labels"] = Labels(test);
  SetOwner(&object, kLoadTests, test.object);
  return object;
}

json::object FieldEnv(std::string_view name, std::string_view path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

json::array Args(const LoadTest& test) {
  json::array args = {"--listen",
                      fmt::format("$(POD_IP):{}", kAgentPort),
                      "--metrics-listen",
                      fmt::format("$(POD_IP):{}", kAgentMetricsPort),
                      "--metrics-insecure",
                      "--name",
                      "$(POD_NAME)",
                      "--token-file",
                      fmt::format("{}/token", kSecretPath)};
  if (test.control_tls) {
    for (const std::string& arg :
         {std::string("--tls-cert"), fmt::format("{}/tls.crt", kSecretPath),
          std::string("--tls-key"), fmt::format("{}/tls.key", kSecretPath)}) {
      args.emplace_back(arg);
    }
  } else {
    args.emplace_back("--insecure");
  }
  if (const std::string directory = PlanDirectoryOf(test.plan); !directory.empty()) {
    args.emplace_back("--plan-directory");
    args.emplace_back(directory);
  }
  for (const json::value& arg : test.agents.args) {
    args.push_back(arg);
  }
  return args;
}

// What the user's own pod template may say; ours wins where both do.
json::object Container(const LoadTest& test, const AgentDefaults& defaults, json::object base) {
  const AgentsSpec& agents = test.agents;
  base["name"] = kAgentContainer;
  base["image"] = agents.image.empty() ? defaults.image : agents.image;
  if (!agents.image_pull_policy.empty()) {
    base["imagePullPolicy"] = agents.image_pull_policy;
  }
  base["command"] = json::array{"squalld"};
  base["args"] = Args(test);
  json::array env = {FieldEnv("POD_IP", "status.podIP"), FieldEnv("POD_NAME", "metadata.name")};
  for (const json::value& variable : agents.env) {
    env.push_back(variable);
  }
  base["env"] = env;
  if (!agents.env_from.empty()) {
    base["envFrom"] = agents.env_from;
  }
  if (!agents.resources.empty()) {
    base["resources"] = agents.resources;
  }
  base["ports"] = json::array{{{"name", "grpc"}, {"containerPort", kAgentPort}},
                              {{"name", "metrics"}, {"containerPort", kAgentMetricsPort}}};
  base["readinessProbe"] = {{"httpGet", {{"path", "/readyz"}, {"port", "metrics"}}},
                            {"periodSeconds", 1}};
  json::array mounts;
  if (const json::array* own = ArrayAt(base, "volumeMounts"); own != nullptr) {
    mounts = *own;
  }
  mounts.push_back({{"name", kSecretVolume}, {"mountPath", kSecretPath}, {"readOnly", true}});
  if (test.plan.kind == PlanSource::Kind::kVolume) {
    mounts.push_back({{"name", kPlanVolume}, {"mountPath", kPlanPath}, {"readOnly", true}});
  }
  base["volumeMounts"] = mounts;
  if (!base.contains("securityContext")) {
    base["securityContext"] = {{"allowPrivilegeEscalation", false},
                               {"readOnlyRootFilesystem", true},
                               {"capabilities", {{"drop", json::array{"ALL"}}}}};
  }
  return base;
}

json::object Metadata(const LoadTest& test, uint32_t index, json::object metadata) {
  json::object labels;
  json::object annotations = {{"cluster-autoscaler.kubernetes.io/safe-to-evict", "false"},
                              {"karpenter.sh/do-not-disrupt", "true"}};
  if (const json::object* own = ObjectAt(test.agents.pod_template, "metadata.labels")) {
    labels = *own;
  }
  if (const json::object* own = ObjectAt(test.agents.pod_template, "metadata.annotations")) {
    for (const auto& [key, value] : *own) {
      annotations[key] = value;
    }
  }
  for (const auto& [key, value] : Labels(test)) {
    labels[key] = value;
  }
  labels[kRunIdLabel] = test.run_id;
  labels[kAgentIndexLabel] = std::to_string(index);
  metadata["labels"] = labels;
  metadata["annotations"] = annotations;
  return metadata;
}

void Spread(const LoadTest& test, json::object* spec) {
  if (!test.agents.separate_nodes || spec->contains("affinity")) {
    return;
  }
  (*spec)["affinity"] = {{"podAntiAffinity",
                          {{"requiredDuringSchedulingIgnoredDuringExecution",
                            json::array{{{"labelSelector", {{"matchLabels", Selector(test)}}},
                                         {"topologyKey", "kubernetes.io/hostname"}}}}}}};
}

}  // namespace

json::object AgentPod(const LoadTest& test, const AgentDefaults& defaults, uint32_t index) {
  const std::string name = AgentPodName(test.key.name, index);
  json::object pod = Child(test, kPods, name);
  pod["metadata"] = Metadata(test, index, pod["metadata"].as_object());
  json::object spec;
  if (const json::object* own = ObjectAt(test.agents.pod_template, "spec")) {
    spec = *own;
  }
  json::array containers;
  json::object agent;
  if (const json::array* own = ArrayAt(spec, "containers")) {
    for (const json::value& container : *own) {
      const bool is_agent =
          container.is_object() && StringAt(container.get_object(), "name") == kAgentContainer;
      if (is_agent) {
        agent = container.get_object();
      } else {
        containers.push_back(container);
      }
    }
  }
  containers.insert(containers.begin(), Container(test, defaults, std::move(agent)));
  spec["containers"] = containers;
  json::array volumes;
  if (const json::array* own = ArrayAt(spec, "volumes")) {
    volumes = *own;
  }
  volumes.push_back(
      {{"name", kSecretVolume}, {"secret", {{"secretName", AgentsName(test.key.name)}}}});
  if (test.plan.kind == PlanSource::Kind::kVolume) {
    volumes.push_back(
        {{"name", kPlanVolume},
         {"persistentVolumeClaim", {{"claimName", test.plan.name}, {"readOnly", true}}}});
  }
  spec["volumes"] = volumes;
  // A new process must not take part as if nothing had happened: a lost agent is a lost agent.
  spec["restartPolicy"] = "Never";
  spec["hostname"] = name;
  spec["subdomain"] = AgentsName(test.key.name);
  spec["terminationGracePeriodSeconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(test.graceful_stop + kGraceMargin).count();
  if (!spec.contains("automountServiceAccountToken")) {
    spec["automountServiceAccountToken"] = false;
  }
  if (!spec.contains("securityContext")) {
    spec["securityContext"] = {{"runAsNonRoot", true},
                               {"seccompProfile", {{"type", "RuntimeDefault"}}}};
  }
  Spread(test, &spec);
  pod["spec"] = spec;
  return pod;
}

json::object AgentService(const LoadTest& test) {
  json::object service = Child(test, kServices, AgentsName(test.key.name));
  service["spec"] = {
      {"clusterIP", "None"},
      {"publishNotReadyAddresses", true},
      {"selector", Selector(test)},
      {"ports",
       json::array{{{"name", "grpc"}, {"port", kAgentPort}, {"protocol", "TCP"}},
                   {{"name", "metrics"}, {"port", kAgentMetricsPort}, {"protocol", "TCP"}}}}};
  return service;
}

json::object AgentDisruptionBudget(const LoadTest& test) {
  json::object budget = Child(test, kPodDisruptionBudgets, AgentsName(test.key.name));
  budget["spec"] = {{"maxUnavailable", 0}, {"selector", {{"matchLabels", Selector(test)}}}};
  return budget;
}

json::object AgentSecretObject(const LoadTest& test, const AgentSecret& secret) {
  json::object object = Child(test, kSecrets, AgentsName(test.key.name));
  object["type"] = "Opaque";
  object["data"] = {{"token", EncodeBase64(secret.token)},
                    {"tls.crt", EncodeBase64(secret.certificate_pem)},
                    {"tls.key", EncodeBase64(secret.key_pem)}};
  return object;
}

absl::StatusOr<AgentSecret> ReadAgentSecret(const json::object& secret) {
  AgentSecret read;
  const json::object* data = ObjectAt(secret, "data");
  for (const auto& [key, to] :
       {std::pair{"token", &read.token}, std::pair{"tls.crt", &read.certificate_pem},
        std::pair{"tls.key", &read.key_pem}}) {
    const json::value* value = data == nullptr ? nullptr : FindIn(*data, key);
    const auto bytes = value == nullptr || !value->is_string()
                           ? std::nullopt
                           : DecodeBase64(std::string_view(value->get_string().data(),
                                                           value->get_string().size()));
    if (!bytes.has_value() || bytes->empty()) {
      return absl::InvalidArgumentError(
          fmt::format("Secret {} must have '{}'; delete it to get a new one", Name(secret), key));
    }
    *to = *bytes;
  }
  return read;
}

json::object RunSecret(const LoadTest& test, const std::string& checkpoint) {
  json::object object = Child(test, kSecrets, RunSecretName(test.key.name));
  object["type"] = "Opaque";
  object["data"] = {{"runId", EncodeBase64(test.run_id)}, {"checkpoint", EncodeBase64(checkpoint)}};
  return object;
}

std::string ReadRunSecret(const LoadTest& test, const json::object& secret) {
  const auto run_id = DecodeBase64(StringAt(secret, "data.runId"));
  if (!OwnedBy(secret, test.uid) || run_id != test.run_id) {
    return "";
  }
  return DecodeBase64(StringAt(secret, "data.checkpoint")).value_or("");
}

json::object ReportConfigMap(const LoadTest& test,
                             const std::vector<std::pair<std::string, std::string>>& texts,
                             const std::vector<std::pair<std::string, std::string>>& packed) {
  json::object object = Child(test, kConfigMaps, ReportName(test.key.name, test.run_id));
  object["metadata"].as_object()["labels"].as_object()[kRunIdLabel] = test.run_id;
  json::object data;
  for (const auto& [key, text] : texts) {
    data[key] = text;
  }
  json::object binary;
  for (const auto& [key, bytes] : packed) {
    binary[key + ".gz"] = EncodeBase64(bytes);
  }
  if (!data.empty()) {
    object["data"] = data;
  }
  if (!binary.empty()) {
    object["binaryData"] = binary;
  }
  return object;
}

}  // namespace squall
