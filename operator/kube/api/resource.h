// The kinds of objects we speak of, and where the API server keeps them. Values; any thread.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// All four names are the server's own, as `kubectl api-resources` prints them. The views must live
// as long as the type; the constants below live for ever.
struct ResourceType {
  std::string_view group;  // "" is the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;

  // "v1", "apps/v1": what stands in an object's apiVersion.
  std::string ApiVersion() const;
  bool operator==(const ResourceType&) const = default;
};

inline constexpr ResourceType kPods{"", "v1", "pods", "Pod", true};
inline constexpr ResourceType kServices{"", "v1", "services", "Service", true};
inline constexpr ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};
inline constexpr ResourceType kSecrets{"", "v1", "secrets", "Secret", true};
inline constexpr ResourceType kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr ResourceType kEvents{"events.k8s.io", "v1", "events", "Event", true};
inline constexpr ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline constexpr ResourceType kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                                    "PodDisruptionBudget", true};
inline constexpr ResourceType kCustomResourceDefinitions{
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};
inline constexpr ResourceType kLoadTests{"squall.dev", "v1alpha1", "loadtests", "LoadTest", true};

// "/apis/squall.dev/v1alpha1/namespaces/team-a/loadtests/peak/status". Names are percent-encoded.
// An empty `ns` means all namespaces (or a cluster-wide type, where `ns` is ignored); an empty
// `name` means the collection.
std::string ResourcePath(const ResourceType& type, std::string_view ns, std::string_view name = "",
                         std::string_view subresource = "");

// "key=value&key=value", percent-encoded, for what stands behind the '?'. Appends to `query`, and
// leaves out a pair whose value is empty.
void AddQuery(std::string* query, std::string_view key, std::string_view value);

// RFC 3986: everything but unreserved characters becomes %XX.
std::string PercentEncode(std::string_view text);

}  // namespace squall
