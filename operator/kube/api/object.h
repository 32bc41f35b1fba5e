// Reading Kubernetes objects, which stay JSON: no generated models. What is absent or has another
// type reads as the default, so a hostile or old object cannot stop the operator. Pure; any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "daemon/base/clock.h"
#include "operator/kube/api/resource.h"

namespace squall {

struct ObjectKey {
  std::string ns;  // "" for a cluster-wide object
  std::string name;

  std::string ToString() const;  // "ns/name", or "name"
  auto operator<=>(const ObjectKey&) const = default;
  bool operator==(const ObjectKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const ObjectKey& key) {
    return H::combine(std::move(h), key.ns, key.name);
  }
};

// The value at a path of keys, "status.conditions"; nullptr when there is none. A key that holds a
// dot cannot be named this way: use Label, Annotation, or FindIn for one step.
const boost::json::value* Find(const boost::json::object& object, std::string_view path);
const boost::json::value* FindIn(const boost::json::object& object, std::string_view key);

// The value at `path` if it has the type, else the default.
std::string StringAt(const boost::json::object& object, std::string_view path,
                     std::string_view otherwise = "");
int64_t IntAt(const boost::json::object& object, std::string_view path, int64_t otherwise = 0);
bool BoolAt(const boost::json::object& object, std::string_view path, bool otherwise = false);
// Any JSON number.
double NumberAt(const boost::json::object& object, std::string_view path, double otherwise = 0);
// nullptr when there is none of that type.
const boost::json::object* ObjectAt(const boost::json::object& object, std::string_view path);
const boost::json::array* ArrayAt(const boost::json::object& object, std::string_view path);

// metadata.*; "" or 0 when absent.
std::string Name(const boost::json::object& object);
std::string Namespace(const boost::json::object& object);
ObjectKey KeyOf(const boost::json::object& object);
std::string Uid(const boost::json::object& object);
std::string ResourceVersion(const boost::json::object& object);
int64_t Generation(const boost::json::object& object);
std::string Label(const boost::json::object& object, std::string_view key);
std::string Annotation(const boost::json::object& object, std::string_view key);
bool HasFinalizer(const boost::json::object& object, std::string_view finalizer);
std::optional<WallTime> CreationTimestamp(const boost::json::object& object);
std::optional<WallTime> DeletionTimestamp(const boost::json::object& object);
bool IsBeingDeleted(const boost::json::object& object);

// The reference with controller: true. The one without has an empty uid.
struct OwnerRef {
  std::string api_version, kind, name, uid;
  bool operator==(const OwnerRef&) const = default;
};
std::optional<OwnerRef> ControllerOf(const boost::json::object& object);
// The controller is the object with this uid; false for an empty uid.
bool OwnedBy(const boost::json::object& object, std::string_view uid);
// Makes `owner`, of `type`, the controller of `object`, in the place of another controller.
void SetOwner(boost::json::object* object, const ResourceType& type,
              const boost::json::object& owner);

// The element of status.conditions with this type; nullptr when there is none.
const boost::json::object* ConditionOf(const boost::json::object& object, std::string_view type);

// An object of `type` with nothing but apiVersion, kind and metadata: the start of an intent.
boost::json::object NewObject(const ResourceType& type, const ObjectKey& key);
// metadata.managedFields is larger than all the rest of a small object, and nothing reads it.
void StripManagedFields(boost::json::object* object);

}  // namespace squall

template <>
struct std::hash<squall::ObjectKey> {
  size_t operator()(const squall::ObjectKey& key) const noexcept;
};
