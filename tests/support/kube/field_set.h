// Sets of fields: who owns what in metadata.managedFields. A path is written as the server writes
// it: "f:spec", then "f:replicas"; "k:{"name":"a"}" is an item of a list with keys, "v:"x"" one of
// a set. Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tests/support/kube/field_shapes.h"

namespace squall {

using FieldPath = std::vector<std::string>;
using FieldSet = std::set<FieldPath>;
// A leaf and its value; an item of a list with keys is a leaf, too (its value is null), so that it
// can be owned apart from what is in it.
using FieldValues = std::map<FieldPath, boost::json::value>;

// All leaves but those that nobody can own: apiVersion, kind, and the server's own metadata.
FieldValues LeavesOf(const boost::json::object& object, const FieldShapes& shapes);
FieldSet PathsOf(const FieldValues& leaves);

struct FieldChanges {
  FieldSet written;  // new, or with another value
  FieldSet removed;
};
FieldChanges CompareLeaves(const FieldValues& before, const FieldValues& after);

// True when the set has the path or something below it.
bool HasAtOrBelow(const FieldSet& set, const FieldPath& path);

// fieldsV1 of a managedFields entry.
boost::json::object ToFieldsV1(const FieldSet& set);
FieldSet FromFieldsV1(const boost::json::object& fields);

// ".spec.containers[name="a"].image": as conflicts are told.
std::string Describe(const FieldPath& path);

// Takes a field out of an object, and the objects that become empty by it unless `kept` has them.
void RemoveField(const FieldPath& path, const FieldSet& kept, boost::json::value* value);

}  // namespace squall
