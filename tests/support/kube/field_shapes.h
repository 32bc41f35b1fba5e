// Which lists of a type are maps or sets, and which maps are one value: what server-side apply and
// strategic merge must know. A path names fields and "[]" for the items of a list:
// "spec.containers[].env". What is not named: maps are taken apart, lists are one value.
// Values; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace squall {

struct FieldShapes {
  struct Key {
    std::string name;
    boost::json::value otherwise;  // what an item without the key means ("TCP"); null: none
  };
  std::map<std::string, std::vector<Key>, std::less<>> keyed_lists;
  std::set<std::string, std::less<>> sets;
  std::set<std::string, std::less<>> whole_maps;

  const std::vector<Key>* KeysOf(std::string_view path) const;
};

// metadata of every type, and what the core types add to it; `kind` as "Pod".
FieldShapes BuiltinShapes(std::string_view kind);
// metadata, and what the x-kubernetes-list-type marks of an OpenAPI schema say.
FieldShapes SchemaShapes(const boost::json::object& schema);

// The key fields of a list's item as one object, defaults filled in; boost::json sorts nothing, so
// they come in the order of `keys`. False when the item is no object or lacks a key.
bool ItemKey(const std::vector<FieldShapes::Key>& keys, const boost::json::value& item,
             boost::json::object* key);
// nullptr when no item has the key.
boost::json::value* FindItem(const std::vector<FieldShapes::Key>& keys,
                             const boost::json::object& key, boost::json::array* list);

// A strategic merge patch, which only built-in types take: as a merge patch, but lists with keys
// are merged item by item, and "$patch: delete" or "replace" is obeyed.
void ApplyStrategicPatch(const boost::json::value& patch, const FieldShapes& shapes,
                         std::string_view path, boost::json::value* document);

}  // namespace squall
