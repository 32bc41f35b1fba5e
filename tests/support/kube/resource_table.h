// The types that the fake serves. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"
#include "tests/support/kube/field_shapes.h"

namespace squall {

struct FakeResource {
  std::string group;  // "" is the core group
  std::string version;
  std::string plural;
  std::string singular;
  std::string kind;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;
  bool unconditional_update = true;  // a PUT without resourceVersion is taken
  // Of /scale: paths without the leading dot. Empty: there is none.
  std::string replicas_path;
  std::string status_replicas_path;
  std::string selector_path;
  boost::json::object schema;  // openAPIV3Schema; empty for what is built in
  bool custom = false;
  FieldShapes shapes;
  std::vector<std::string> selectable_fields;
  boost::json::array columns;  // additionalPrinterColumns
  // Where the objects are kept. Two types with one place are two views of the same objects.
  std::string storage;

  bool has_scale() const { return !replicas_path.empty(); }
  std::string ApiVersion() const;
  std::string ListKind() const { return kind + "List"; }
  GroupResource ForErrors() const { return {group, plural}; }
};

// Pods, services, configmaps, secrets, namespaces, events (both groups), leases,
// poddisruptionbudgets, and loadtests.squall.dev without a schema.
std::vector<FakeResource> BuiltinResources();

// The storage version of a CustomResourceDefinition in YAML. INVALID_ARGUMENT when it is none.
absl::StatusOr<FakeResource> ReadCrd(const std::string& yaml);

// nullptr when there is none.
const FakeResource* FindResource(const std::vector<FakeResource>& resources, std::string_view group,
                                 std::string_view version, std::string_view plural);

}  // namespace squall
