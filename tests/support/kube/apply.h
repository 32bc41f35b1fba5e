// Who owns which field, and server-side apply: a set of leaves for each manager, conflicts, and the
// removal of what a manager no longer names. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"
#include "tests/support/kube/field_shapes.h"

namespace squall {

// Two entries of managedFields are of one manager only when all four agree.
struct FieldManager {
  std::string name;
  std::string operation;  // "Apply" or "Update"
  std::string api_version;
  std::string subresource;  // "status", or ""
  bool operator==(const FieldManager&) const = default;
};

// After a write that was no apply: what `next` changed against `live` (empty for a new object) is
// now the manager's, and nobody else's. Writes metadata.managedFields of `next`.
void RecordUpdate(const boost::json::object& live, const FieldShapes& shapes,
                  const FieldManager& manager, std::string_view now, boost::json::object* next);

// The object that `live` (empty for a new one) becomes by the intent, into `merged`. A conflict
// (409) when it would change a field of another manager, unless `force` takes it.
ApiRefusal ApplyIntent(const boost::json::object& live, const boost::json::object& intent,
                       const FieldShapes& shapes, const FieldManager& manager, bool force,
                       std::string_view now, boost::json::object* merged);

}  // namespace squall
