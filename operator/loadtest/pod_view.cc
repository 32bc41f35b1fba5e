#include "operator/loadtest/pod_view.h"

#include <charconv>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "operator/kube/api/object.h"
#include "operator/loadtest/names.h"

namespace squall {
namespace {

namespace json = boost::json;

// A container that waits for its turn or for its image is not in trouble yet.
bool IsTrouble(std::string_view reason) {
  return !reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing";
}

// `initial` ones run to their end before the others begin.
void ReadContainers(const json::object& pod, bool initial, PodView* view) {
  const json::array* statuses =
      ArrayAt(pod, initial ? "status.initContainerStatuses" : "status.containerStatuses");
  for (size_t i = 0; statuses != nullptr && i < statuses->size(); ++i) {
    const json::object* status = (*statuses)[i].if_object();
    if (status == nullptr) {
      continue;
    }
    if (const std::string reason = StringAt(*status, "state.waiting.reason"); IsTrouble(reason)) {
      view->reason = reason;
      view->message = StringAt(*status, "state.waiting.message");
      return;
    }
    if (const json::object* ended = ObjectAt(*status, "state.terminated"); ended != nullptr) {
      const int64_t code = IntAt(*ended, "exitCode");
      if (code == 0 && initial) {
        continue;  // it has done its part
      }
      view->reason = StringAt(*ended, "reason", code == 0 ? "Completed" : "Error");
      view->message = StringAt(*ended, "message");
      if (view->message.empty()) {
        view->message = fmt::format("exit code {}", code);
      }
      return;
    }
  }
}

}  // namespace

PodView ReadPod(const json::object& pod, const std::string& owner_uid) {
  PodView view;
  view.name = Name(pod);
  view.uid = Uid(pod);
  view.run_id = Label(pod, kRunIdLabel);
  const std::string index = Label(pod, kAgentIndexLabel);
  std::from_chars(index.data(), index.data() + index.size(), view.index);
  view.ours = OwnedBy(pod, owner_uid);
  view.deleting = IsBeingDeleted(pod);
  view.ip = StringAt(pod, "status.podIP");
  const std::string phase = StringAt(pod, "status.phase");
  view.over = phase == "Succeeded" || phase == "Failed";
  const json::object* ready = ConditionOf(pod, "Ready");
  view.ready = phase == "Running" && !view.ip.empty() && ready != nullptr &&
               StringAt(*ready, "status") == "True";
  if (view.ready) {
    return view;
  }
  ReadContainers(pod, /*initial=*/true, &view);
  if (view.reason.empty()) {
    ReadContainers(pod, /*initial=*/false, &view);
  }
  const json::object* scheduled = ConditionOf(pod, "PodScheduled");
  if (view.reason.empty() && scheduled != nullptr && StringAt(*scheduled, "status") == "False") {
    view.reason = StringAt(*scheduled, "reason", "Unschedulable");
    view.message = StringAt(*scheduled, "message");
  }
  if (view.reason.empty() && view.over) {  // evicted, or its node is gone
    view.reason = StringAt(pod, "status.reason", phase);
    view.message = StringAt(pod, "status.message");
  }
  return view;
}

std::string AddressOf(const PodView& pod) {
  const bool v6 = pod.ip.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", pod.ip, kAgentPort) : fmt::format("{}:{}", pod.ip, kAgentPort);
}

std::string ConditionReasonOf(const PodView& pod) {
  const std::string& reason = pod.reason;
  if (reason == "Unschedulable" || reason == "SchedulerError" || reason == "OOMKilled") {
    return reason == "SchedulerError" ? "Unschedulable" : reason;
  }
  if (reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "InvalidImageName" ||
      reason == "ErrImageNeverPull") {
    return "ImagePullError";
  }
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError" ||
      reason == "RunContainerError") {
    return "ConfigError";
  }
  return reason.empty() ? "" : "AgentFailed";
}

}  // namespace squall
