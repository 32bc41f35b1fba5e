#include "tests/support/kube/apply.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "tests/support/kube/field_set.h"
#include "tests/support/kube/json_tools.h"

namespace squall {
namespace {

namespace json = boost::json;

struct Entry {
  FieldManager manager;
  std::string time;
  FieldSet fields;
};
using Entries = std::vector<Entry>;

Entries ReadEntries(const json::object& object) {
  Entries entries;
  const json::array* const list = DigArray(object, "metadata.managedFields");
  for (size_t at = 0; list != nullptr && at < list->size(); ++at) {
    const json::object* const item = (*list)[at].if_object();
    const json::object* const fields = item == nullptr ? nullptr : DigObject(*item, "fieldsV1");
    if (fields != nullptr) {
      entries.push_back({{DigText(*item, "manager"), DigText(*item, "operation"),
                          DigText(*item, "apiVersion"), DigText(*item, "subresource")},
                         DigText(*item, "time"),
                         FromFieldsV1(*fields)});
    }
  }
  return entries;
}

void WriteEntries(Entries entries, json::object* object) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.manager.operation < b.manager.operation;
  });
  json::array list;
  for (const Entry& entry : entries) {
    if (entry.fields.empty()) {
      continue;
    }
    json::object item{{"manager", entry.manager.name},
                      {"operation", entry.manager.operation},
                      {"apiVersion", entry.manager.api_version},
                      {"time", entry.time},
                      {"fieldsType", "FieldsV1"},
                      {"fieldsV1", ToFieldsV1(entry.fields)}};
    if (!entry.manager.subresource.empty()) {
      item["subresource"] = entry.manager.subresource;
    }
    list.push_back(std::move(item));
  }
  if (list.empty()) {
    Uproot(object, "metadata.managedFields");
  } else {
    Plant(object, "metadata.managedFields", std::move(list));
  }
}

// The manager's own entry, made when there is none.
Entry& OwnEntry(const FieldManager& manager, std::string_view now, Entries* entries) {
  const auto found = std::find_if(entries->begin(), entries->end(),
                                  [&](const Entry& entry) { return entry.manager == manager; });
  return found != entries->end() ? *found
                                 : entries->emplace_back(Entry{manager, std::string(now), {}});
}

FieldSet Both(const FieldSet& a, const FieldSet& b) {
  FieldSet both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

void TakeAway(const FieldSet& gone, FieldSet* from) {
  for (const FieldPath& path : gone) {
    from->erase(path);
  }
}

void Merge(const json::value& intent, const FieldShapes& shapes, const std::string& path,
           json::value* live) {
  if (intent.is_object() && live->is_object() && !shapes.whole_maps.contains(path)) {
    for (const auto& member : intent.get_object()) {
      const std::string name(member.key());
      json::object& object = live->get_object();
      const bool known = object.contains(name);
      json::value& target = object[name];
      if (!known) {
        target = member.value();
      } else {
        Merge(member.value(), shapes, JoinPath(path, name), &target);
      }
    }
    return;
  }
  const auto* const keys = shapes.KeysOf(path);
  const bool list = intent.is_array() && live->is_array();
  if (!list || (keys == nullptr && !shapes.sets.contains(path))) {
    *live = intent;
    return;
  }
  json::array& target = live->get_array();
  for (const json::value& item : intent.get_array()) {
    json::object key;
    json::value* known = nullptr;
    if (keys == nullptr) {
      const auto found =
          std::find_if(target.begin(), target.end(),
                       [&item](const json::value& other) { return SameJson(item, other); });
      known = found == target.end() ? nullptr : &*found;
    } else if (ItemKey(*keys, item, &key)) {
      known = FindItem(*keys, key, &target);
    }
    if (known == nullptr) {
      target.push_back(item);
    } else {
      Merge(item, shapes, path + "[]", known);
    }
  }
}

// A key of a list's item goes only with the whole item.
bool IsKeyField(const FieldPath& path) {
  if (path.size() < 2 || !path[path.size() - 2].starts_with("k:")) {
    return false;
  }
  const json::value key = json::parse(std::string_view(path[path.size() - 2]).substr(2));
  return key.get_object().contains(std::string_view(path.back()).substr(2));
}

// Removes what the manager owned and no longer names, where nobody else owns it, too.
void Prune(const FieldSet& before, const FieldSet& wanted, const Entries& entries,
           const FieldManager& manager, json::value* merged) {
  for (const FieldPath& path : before) {
    const bool shared = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.manager != manager && HasAtOrBelow(entry.fields, path);
    });
    if (!shared && !HasAtOrBelow(wanted, path) && !IsKeyField(path)) {
      RemoveField(path, wanted, merged);
    }
  }
}

