#include "tests/support/kube/field_set.h"

#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

std::string ItemStep(const json::object& key) { return "k:" + json::serialize(key); }
std::string ValueStep(const json::value& item) { return "v:" + json::serialize(item); }

struct Collector {
  const FieldShapes& shapes;
  FieldValues* leaves;

  void Visit(const json::value& value, const std::string& path, FieldPath* at) {
    if (value.is_object() && !value.get_object().empty() && !shapes.whole_maps.contains(path)) {
      for (const auto& member : value.get_object()) {
        const std::string name(member.key());
        at->push_back("f:" + name);
        Visit(member.value(), JoinPath(path, name), at);
        at->pop_back();
      }
    } else if (value.is_array() && !value.get_array().empty() && VisitList(value, path, at)) {
      return;
    } else if (!at->empty()) {
      (*leaves)[*at] = value;
    }
  }

  // False for a list that is one value.
  bool VisitList(const json::value& value, const std::string& path, FieldPath* at) {
    const auto* const keys = shapes.KeysOf(path);
    if (keys == nullptr && !shapes.sets.contains(path)) {
      return false;
    }
    for (const json::value& item : value.get_array()) {
      json::object key;
      if (keys == nullptr) {
        at->push_back(ValueStep(item));
        (*leaves)[*at] = item;
      } else if (ItemKey(*keys, item, &key)) {
        at->push_back(ItemStep(key));
        (*leaves)[*at] = nullptr;
        Visit(item, path + "[]", at);
      } else {
        continue;
      }
      at->pop_back();
    }
    return true;
  }
};

void ReadFields(const json::object& fields, FieldPath* at, FieldSet* set) {
  if (fields.empty()) {
    set->insert(*at);
  }
  for (const auto& member : fields) {
    if (member.key() == ".") {
      set->insert(*at);
    } else if (member.value().is_object()) {
      at->emplace_back(member.key());
      ReadFields(member.value().get_object(), at, set);
      at->pop_back();
    }
  }
}

// The element of `parent` that `step` names; nullptr when there is none.
json::value* Follow(json::value* parent, std::string_view step) {
  const std::string_view text = step.substr(2);
  if (step.starts_with("f:")) {
    json::object* const object = parent->if_object();
    return object == nullptr ? nullptr : object->if_contains(text);
  }
  json::array* const list = parent->if_array();
  if (list == nullptr) {
    return nullptr;
  }
  const json::value wanted = json::parse(text);
  const auto matches = [&](const json::value& item) {
    if (step.starts_with("v:")) {
      return SameJson(item, wanted);
    }
    const json::object* const object = item.if_object();
    return object != nullptr && std::all_of(wanted.get_object().begin(), wanted.get_object().end(),
                                            [object](const auto& member) {
                                              const auto* const own =
                                                  object->if_contains(member.key());
                                              return own == nullptr  // left to its default
                                                     || SameJson(*own, member.value());
                                            });
  };
  const auto found = std::find_if(list->begin(), list->end(), matches);
  return found == list->end() ? nullptr : &*found;
}

void Erase(json::value* parent, std::string_view step, const json::value* child) {
  if (step.starts_with("f:")) {
    parent->get_object().erase(step.substr(2));
  } else {
    json::array& list = parent->get_array();
    list.erase(list.begin() + (child - list.data()));
  }
}

void RemoveBelow(const FieldPath& path, size_t depth, const FieldSet& kept, json::value* value) {
  json::value* const child = Follow(value, path[depth]);
  if (child == nullptr) {
    return;
  }
  bool gone = depth + 1 == path.size();
  if (!gone) {
    RemoveBelow(path, depth + 1, kept, child);
    const bool empty = (child->is_object() && child->get_object().empty()) ||
                       (child->is_array() && child->get_array().empty());
    gone = empty && !HasAtOrBelow(kept, FieldPath(path.begin(), path.begin() + depth + 1));
  }
  if (gone) {
    Erase(value, path[depth], child);
  }
}

}  // namespace

FieldValues LeavesOf(const json::object& object, const FieldShapes& shapes) {
  static constexpr std::array kServersOwn = {"name",
                                             "namespace",
                                             "uid",
                                             "resourceVersion",
                                             "generation",
                                             "selfLink",
                                             "managedFields",
                                             "creationTimestamp",
                                             "generateName",
                                             "deletionTimestamp",
                                             "deletionGracePeriodSeconds"};
  json::value owned = object;
  owned.get_object().erase("apiVersion");
  owned.get_object().erase("kind");
  if (json::value* const metadata = owned.get_object().if_contains("metadata");
      metadata != nullptr && metadata->is_object()) {
    for (const char* const name : kServersOwn) {
      metadata->get_object().erase(name);
    }
    if (metadata->get_object().empty()) {
      owned.get_object().erase("metadata");
    }
  }
  FieldValues leaves;
  FieldPath at;
  Collector{shapes, &leaves}.Visit(owned, "", &at);
  return leaves;
}

FieldSet PathsOf(const FieldValues& leaves) {
  FieldSet paths;
  for (const auto& [path, value] : leaves) {
    paths.insert(path);
  }
  return paths;
}

FieldChanges CompareLeaves(const FieldValues& before, const FieldValues& after) {
  FieldChanges changes;
  for (const auto& [path, value] : after) {
    const auto old = before.find(path);
    if (old == before.end() || !SameJson(old->second, value)) {
      changes.written.insert(path);
    }
  }
  for (const auto& [path, value] : before) {
    if (!after.contains(path)) {
      changes.removed.insert(path);
    }
  }
  return changes;
}

bool HasAtOrBelow(const FieldSet& set, const FieldPath& path) {
  // A path sorts directly before what is below it.
  const auto next = set.lower_bound(path);
  return next != set.end() && next->size() >= path.size() &&
         std::equal(path.begin(), path.end(), next->begin());
}

json::object ToFieldsV1(const FieldSet& set) {
  json::object fields;
  for (const FieldPath& path : set) {
    json::object* here = &fields;
    for (const std::string& step : path) {
      json::value& next = (*here)[step];
      here = next.is_object() ? &next.get_object() : &next.emplace_object();
    }
    const auto after = set.upper_bound(path);
    if (after != set.end() && after->size() > path.size() &&
        std::equal(path.begin(), path.end(), after->begin())) {
      (*here)["."] = json::object();
    }
  }
  return fields;
}

FieldSet FromFieldsV1(const json::object& fields) {
  FieldSet set;
  FieldPath at;
  if (!fields.empty()) {
    ReadFields(fields, &at, &set);
  }
  return set;
}

std::string Describe(const FieldPath& path) {
  std::string text;
  for (const std::string& step : path) {
    const std::string_view name = std::string_view(step).substr(2);
    if (step.starts_with("f:")) {
      text += fmt::format(".{}", name);
    } else if (step.starts_with("v:")) {
      text += fmt::format("[={}]", name);
    } else {
      text += '[';
      const char* comma = "";
      const json::value key = json::parse(name);
      for (const auto& member : key.get_object()) {
        text += fmt::format("{}{}={}", comma, std::string_view(member.key()),
                            json::serialize(member.value()));
        comma = ",";
      }
      text += ']';
    }
  }
  return text;
}

void RemoveField(const FieldPath& path, const FieldSet& kept, json::value* value) {
  if (!path.empty()) {
    RemoveBelow(path, 0, kept, value);
  }
}

}  // namespace squall
