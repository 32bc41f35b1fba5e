#include "tests/support/kube/builtin_rules.h"

#include <re2/re2.h>
#include <string>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

void Default(json::object* object, std::string_view path, json::value value) {
  if (Dig(*object, path) == nullptr) {
    Plant(object, path, std::move(value));
  }
}

json::array* List(json::object* object, std::string_view path) {
  json::value* const found = Dig(object, path);
  return found == nullptr ? nullptr : found->if_array();
}

void DefaultPod(json::object* pod) {
  Default(pod, "spec.restartPolicy", "Always");
  Default(pod, "spec.terminationGracePeriodSeconds", 30);
  Default(pod, "spec.dnsPolicy", "ClusterFirst");
  Default(pod, "spec.securityContext", json::object());
  Default(pod, "spec.schedulerName", "default-scheduler");
  Default(pod, "spec.enableServiceLinks", true);
  Default(pod, "status.phase", "Pending");
  Default(pod, "status.qosClass", "BestEffort");
  for (const char* const path : {"spec.containers", "spec.initContainers"}) {
    json::array* const containers = List(pod, path);
    for (size_t at = 0; containers != nullptr && at < containers->size(); ++at) {
      json::object* const container = (*containers)[at].if_object();
      if (container == nullptr) {
        continue;
      }
      Default(container, "resources", json::object());
      Default(container, "terminationMessagePath", "/dev/termination-log");
      Default(container, "terminationMessagePolicy", "File");
      Default(container, "imagePullPolicy", "IfNotPresent");
      json::array* const ports = List(container, "ports");
      for (size_t port = 0; ports != nullptr && port < ports->size(); ++port) {
        if (json::object* const one = (*ports)[port].if_object()) {
          Default(one, "protocol", "TCP");
        }
      }
    }
  }
}

void DefaultService(uint64_t ordinal, json::object* service) {
  Default(service, "spec.type", "ClusterIP");
  Default(service, "spec.sessionAffinity", "None");
  Default(service, "spec.internalTrafficPolicy", "Cluster");
  Default(service, "spec.clusterIP",
          json::string(fmt::format("10.96.{}.{}", ordinal / 250 % 250, ordinal % 250 + 1)));
  Default(service, "spec.clusterIPs", json::array{*Dig(*service, "spec.clusterIP")});
  Default(service, "status.loadBalancer", json::object());
  json::array* const ports = List(service, "spec.ports");
  for (size_t at = 0; ports != nullptr && at < ports->size(); ++at) {
    json::object* const port = (*ports)[at].if_object();
    if (port != nullptr && port->contains("port")) {
      Default(port, "protocol", "TCP");
      Default(port, "targetPort", port->at("port"));
    }
  }
}

class Checker {
 public:
  explicit Checker(const json::object& object) : object_(object) {}
  std::vector<ApiCause> causes;

  void Require(const std::string& path) {
    const json::value* const found = Dig(object_, path);
    const bool empty = found == nullptr || found->is_null() ||
                       (found->is_string() && found->get_string().empty()) ||
                       (found->is_array() && found->get_array().empty());
    if (empty) {
      causes.push_back({path, "FieldValueRequired", "Required value"});
    }
  }

  void AtMost(const std::string& path, size_t bytes) {
    if (DigText(object_, path).size() > bytes) {
      causes.push_back({path, "FieldValueInvalid",
                        fmt::format("Invalid value: \"\": can have at most {} characters", bytes)});
    }
  }

  void OneOf(const std::string& path, std::initializer_list<std::string_view> values) {
    const std::string found = DigText(object_, path);
    for (const std::string_view value : values) {
      if (found == value) {
        return;
      }
    }
    causes.push_back({path, "FieldValueInvalid",
                      fmt::format("Invalid value: \"{}\": has invalid value", found)});
  }

  void Above(const std::string& path, int64_t floor) {
    const json::value* const found = Dig(object_, path);
    if (found != nullptr && DigInt(object_, path, floor) <= floor) {
      causes.push_back({path, "FieldValueInvalid",
                        fmt::format("Invalid value: {}: must be greater than {}",
                                    DigInt(object_, path), floor)});
    }
  }

  void MicroTime(const std::string& path) {
    static const RE2 kForm(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d))");
    const json::value* const found = Dig(object_, path);
    if (found != nullptr && !found->is_null() && !RE2::FullMatch(DigText(object_, path), kForm)) {
      causes.push_back({path, "FieldValueInvalid",
                        fmt::format("Invalid value: \"{}\": must be a MicroTime with six digits",
                                    DigText(object_, path))});
    }
  }

 private:
  const json::object& object_;
};

