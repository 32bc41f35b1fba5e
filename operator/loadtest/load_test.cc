#include "operator/loadtest/load_test.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "operator/kube/api/kube_time.h"
#include "operator/loadtest/names.h"

namespace squall {
namespace {

namespace json = boost::json;

std::optional<double> Decimal(const json::value* value) {
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_number()) {
    return value->to_number<double>();
  }
  if (!value->is_string()) {
    return std::nullopt;
  }
  const json::string& text = value->get_string();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

Nanos SecondsAt(const json::object& object, std::string_view path, Nanos otherwise) {
  return std::chrono::seconds(
      IntAt(object, path, std::chrono::duration_cast<std::chrono::seconds>(otherwise).count()));
}

std::optional<Nanos> MaybeSeconds(const json::object& object, std::string_view path) {
  if (Find(object, path) == nullptr) {
    return std::nullopt;
  }
  return std::chrono::seconds(IntAt(object, path));
}

json::object ObjectOr(const json::object& object, std::string_view path) {
  const json::object* found = ObjectAt(object, path);
  return found == nullptr ? json::object() : *found;
}

json::array ArrayOr(const json::object& object, std::string_view path) {
  const json::array* found = ArrayAt(object, path);
  return found == nullptr ? json::array() : *found;
}

PlanSource ReadPlanSource(const json::object& spec) {
  PlanSource plan;
  if (ObjectAt(spec, "plan.configMapRef") != nullptr) {
    plan.kind = PlanSource::Kind::kConfigMap;
    plan.name = StringAt(spec, "plan.configMapRef.name");
    plan.key = StringAt(spec, "plan.configMapRef.key", "plan.yaml");
  } else if (ObjectAt(spec, "plan.persistentVolumeClaim") != nullptr) {
    plan.kind = PlanSource::Kind::kVolume;
    plan.name = StringAt(spec, "plan.persistentVolumeClaim.claimName");
    plan.path = StringAt(spec, "plan.persistentVolumeClaim.path");
  } else if (Find(spec, "plan.imagePath") != nullptr) {
    plan.kind = PlanSource::Kind::kImage;
    plan.path = StringAt(spec, "plan.imagePath");
  } else {
    plan.text = StringAt(spec, "plan.inline");
  }
  return plan;
}

std::optional<LoadOverride> ReadOverride(const json::object& spec) {
  const json::object* written = ObjectAt(spec, "profile.override");
  if (written == nullptr) {
    return std::nullopt;
  }
  LoadOverride read;
  if (Find(*written, "users") != nullptr) {
    read.users = static_cast<uint64_t>(std::max<int64_t>(IntAt(*written, "users"), 0));
  }
  read.spawn_rate = Decimal(Find(*written, "spawnRate"));
  read.arrival_factor = Decimal(Find(*written, "arrivalFactor"));
  return read;
}

LossPolicy ReadLossPolicy(std::string_view text) {
  return text == "Fail"      ? LossPolicy::kFail
         : text == "Replace" ? LossPolicy::kReplace
         : text == "Ignore"  ? LossPolicy::kIgnore
                             : LossPolicy::kRedistribute;
}

AgentsSpec ReadAgents(const json::object& spec) {
  AgentsSpec agents;
  agents.replicas = static_cast<uint32_t>(IntAt(spec, "agents.replicas", 1));
  if (const json::object* size = ObjectAt(spec, "agents.autoSize"); size != nullptr) {
    agents.auto_size = AutoSize{.users_per_agent = static_cast<uint64_t>(
                                    std::max<int64_t>(IntAt(*size, "usersPerAgent"), 1)),
                                .min = static_cast<uint32_t>(IntAt(*size, "min", 1)),
                                .max = static_cast<uint32_t>(IntAt(*size, "max", 100))};
  }
  agents.image = StringAt(spec, "agents.image");
  agents.image_pull_policy = StringAt(spec, "agents.imagePullPolicy");
  agents.args = ArrayOr(spec, "agents.args");
  agents.env = ArrayOr(spec, "agents.env");
  agents.env_from = ArrayOr(spec, "agents.envFrom");
  agents.resources = ObjectOr(spec, "agents.resources");
  agents.separate_nodes = BoolAt(spec, "agents.separateNodes");
  agents.pod_template = ObjectOr(spec, "agents.podTemplate");
  agents.start_timeout = SecondsAt(spec, "agents.start.timeoutSeconds", agents.start_timeout);
  if (Find(spec, "agents.start.minReady") != nullptr) {
    agents.ready_min = static_cast<uint32_t>(IntAt(spec, "agents.start.minReady", 1));
  }
  agents.start_partial = StringAt(spec, "agents.start.onTimeout") == "StartPartial";
  agents.loss_policy = ReadLossPolicy(StringAt(spec, "agents.lossPolicy"));
  agents.lost_max = static_cast<uint32_t>(IntAt(spec, "agents.maxLost"));
  agents.control_loss_stops = StringAt(spec, "agents.controlLossPolicy") == "Stop";
  agents.control_loss_timeout =
      SecondsAt(spec, "agents.controlLossSeconds", agents.control_loss_timeout);
  return agents;
}

void ReadResults(const json::object& spec, LoadTest* test) {
  test->summary_period = SecondsAt(spec, "results.summaryPeriodSeconds", test->summary_period);
  test->top_endpoints = static_cast<size_t>(IntAt(spec, "results.topEndpoints", 5));
  test->report_config_map = BoolAt(spec, "results.report.configMap", true);
  if (const json::array* formats = ArrayAt(spec, "results.report.formats"); formats != nullptr) {
    test->report_formats.clear();
    for (const json::value& format : *formats) {
      if (format.is_string()) {
        test->report_formats.emplace_back(format.get_string());
      }
    }
  }
}

}  // namespace

std::string PlanSource::Describe() const {
  switch (kind) {
    case Kind::kInline:
      return "spec.plan.inline";
    case Kind::kConfigMap:
      return fmt::format("ConfigMap {}, key {}", name, key);
    case Kind::kVolume:
      return fmt::format("PersistentVolumeClaim {}, file {}", name, path);
    case Kind::kImage:
      return fmt::format("file {} of the agents' image", path);
  }
  return "";
}

LoadTest ReadLoadTest(const json::object& object) {
  LoadTest test;
  test.object = object;
  test.key = KeyOf(object);
  test.uid = Uid(object);
  test.generation = Generation(object);
  test.deleting = IsBeingDeleted(object);
  test.has_finalizer = HasFinalizer(object, kDrainFinalizer);
  const json::object spec = ObjectOr(object, "spec");
  test.run_id = StringAt(spec, "runId", "1");
  test.suspend = BoolAt(spec, "suspend");
  const std::string desired = StringAt(spec, "desiredState", "Running");
  test.desired = desired == "Paused"    ? DesiredState::kPaused
                 : desired == "Stopped" ? DesiredState::kStopped
                                        : DesiredState::kRunning;
  if (const auto time = ParseKubeTime(StringAt(spec, "startTime")); time.ok()) {
    test.start_time = *time;
  }
  test.plan = ReadPlanSource(spec);
  test.target_host = StringAt(spec, "target.host");
  test.target_tls.ca_secret = StringAt(spec, "target.tls.caSecretName");
  test.target_tls.client_secret = StringAt(spec, "target.tls.clientSecretName");
  test.target_tls.server_name = StringAt(spec, "target.tls.serverName");
  test.target_tls.insecure_skip_verify = BoolAt(spec, "target.tls.insecureSkipVerify");
  test.profile = ObjectOr(spec, "profile");
  test.thresholds = ArrayOr(spec, "thresholds");
  test.load_override = ReadOverride(spec);
  test.graceful_stop = SecondsAt(spec, "profile.gracefulStopSeconds", test.graceful_stop);
  test.agents = ReadAgents(spec);
  test.control_tls = StringAt(spec, "controlTLS.mode", "Auto") != "Disabled";
  ReadResults(spec, &test);
  test.deadline = MaybeSeconds(spec, "activeDeadlineSeconds");
  test.ttl = MaybeSeconds(spec, "ttlSecondsAfterFinished");
  const std::string cleanup = StringAt(spec, "agentCleanup", "Always");
  test.cleanup = cleanup == "Never"       ? AgentCleanup::kNever
                 : cleanup == "OnSuccess" ? AgentCleanup::kOnSuccess
                                          : AgentCleanup::kAlways;
  test.status = ObjectOr(object, "status");
  return test;
}

std::string PhaseOf(const LoadTest& test) {
  return StringAt(test.status, "runId") == test.run_id ? StringAt(test.status, "phase") : "";
}

bool IsOver(std::string_view phase) { return phase == kPhaseSucceeded || phase == kPhaseFailed; }

bool IsActive(std::string_view phase) {
  return phase == kPhasePreparing || phase == kPhaseRunning || phase == kPhasePaused ||
         phase == kPhaseStopping;
}

}  // namespace squall
