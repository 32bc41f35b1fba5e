#include "operator/kube/api/object.h"

#include <utility>

#include <fmt/format.h>

#include "operator/kube/api/kube_time.h"

namespace squall {
namespace {

namespace json = boost::json;

std::string StringIn(const json::object& object, std::string_view key) {
  const json::value* value = FindIn(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

const json::object* Metadata(const json::object& object) { return ObjectAt(object, "metadata"); }

std::string InMetadata(const json::object& object, std::string_view key) {
  const json::object* metadata = Metadata(object);
  return metadata == nullptr ? "" : StringIn(*metadata, key);
}

std::string InMetadataMap(const json::object& object, std::string_view map, std::string_view key) {
  const json::object* metadata = Metadata(object);
  const json::value* values = metadata == nullptr ? nullptr : FindIn(*metadata, map);
  return values != nullptr && values->is_object() ? StringIn(values->get_object(), key) : "";
}

std::optional<WallTime> TimeInMetadata(const json::object& object, std::string_view key) {
  const absl::StatusOr<WallTime> time = ParseKubeTime(InMetadata(object, key));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

bool IsController(const json::value& reference) {
  return reference.is_object() && BoolAt(reference.get_object(), "controller");
}

}  // namespace

std::string ObjectKey::ToString() const {
  return ns.empty() ? name : fmt::format("{}/{}", ns, name);
}

const json::value* FindIn(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

const json::value* Find(const json::object& object, std::string_view path) {
  const json::object* parent = &object;
  while (true) {
    const size_t dot = path.find('.');
    const json::value* value = FindIn(*parent, path.substr(0, dot));
    if (dot == std::string_view::npos || value == nullptr) {
      return value;
    }
    if (!value->is_object()) {
      return nullptr;
    }
    parent = &value->get_object();
    path.remove_prefix(dot + 1);
  }
}

std::string StringAt(const json::object& object, std::string_view path,
                     std::string_view otherwise) {
  const json::value* value = Find(object, path);
  return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                : std::string(otherwise);
}

int64_t IntAt(const json::object& object, std::string_view path, int64_t otherwise) {
  const json::value* value = Find(object, path);
  if (value == nullptr) {
    return otherwise;
  }
  if (value->is_uint64() && value->get_uint64() <= INT64_MAX) {
    return static_cast<int64_t>(value->get_uint64());
  }
  return value->is_int64() ? value->get_int64() : otherwise;
}

bool BoolAt(const json::object& object, std::string_view path, bool otherwise) {
  const json::value* value = Find(object, path);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

double NumberAt(const json::object& object, std::string_view path, double otherwise) {
  const json::value* value = Find(object, path);
  if (value == nullptr || !value->is_number()) {
    return otherwise;
  }
  return value->to_number<double>();
}

const json::object* ObjectAt(const json::object& object, std::string_view path) {
  const json::value* value = Find(object, path);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* ArrayAt(const json::object& object, std::string_view path) {
  const json::value* value = Find(object, path);
  return value == nullptr ? nullptr : value->if_array();
}

std::string Name(const json::object& object) { return InMetadata(object, "name"); }

std::string Namespace(const json::object& object) { return InMetadata(object, "namespace"); }

ObjectKey KeyOf(const json::object& object) { return {Namespace(object), Name(object)}; }

std::string Uid(const json::object& object) { return InMetadata(object, "uid"); }

std::string ResourceVersion(const json::object& object) {
  return InMetadata(object, "resourceVersion");
}

int64_t Generation(const json::object& object) { return IntAt(object, "metadata.generation"); }

std::string Label(const json::object& object, std::string_view key) {
  return InMetadataMap(object, "labels", key);
}

std::string Annotation(const json::object& object, std::string_view key) {
  return InMetadataMap(object, "annotations", key);
}

bool HasFinalizer(const json::object& object, std::string_view finalizer) {
  const json::array* finalizers = ArrayAt(object, "metadata.finalizers");
  if (finalizers == nullptr) {
    return false;
  }
  for (const json::value& value : *finalizers) {
    if (value.is_string() && std::string_view(value.get_string()) == finalizer) {
      return true;
    }
  }
  return false;
}

std::optional<WallTime> CreationTimestamp(const json::object& object) {
  return TimeInMetadata(object, "creationTimestamp");
}

std::optional<WallTime> DeletionTimestamp(const json::object& object) {
  return TimeInMetadata(object, "deletionTimestamp");
}

bool IsBeingDeleted(const json::object& object) {
  return !InMetadata(object, "deletionTimestamp").empty();
}

std::optional<OwnerRef> ControllerOf(const json::object& object) {
  const json::array* references = ArrayAt(object, "metadata.ownerReferences");
  if (references == nullptr) {
    return std::nullopt;
  }
  for (const json::value& value : *references) {
    if (IsController(value)) {
      const json::object& reference = value.get_object();
      return OwnerRef{StringIn(reference, "apiVersion"), StringIn(reference, "kind"),
                      StringIn(reference, "name"), StringIn(reference, "uid")};
    }
  }
  return std::nullopt;
}

bool OwnedBy(const json::object& object, std::string_view uid) {
  const std::optional<OwnerRef> controller = ControllerOf(object);
  return !uid.empty() && controller && controller->uid == uid;
}

void SetOwner(json::object* object, const ResourceType& type, const json::object& owner) {
  json::value& metadata = (*object)["metadata"];
  if (!metadata.is_object()) {
    metadata.emplace_object();
  }
  json::value& references = metadata.get_object()["ownerReferences"];
  json::array kept;
  if (references.is_array()) {
    for (json::value& value : references.get_array()) {
      if (!IsController(value)) {
        kept.push_back(std::move(value));
      }
    }
  }
  kept.push_back(json::object{{"apiVersion", type.ApiVersion()},
                              {"kind", std::string(type.kind)},
                              {"name", Name(owner)},
                              {"uid", Uid(owner)},
                              {"controller", true},
                              {"blockOwnerDeletion", true}});
  references = std::move(kept);
}

const json::object* ConditionOf(const json::object& object, std::string_view type) {
  const json::array* conditions = ArrayAt(object, "status.conditions");
  if (conditions == nullptr) {
    return nullptr;
  }
  for (const json::value& value : *conditions) {
    if (value.is_object() && StringIn(value.get_object(), "type") == type) {
      return &value.get_object();
    }
  }
  return nullptr;
}

json::object NewObject(const ResourceType& type, const ObjectKey& key) {
  json::object metadata{{"name", key.name}};
  if (type.namespaced) {
    metadata["namespace"] = key.ns;
  }
  return {{"apiVersion", type.ApiVersion()},
          {"kind", std::string(type.kind)},
          {"metadata", std::move(metadata)}};
}

void StripManagedFields(json::object* object) {
  json::value* metadata = object->if_contains("metadata");
  if (metadata != nullptr && metadata->is_object()) {
    metadata->get_object().erase("managedFields");
  }
}

}  // namespace squall

size_t std::hash<squall::ObjectKey>::operator()(const squall::ObjectKey& key) const noexcept {
  const size_t ns = std::hash<std::string>()(key.ns);
  return ns * 31 + std::hash<std::string>()(key.name);
}