void CheckPod(const json::object& pod, Checker* checker) {
  checker->Require("spec.containers");
  checker->OneOf("spec.restartPolicy", {"Always", "OnFailure", "Never"});
  const json::array* const containers = DigArray(pod, "spec.containers");
  for (size_t at = 0; containers != nullptr && at < containers->size(); ++at) {
    const json::object* const container = (*containers)[at].if_object();
    for (const char* const field : {"name", "image"}) {
      if (container == nullptr || DigText(*container, field).empty()) {
        checker->causes.push_back({fmt::format("spec.containers[{}].{}", at, field),
                                   "FieldValueRequired", "Required value"});
      }
    }
  }
}

// The spec without what may change in it.
json::object Fixed(const json::object& pod) {
  json::object spec = DigObject(pod, "spec") == nullptr ? json::object() : *DigObject(pod, "spec");
  for (const char* const field : {"activeDeadlineSeconds", "tolerations", "nodeName",
                                  "terminationGracePeriodSeconds", "schedulingGates"}) {
    spec.erase(field);
  }
  for (const char* const path : {"containers", "initContainers"}) {
    json::array* const containers = List(&spec, path);
    for (size_t at = 0; containers != nullptr && at < containers->size(); ++at) {
      if ((*containers)[at].is_object()) {
        (*containers)[at].get_object().erase("image");
      }
    }
  }
  return spec;
}

struct Rename {
  const char* core;
  const char* events;
};
constexpr Rename kEventFields[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
};

json::object RenameFields(const json::object& event, bool to_core) {
  json::object renamed = event;
  for (const Rename& field : kEventFields) {
    const char* const from = to_core ? field.events : field.core;
    if (json::value* const value = renamed.if_contains(from)) {
      renamed[to_core ? field.core : field.events] = *value;
      renamed.erase(from);
    }
  }
  renamed["apiVersion"] = to_core ? "v1" : "events.k8s.io/v1";
  return renamed;
}

}  // namespace

void DefaultBuiltin(std::string_view kind, uint64_t ordinal, json::object* object) {
  if (kind == "Pod") {
    DefaultPod(object);
  } else if (kind == "Service") {
    DefaultService(ordinal, object);
  } else if (kind == "Namespace") {
    Default(object, "status.phase", "Active");
  } else if (kind == "Secret") {
    Default(object, "type", "Opaque");
  }
}

std::vector<ApiCause> CheckBuiltin(std::string_view kind, const json::object& object) {
  Checker checker(object);
  if (kind == "Pod") {
    CheckPod(object, &checker);
  } else if (kind == "Lease") {
    checker.Above("spec.leaseDurationSeconds", 0);
    checker.Above("spec.leaseTransitions", -1);
    checker.MicroTime("spec.acquireTime");
    checker.MicroTime("spec.renewTime");
  } else if (kind == "Event" && Dig(object, "eventTime") != nullptr) {
    // Without eventTime it is an event of the old kind, of which less is asked.
    checker.MicroTime("eventTime");
    checker.Require("reportingController");
    checker.Require("reportingInstance");
    checker.Require("action");
    checker.Require("reason");
    checker.AtMost("reportingInstance", 128);
    checker.AtMost("action", 128);
    checker.AtMost("reason", 128);
    checker.AtMost("note", 1024);
    checker.OneOf("type", {"Normal", "Warning"});
  }
  return std::move(checker.causes);
}

std::vector<ApiCause> CheckBuiltinChange(std::string_view kind, const json::object& live,
                                         const json::object& next) {
  if (kind == "Pod" && !SameJson(Fixed(live), Fixed(next))) {
    return {{"spec", "FieldValueForbidden",
             "Forbidden: pod updates may not change fields other than "
             "`spec.containers[*].image`,`spec.initContainers[*].image`,"
             "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
             "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
             "previously negative)"}};
  }
  const bool sealed = (kind == "ConfigMap" || kind == "Secret") &&
                      Dig(live, "immutable") != nullptr && SameJson(*Dig(live, "immutable"), true);
  if (sealed) {
    for (const char* const field : {"data", "binaryData", "stringData", "immutable"}) {
      const json::value* const before = live.if_contains(field);
      const json::value* const after = next.if_contains(field);
      if ((before == nullptr) != (after == nullptr) ||
          (before != nullptr && !SameJson(*before, *after))) {
        return {{field, "FieldValueForbidden",
                 "Forbidden: field is immutable when `immutable` is set"}};
      }
    }
  }
  return {};
}

json::object EventAsCore(const json::object& event) { return RenameFields(event, true); }

json::object EventFromCore(const json::object& event) { return RenameFields(event, false); }

}  // namespace squall
