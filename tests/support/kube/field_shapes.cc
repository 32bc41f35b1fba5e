#include "tests/support/kube/field_shapes.h"

#include <algorithm>

#include <boost/json/string.hpp>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

void AddKeyed(FieldShapes* shapes, const std::string& path,
              std::initializer_list<const char*> names) {
  std::vector<FieldShapes::Key>& keys = shapes->keyed_lists[path];
  for (const char* const name : names) {
    const bool protocol = std::string_view(name) == "protocol";
    keys.push_back({name, protocol ? json::value("TCP") : json::value()});
  }
}

FieldShapes MetadataShapes() {
  FieldShapes shapes;
  AddKeyed(&shapes, "metadata.ownerReferences", {"uid"});
  shapes.whole_maps.insert("metadata.ownerReferences[]");
  shapes.sets.insert("metadata.finalizers");
  return shapes;
}

void AddContainers(FieldShapes* shapes, const std::string& path) {
  AddKeyed(shapes, path, {"name"});
  AddKeyed(shapes, path + "[].env", {"name"});
  AddKeyed(shapes, path + "[].ports", {"containerPort", "protocol"});
  AddKeyed(shapes, path + "[].volumeMounts", {"mountPath"});
  AddKeyed(shapes, path + "[].volumeDevices", {"devicePath"});
  for (const char* const reference :
       {"configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef"}) {
    shapes->whole_maps.insert(path + "[].env[].valueFrom." + reference);
  }
}

void AddSchema(const json::object& schema, const std::string& path, FieldShapes* shapes) {
  if (DigText(schema, "x-kubernetes-map-type") == "atomic") {
    shapes->whole_maps.insert(path);
  }
  const std::string type = DigText(schema, "x-kubernetes-list-type");
  if (type == "set") {
    shapes->sets.insert(path);
  }
  const json::object* const items = DigObject(schema, "items");
  if (type == "map" && items != nullptr) {
    for (const json::value& name : *DigArray(schema, "x-kubernetes-list-map-keys")) {
      const std::string key(View(name.get_string()));
      const json::value* const otherwise = Dig(*items, "properties." + key + ".default");
      shapes->keyed_lists[path].push_back({key, otherwise ? *otherwise : json::value()});
    }
  }
  if (items != nullptr && (type == "map")) {
    AddSchema(*items, path + "[]", shapes);
  }
  if (const json::object* const properties = DigObject(schema, "properties")) {
    for (const auto& property : *properties) {
      if (property.value().is_object()) {
        const std::string name(property.key());
        AddSchema(property.value().get_object(), JoinPath(path, name), shapes);
      }
    }
  }
}

bool Asks(const json::value& patch, std::string_view directive) {
  return patch.is_object() && DigText(patch.get_object(), "$patch") == directive;
}

void MergeKeyed(const json::array& patch, const std::vector<FieldShapes::Key>& keys,
                const FieldShapes& shapes, const std::string& item_path, json::array* list) {
  for (const json::value& item : patch) {
    json::object key;
    if (!ItemKey(keys, item, &key)) {
      continue;
    }
    json::value* const found = FindItem(keys, key, list);
    if (Asks(item, "delete")) {
      if (found != nullptr) {
        list->erase(list->begin() + (found - list->data()));
      }
    } else {
      ApplyStrategicPatch(item, shapes, item_path,
                          found != nullptr ? found : &list->emplace_back(json::object()));
    }
  }
}

}  // namespace

const std::vector<FieldShapes::Key>* FieldShapes::KeysOf(std::string_view path) const {
  const auto found = keyed_lists.find(path);
  return found == keyed_lists.end() ? nullptr : &found->second;
}

FieldShapes BuiltinShapes(std::string_view kind) {
  FieldShapes shapes = MetadataShapes();
  if (kind == "Pod") {
    for (const char* const path : {"spec.containers", "spec.initContainers"}) {
      AddContainers(&shapes, path);
    }
    AddKeyed(&shapes, "spec.volumes", {"name"});
    AddKeyed(&shapes, "spec.imagePullSecrets", {"name"});
    AddKeyed(&shapes, "spec.hostAliases", {"ip"});
    AddKeyed(&shapes, "spec.topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"});
    AddKeyed(&shapes, "status.podIPs", {"ip"});
    shapes.whole_maps.insert("spec.nodeSelector");
  } else if (kind == "Service") {
    AddKeyed(&shapes, "spec.ports", {"port", "protocol"});
    shapes.whole_maps.insert("spec.selector");
  } else if (kind == "PodDisruptionBudget") {
    shapes.whole_maps.insert("spec.selector");
  }
  AddKeyed(&shapes, "status.conditions", {"type"});
  return shapes;
}

FieldShapes SchemaShapes(const json::object& schema) {
  FieldShapes shapes = MetadataShapes();
  AddSchema(schema, "", &shapes);
  return shapes;
}

bool ItemKey(const std::vector<FieldShapes::Key>& keys, const json::value& item,
             json::object* key) {
  const json::object* const object = item.if_object();
  if (object == nullptr) {
    return false;
  }
  for (const FieldShapes::Key& wanted : keys) {
    const json::value* const found = object->if_contains(wanted.name);
    if (found == nullptr && wanted.otherwise.is_null()) {
      return false;
    }
    (*key)[wanted.name] = found != nullptr ? *found : wanted.otherwise;
  }
  return true;
}

json::value* FindItem(const std::vector<FieldShapes::Key>& keys, const json::object& key,
                      json::array* list) {
  for (json::value& item : *list) {
    json::object other;
    if (ItemKey(keys, item, &other) && SameJson(other, key)) {
      return &item;
    }
  }
  return nullptr;
}

void ApplyStrategicPatch(const json::value& patch, const FieldShapes& shapes, std::string_view path,
                         json::value* document) {
  const auto* const keys = shapes.KeysOf(path);
  if (keys != nullptr && patch.is_array() && document->is_array()) {
    MergeKeyed(patch.get_array(), *keys, shapes, std::string(path) + "[]", &document->get_array());
    return;
  }
  if (!patch.is_object()) {
    *document = patch;
    return;
  }
  if (!document->is_object() || Asks(patch, "replace")) {
    document->emplace_object();
  }
  json::object& object = document->get_object();
  for (const auto& member : patch.get_object()) {
    const std::string name(member.key());
    if (name.front() == '$') {
      continue;  // a directive; "$setElementOrder/…" only sorts
    }
    if (member.value().is_null() || Asks(member.value(), "delete")) {
      object.erase(name);
    } else {
      ApplyStrategicPatch(member.value(), shapes, JoinPath(path, name), &object[name]);
    }
  }
}

}  // namespace squall