std::string NameOf(const FieldManager& manager) {
  const std::string part = manager.subresource.empty()
                               ? ""
                               : fmt::format(" with subresource \"{}\"", manager.subresource);
  return fmt::format("\"{}\"{} using {}", manager.name, part, manager.api_version);
}

ApiError ConflictError(const std::vector<std::pair<FieldManager, FieldPath>>& conflicts) {
  ApiError error;
  error.code = 409;
  error.reason = "Conflict";
  std::string lines;
  for (const auto& [manager, path] : conflicts) {
    error.causes.push_back(
        {Describe(path), "FieldManagerConflict", "conflict with " + NameOf(manager)});
    lines += "\n- " + Describe(path);
  }
  const std::string who = NameOf(conflicts.front().first);
  error.message = conflicts.size() == 1
                      ? fmt::format("Apply failed with 1 conflict: conflict with {}: {}", who,
                                    Describe(conflicts.front().second))
                      : fmt::format("Apply failed with {} conflicts: conflicts with {}:{}",
                                    conflicts.size(), who, lines);
  return error;
}

}  // namespace

void RecordUpdate(const json::object& live, const FieldShapes& shapes, const FieldManager& manager,
                  std::string_view now, json::object* next) {
  const FieldChanges changes = CompareLeaves(LeavesOf(live, shapes), LeavesOf(*next, shapes));
  if (changes.written.empty() && changes.removed.empty()) {
    return;
  }
  Entries entries = ReadEntries(live);
  for (Entry& entry : entries) {
    TakeAway(changes.removed, &entry.fields);
    TakeAway(changes.written, &entry.fields);
  }
  Entry& own = OwnEntry(manager, now, &entries);
  own.fields.insert(changes.written.begin(), changes.written.end());
  own.time = now;
  WriteEntries(std::move(entries), next);
}

ApiRefusal ApplyIntent(const json::object& live, const json::object& intent,
                       const FieldShapes& shapes, const FieldManager& manager, bool force,
                       std::string_view now, json::object* merged) {
  Entries entries = ReadEntries(live);
  const FieldSet wanted = PathsOf(LeavesOf(intent, shapes));
  json::value result = live;
  Merge(intent, shapes, "", &result);
  const FieldSet before = OwnEntry(manager, now, &entries).fields;
  Prune(before, wanted, entries, manager, &result);

  const FieldChanges changes =
      CompareLeaves(LeavesOf(live, shapes), LeavesOf(result.get_object(), shapes));
  std::vector<std::pair<FieldManager, FieldPath>> conflicts;
  for (Entry& entry : entries) {
    if (entry.manager == manager) {
      continue;
    }
    const FieldSet taken = Both(entry.fields, changes.written);
    for (const FieldPath& path : taken) {
      conflicts.emplace_back(entry.manager, path);
    }
    TakeAway(taken, &entry.fields);
    TakeAway(changes.removed, &entry.fields);
  }
  if (!conflicts.empty() && !force) {
    return ConflictError(conflicts);
  }
  Entry& own = OwnEntry(manager, now, &entries);
  if (own.fields != wanted || !changes.written.empty() || !changes.removed.empty()) {
    own.time = now;
  }
  own.fields = wanted;
  *merged = std::move(result.get_object());
  WriteEntries(std::move(entries), merged);
  return std::nullopt;
}

}  // namespace squall
