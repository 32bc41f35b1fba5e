#include "tests/support/kube/deletion.h"

#include <algorithm>
#include <string>

#include <boost/json/array.hpp>

#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/object_writer.h"

namespace squall {
namespace {

namespace json = boost::json;

// Seconds that a pod may take; 0 for what goes at once.
int64_t GraceOf(const FakeResource& type, const json::object& options, const json::object& object) {
  if (type.kind != "Pod") {
    return 0;
  }
  const std::string phase = DigText(object, "status.phase");
  const bool runs =
      !DigText(object, "spec.nodeName").empty() && phase != "Succeeded" && phase != "Failed";
  return runs ? DigInt(options, "gracePeriodSeconds",
                       DigInt(object, "spec.terminationGracePeriodSeconds", 30))
              : 0;
}

bool AddFinalizer(const char* name, json::object* object) {
  json::value* list = Dig(object, "metadata.finalizers");
  if (list == nullptr || !list->is_array()) {
    Plant(object, "metadata.finalizers", json::array());
    list = Dig(object, "metadata.finalizers");
  }
  json::array& finalizers = list->get_array();
  if (std::find(finalizers.begin(), finalizers.end(), json::value(name)) != finalizers.end()) {
    return false;
  }
  finalizers.push_back(json::value(name));
  return true;
}

}  // namespace

ApiRefusal CheckDeletePreconditions(const FakeResource& type, const json::object& object,
                                    const json::object& options) {
  const std::string name = DigText(object, "metadata.name");
  const std::string uid = DigText(options, "preconditions.uid");
  const std::string version = DigText(options, "preconditions.resourceVersion");
  const std::string own_uid = DigText(object, "metadata.uid");
  const std::string own_version = DigText(object, "metadata.resourceVersion");
  if (!uid.empty() && uid != own_uid) {
    return PreconditionError(type.ForErrors(), name, "UID", uid, own_uid);
  }
  if (!version.empty() && version != own_version) {
    return PreconditionError(type.ForErrors(), name, "ResourceVersion", version, own_version);
  }
  return std::nullopt;
}

bool MarkDeleted(const FakeResource& type, const json::object& options, WallTime now,
                 json::object* object) {
  const int64_t grace = GraceOf(type, options, *object);
  const std::string policy = DigText(options, "propagationPolicy");
  bool changed = false;
  if (policy == "Foreground") {
    changed = AddFinalizer("foregroundDeletion", object);
  } else if (policy == "Orphan") {
    changed = AddFinalizer("orphan", object);
  }
  const bool marked = !DigText(*object, "metadata.deletionTimestamp").empty();
  if (marked && grace >= DigInt(*object, "metadata.deletionGracePeriodSeconds")) {
    return changed;
  }
  Plant(object, "metadata.deletionTimestamp", KubeTimestamp(now + std::chrono::seconds(grace)));
  Plant(object, "metadata.deletionGracePeriodSeconds", grace);
  if (type.kind == "Namespace") {
    Plant(object, "status.phase", "Terminating");
    // The real one stands in spec.finalizers, with a subresource of its own to end it.
    AddFinalizer("kubernetes", object);
  }
  return true;
}

bool IsReadyToGo(const json::object& object) {
  const json::array* const finalizers = DigArray(object, "metadata.finalizers");
  return !DigText(object, "metadata.deletionTimestamp").empty() &&
         DigInt(object, "metadata.deletionGracePeriodSeconds") == 0 &&
         (finalizers == nullptr || finalizers->empty());
}

json::object DeletedStatus(const FakeResource& type, const json::object& object) {
  json::object details{{"name", DigText(object, "metadata.name")},
                       {"kind", type.plural},
                       {"uid", DigText(object, "metadata.uid")}};
  if (!type.group.empty()) {
    details["group"] = type.group;
  }
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

}  // namespace squall
