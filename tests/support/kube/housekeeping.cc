#include "tests/support/kube/housekeeping.h"

#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/garbage.h"
#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr Nanos kLookMax = std::chrono::milliseconds(100);  // until Stop is seen

// How a pod ends up, by its annotation fake.squall.dev/outcome.
struct Outcome {
  std::string_view name;
  const char* phase;
  const char* waiting;     // reason of a container that does not run; "" otherwise
  const char* terminated;  // reason of one that ended
  int exit_code;
};
constexpr Outcome kOutcomes[] = {
    {"running", "Running", "", "", 0},
    {"image-pull", "Pending", "ImagePullBackOff", "", 0},
    {"config-error", "Pending", "CreateContainerConfigError", "", 0},
    {"crash", "Failed", "", "Error", 1},
    {"oom", "Failed", "", "OOMKilled", 137},
    {"succeed", "Succeeded", "", "Completed", 0},
};

// The first one for what is not named.
const Outcome& OutcomeOf(std::string_view name) {
  for (const Outcome& outcome : kOutcomes) {
    if (outcome.name == name) {
      return outcome;
    }
  }
  return kOutcomes[0];
}

std::string AnnotationOf(const json::object& pod, std::string_view name) {
  const json::object* const annotations = DigObject(pod, "metadata.annotations");
  const json::value* const found =
      annotations == nullptr ? nullptr
                             : annotations->if_contains(fmt::format("fake.squall.dev/{}", name));
  return found != nullptr && found->is_string() ? std::string(View(found->get_string())) : "";
}

json::object Condition(const char* type, bool met, const std::string& now) {
  return {{"type", type}, {"status", met ? "True" : "False"}, {"lastTransitionTime", now}};
}

json::object Unschedulable(const std::string& now) {
  json::object condition = Condition("PodScheduled", false, now);
  condition["reason"] = "Unschedulable";
  condition["message"] = "0/3 nodes are available: 3 Insufficient cpu.";
  return {{"status", json::object{{"conditions", json::array{std::move(condition)}}}}};
}

json::object ContainerStatus(const json::object& container, const Outcome& outcome,
                             const std::string& now) {
  const bool runs = std::string_view(outcome.phase) == "Running";
  json::object state;
  if (runs) {
    state["running"] = json::object{{"startedAt", now}};
  } else if (*outcome.waiting != '\0') {
    state["waiting"] = json::object{{"reason", outcome.waiting}, {"message", "as the test asked"}};
  } else {
    state["terminated"] = json::object{
        {"reason", outcome.terminated}, {"exitCode", outcome.exit_code}, {"finishedAt", now}};
  }
  return {{"name", DigText(container, "name")},
          {"image", DigText(container, "image")},
          {"imageID", ""},
          {"ready", runs},
          {"restartCount", 0},
          {"state", std::move(state)}};
}

json::object StatusOf(const json::object& pod, const Outcome& outcome, const std::string& address,
                      const std::string& now) {
  const bool runs = std::string_view(outcome.phase) == "Running";
  json::array containers;
  for (const json::value& container : *DigArray(pod, "spec.containers")) {
    containers.push_back(ContainerStatus(container.get_object(), outcome, now));
  }
  json::object status{
      {"phase", outcome.phase},
      {"startTime", now},
      {"hostIP", "127.0.0.1"},
      {"conditions",
       json::array{Condition("PodScheduled", true, now), Condition("Initialized", true, now),
                   Condition("ContainersReady", runs, now), Condition("Ready", runs, now)}},
      {"containerStatuses", std::move(containers)}};
  if (runs) {
    status["podIP"] = address;
    status["podIPs"] = json::array{json::object{{"ip", address}}};
  }
  return {{"status", std::move(status)}};
}

}  // namespace

void Housekeeping::Start() {
  if (!options_.garbage_collector && !options_.kubelet) {
    return;
  }
  thread_ = std::thread([this] {
    while (true) {
      const uint64_t version = cluster_->version();
      const bool did = Step();
      {
        const std::scoped_lock lock(mutex_);
        if (stopping_) {
          return;
        }
      }
      if (!did) {
        cluster_->WaitForChange(version, kLookMax);
      }
    }
  });
}

void Housekeeping::Stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool Housekeeping::Step() {
  const std::scoped_lock lock(stepping_);
  const bool collected = options_.garbage_collector && CollectGarbage(cluster_);
  const bool moved = options_.kubelet && StepPods();
  return collected || moved;
}

bool Housekeeping::StepPods() {
  const ApiAnswer list = cluster_->Call("GET", "/api/v1/pods");
  bool did = false;
  for (const json::value& pod : *DigArray(list.body, "items")) {
    did |= StepPod(pod.get_object());
  }
  return did;
}

// One step of one pod: away with it, bind it, or give it its outcome.
bool Housekeeping::StepPod(const json::object& pod) {
  const std::string path =
      fmt::format("/api/v1/namespaces/{}/pods/{}", DigText(pod, "metadata.namespace"),
                  DigText(pod, "metadata.name"));
  const auto patch = [&](const std::string& where, const json::object& body) {
    return cluster_->Call("PATCH", where, json::serialize(body), "application/merge-patch+json")
        .ok();
  };
  const std::string now = KubeTimestamp(clock_->Wall());
  if (!DigText(pod, "metadata.deletionTimestamp").empty()) {
    const json::object options{
        {"gracePeriodSeconds", 0},
        {"preconditions", json::object{{"uid", DigText(pod, "metadata.uid")}}}};
    return DigInt(pod, "metadata.deletionGracePeriodSeconds") > 0 &&
           cluster_->Call("DELETE", path, json::serialize(options)).ok();
  }
  const std::string outcome = AnnotationOf(pod, "outcome");
  if (outcome == "pending" || DigText(pod, "status.phase") != "Pending" ||
      Dig(pod, "status.containerStatuses") != nullptr) {
    return false;
  }
  if (outcome == "unschedulable") {
    return Dig(pod, "status.conditions") == nullptr && patch(path + "/status", Unschedulable(now));
  }
  if (DigText(pod, "spec.nodeName").empty()) {
    return patch(path, {{"spec", json::object{{"nodeName", "fake-node"}}}});
  }
  std::string address = AnnotationOf(pod, "pod-ip");
  if (address.empty()) {
    ++addresses_;
    address = fmt::format("127.{}.{}.{}", 1 + addresses_ / 62500 % 250, addresses_ / 250 % 250,
                          1 + addresses_ % 250);
  }
  return patch(path + "/status", StatusOf(pod, OutcomeOf(outcome), address, now));
}

}  // namespace squall
