#include "tests/support/kube/garbage.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

struct Found {
  const FakeResource* type = nullptr;
  json::object object;

  std::string Text(const char* path) const { return DigText(object, path); }
  std::string Path() const {
    const std::string ns = Text("metadata.namespace");
    return fmt::format("{}/{}{}/{}", type->group.empty() ? "/api" : "/apis", type->ApiVersion(),
                       ns.empty() ? "" : "/namespaces/" + ns, type->plural) +
           "/" + Text("metadata.name");
  }
  bool Leaving() const { return !Text("metadata.deletionTimestamp").empty(); }
  bool HasFinalizer(std::string_view name) const {
    const json::array* const list = DigArray(object, "metadata.finalizers");
    return list != nullptr &&
           std::find(list->begin(), list->end(), json::value(name)) != list->end();
  }
};

std::vector<Found> Everything(FakeCluster* cluster) {
  std::vector<Found> all;
  for (const FakeResource& type : cluster->resources()) {
    if (type.kind == "Event") {
      continue;  // has no owners, and would be there twice
    }
    ApiAnswer list =
        cluster->Call("GET", fmt::format("{}/{}/{}", type.group.empty() ? "/api" : "/apis",
                                         type.ApiVersion(), type.plural));
    for (json::value& item : list.body["items"].get_array()) {
      all.push_back({&type, std::move(item.get_object())});
    }
  }
  return all;
}

bool DeleteOne(FakeCluster* cluster, const Found& found) {
  const json::object options{{"preconditions", json::object{{"uid", found.Text("metadata.uid")}}},
                             {"propagationPolicy", "Background"}};
  return cluster->Call("DELETE", found.Path(), json::serialize(options)).ok();
}

bool DropFinalizer(FakeCluster* cluster, const Found& found, std::string_view name) {
  json::array kept;
  for (const json::value& finalizer : *DigArray(found.object, "metadata.finalizers")) {
    if (finalizer != json::value(name)) {
      kept.push_back(finalizer);
    }
  }
  const json::object patch{
      {"metadata", json::object{{"resourceVersion", found.Text("metadata.resourceVersion")},
                                {"finalizers", std::move(kept)}}}};
  return cluster
      ->Call("PATCH", found.Path(), json::serialize(patch), "application/merge-patch+json")
      .ok();
}

bool DropOwner(FakeCluster* cluster, const Found& found, const std::string& uid) {
  json::array kept;
  for (const json::value& owner : *DigArray(found.object, "metadata.ownerReferences")) {
    if (DigText(owner.get_object(), "uid") != uid) {
      kept.push_back(owner);
    }
  }
  const json::object patch{{"metadata", json::object{{"ownerReferences", std::move(kept)}}}};
  return cluster
      ->Call("PATCH", found.Path(), json::serialize(patch), "application/merge-patch+json")
      .ok();
}

std::vector<std::string> OwnersOf(const Found& found) {
  std::vector<std::string> uids;
  const json::array* const owners = DigArray(found.object, "metadata.ownerReferences");
  for (size_t at = 0; owners != nullptr && at < owners->size(); ++at) {
    uids.push_back(DigText((*owners)[at].get_object(), "uid"));
  }
  return uids;
}

// What an owner with a finalizer of ours waits for.
bool ServeOwner(FakeCluster* cluster, const Found& owner, const std::vector<Found>& all) {
  const bool foreground = owner.HasFinalizer("foregroundDeletion");
  const bool orphan = owner.HasFinalizer("orphan");
  if (!owner.Leaving() || (!foreground && !orphan)) {
    return false;
  }
  const std::string uid = owner.Text("metadata.uid");
  bool waits = false;
  bool did = false;
  for (const Found& other : all) {
    const std::vector<std::string> owners = OwnersOf(other);
    if (std::find(owners.begin(), owners.end(), uid) == owners.end()) {
      continue;
    }
    waits = true;
    if (orphan) {
      did |= DropOwner(cluster, other, uid);
    } else if (!other.Leaving()) {
      did |= DeleteOne(cluster, other);
    }
  }
  return waits ? did : DropFinalizer(cluster, owner, orphan ? "orphan" : "foregroundDeletion");
}

bool ServeNamespace(FakeCluster* cluster, const Found& ns, const std::vector<Found>& all) {
  if (ns.type->kind != "Namespace" || !ns.Leaving()) {
    return false;
  }
  bool waits = false;
  bool did = false;
  for (const Found& other : all) {
    if (other.Text("metadata.namespace") == ns.Text("metadata.name")) {
      waits = true;
      did |= !other.Leaving() && DeleteOne(cluster, other);
    }
  }
  return waits ? did : ns.HasFinalizer("kubernetes") && DropFinalizer(cluster, ns, "kubernetes");
}

}  // namespace

bool CollectGarbage(FakeCluster* cluster) {
  // Twice: an owner is made before what it owns, so it is in the second look if it is there at all.
  const std::vector<Found> all = Everything(cluster);
  std::set<std::string> uids;
  for (const Found& found : Everything(cluster)) {
    uids.insert(found.Text("metadata.uid"));
  }
  bool did = false;
  for (const Found& found : all) {
    const std::vector<std::string> owners = OwnersOf(found);
    const bool orphaned = !owners.empty() && std::none_of(owners.begin(), owners.end(),
                                                          [&uids](const std::string& uid) {
                                                            return uids.contains(uid);
                                                          });
    if (orphaned && !found.Leaving()) {
      did |= DeleteOne(cluster, found);
    }
    did |= ServeOwner(cluster, found, all);
    did |= ServeNamespace(cluster, found, all);
  }
  return did;
}

}  // namespace squall
