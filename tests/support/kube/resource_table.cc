#include "tests/support/kube/resource_table.h"

#include <algorithm>

#include <absl/status/status.h>
#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/yaml_json.h"

namespace squall {
namespace {

namespace json = boost::json;

FakeResource Builtin(const char* group, const char* plural, const char* singular, const char* kind,
                     std::vector<std::string> short_names) {
  FakeResource resource;
  resource.group = group;
  resource.version = "v1";
  resource.plural = plural;
  resource.singular = singular;
  resource.kind = kind;
  resource.short_names = std::move(short_names);
  resource.shapes = BuiltinShapes(kind);
  resource.storage = resource.ForErrors().ToString();
  return resource;
}

// ".spec.replicas" -> "spec.replicas".
std::string WithoutDot(const std::string& path) {
  return path.starts_with('.') ? path.substr(1) : path;
}

std::vector<std::string> Texts(const json::array* list) {
  std::vector<std::string> texts;
  for (size_t at = 0; list != nullptr && at < list->size(); ++at) {
    if ((*list)[at].is_string()) {
      texts.emplace_back(View((*list)[at].get_string()));
    }
  }
  return texts;
}

// The one marked as stored; nullptr when there is none.
const json::object* StorageVersion(const json::object& crd) {
  const json::array* const versions = DigArray(crd, "spec.versions");
  for (size_t at = 0; versions != nullptr && at < versions->size(); ++at) {
    const json::object* const version = (*versions)[at].if_object();
    const json::value* const stored =
        version == nullptr ? nullptr : version->if_contains("storage");
    if (stored != nullptr && stored->is_bool() && stored->get_bool()) {
      return version;
    }
  }
  return nullptr;
}

void AddEvents(std::vector<FakeResource>* resources) {
  FakeResource events = Builtin("events.k8s.io", "events", "event", "Event", {"ev"});
  events.selectable_fields = {"reason",         "type",           "reportingController",
                              "regarding.kind", "regarding.name", "regarding.namespace",
                              "regarding.uid"};
  FakeResource core = events;
  core.group = "";
  core.selectable_fields = {"reason",
                            "type",
                            "reportingComponent",
                            "source",
                            "involvedObject.kind",
                            "involvedObject.name",
                            "involvedObject.namespace",
                            "involvedObject.uid",
                            "involvedObject.apiVersion",
                            "involvedObject.resourceVersion",
                            "involvedObject.fieldPath"};
  resources->push_back(std::move(core));
  resources->push_back(std::move(events));
}

}  // namespace

std::string FakeResource::ApiVersion() const {
  return group.empty() ? version : group + "/" + version;
}

std::vector<FakeResource> BuiltinResources() {
  std::vector<FakeResource> resources;
  FakeResource& pods = resources.emplace_back(Builtin("", "pods", "pod", "Pod", {"po"}));
  pods.has_status = true;
  pods.selectable_fields = {"spec.nodeName",           "spec.restartPolicy", "spec.schedulerName",
                            "spec.serviceAccountName", "status.phase",       "status.podIP"};
  resources.push_back(Builtin("", "services", "service", "Service", {"svc"}));
  resources.back().has_status = true;
  resources.back().selectable_fields = {"spec.type", "spec.clusterIP"};
  resources.push_back(Builtin("", "configmaps", "configmap", "ConfigMap", {"cm"}));
  resources.push_back(Builtin("", "secrets", "secret", "Secret", {}));
  resources.back().selectable_fields = {"type"};
  resources.push_back(Builtin("", "namespaces", "namespace", "Namespace", {"ns"}));
  resources.back().namespaced = false;
  resources.back().has_status = true;
  resources.back().selectable_fields = {"status.phase"};
  AddEvents(&resources);
  resources.push_back(Builtin("coordination.k8s.io", "leases", "lease", "Lease", {}));
  resources.back().unconditional_update = false;
  resources.push_back(Builtin("policy", "poddisruptionbudgets", "poddisruptionbudget",
                              "PodDisruptionBudget", {"pdb"}));
  resources.back().has_status = true;
  FakeResource& tests =
      resources.emplace_back(Builtin("squall.dev", "loadtests", "loadtest", "LoadTest", {"ldt"}));
  tests.version = "v1alpha1";
  tests.has_status = true;
  tests.custom = true;
  tests.unconditional_update = false;
  tests.replicas_path = "spec.agents.replicas";
  tests.status_replicas_path = "status.agents.current";
  tests.selector_path = "status.agents.selector";
  tests.selectable_fields = {"status.phase"};
  return resources;
}

absl::StatusOr<FakeResource> ReadCrd(const std::string& yaml) {
  absl::StatusOr<json::value> parsed = YamlToJson(yaml);
  if (!parsed.ok()) {
    return parsed.status();
  }
  const json::object* const crd = parsed->if_object();
  const json::object* const version = crd == nullptr ? nullptr : StorageVersion(*crd);
  if (version == nullptr || DigText(*crd, "kind") != "CustomResourceDefinition") {
    return absl::InvalidArgumentError("must be a CustomResourceDefinition with a storage version");
  }
  FakeResource resource;
  resource.group = DigText(*crd, "spec.group");
  resource.version = DigText(*version, "name");
  resource.plural = DigText(*crd, "spec.names.plural");
  resource.singular = DigText(*crd, "spec.names.singular");
  resource.kind = DigText(*crd, "spec.names.kind");
  resource.short_names = Texts(DigArray(*crd, "spec.names.shortNames"));
  resource.categories = Texts(DigArray(*crd, "spec.names.categories"));
  resource.namespaced = DigText(*crd, "spec.scope") == "Namespaced";
  resource.has_status = DigObject(*version, "subresources.status") != nullptr;
  resource.unconditional_update = false;
  resource.custom = true;
  if (const json::object* const scale = DigObject(*version, "subresources.scale")) {
    resource.replicas_path = WithoutDot(DigText(*scale, "specReplicasPath"));
    resource.status_replicas_path = WithoutDot(DigText(*scale, "statusReplicasPath"));
    resource.selector_path = WithoutDot(DigText(*scale, "labelSelectorPath"));
  }
  if (const json::object* const schema = DigObject(*version, "schema.openAPIV3Schema")) {
    resource.schema = *schema;
  }
  resource.shapes = SchemaShapes(resource.schema);
  const json::array* const selectable = DigArray(*version, "selectableFields");
  for (size_t at = 0; selectable != nullptr && at < selectable->size(); ++at) {
    resource.selectable_fields.push_back(
        WithoutDot(DigText((*selectable)[at].as_object(), "jsonPath")));
  }
  if (const json::array* const columns = DigArray(*version, "additionalPrinterColumns")) {
    resource.columns = *columns;
  }
  resource.storage = resource.ForErrors().ToString();
  return resource;
}

const FakeResource* FindResource(const std::vector<FakeResource>& resources, std::string_view group,
                                 std::string_view version, std::string_view plural) {
  const auto found = std::find_if(resources.begin(), resources.end(), [&](const auto& resource) {
    return resource.group == group && resource.version == version && resource.plural == plural;
  });
  return found == resources.end() ? nullptr : &*found;
}

}  // namespace squall
