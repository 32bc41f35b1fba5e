#include "operator/controller/object_cache.h"

#include <optional>
#include <utility>

namespace squall {

std::vector<ObjectChange> ObjectCache::Replace(std::string_view ns,
                                               std::vector<boost::json::object> objects) {
  std::map<ObjectKey, ObjectPtr> wanted;
  for (boost::json::object& object : objects) {
    StripManagedFields(&object);
    ObjectKey key = KeyOf(object);
    wanted.insert_or_assign(std::move(key),
                            std::make_shared<const boost::json::object>(std::move(object)));
  }
  std::vector<ObjectChange> changes;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ObjectKey> gone;
  for (const auto& [key, object] : objects_) {
    if ((ns.empty() || key.ns == ns) && !wanted.contains(key)) {
      gone.push_back(key);
    }
  }
  for (const ObjectKey& key : gone) {
    Remove(key, &changes);
  }
  for (const auto& [key, object] : wanted) {
    Put(key, object, &changes);
  }
  return changes;
}

std::vector<ObjectChange> ObjectCache::Apply(WatchEvent event) {
  StripManagedFields(&event.object);
  const ObjectKey key = KeyOf(event.object);
  auto object = std::make_shared<const boost::json::object>(std::move(event.object));
  std::vector<ObjectChange> changes;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (event.type != WatchEvent::Type::kDeleted) {
    Put(key, object, &changes);
    return changes;
  }
  Remove(key, &changes);
  if (!changes.empty()) {
    changes.back().before = std::move(object);  // a deletion carries the last state
  }
  return changes;
}

ObjectPtr ObjectCache::Get(const ObjectKey& key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto entry = objects_.find(key);
  return entry == objects_.end() ? nullptr : entry->second;
}

std::vector<ObjectPtr> ObjectCache::List() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ObjectPtr> list;
  list.reserve(objects_.size());
  for (const auto& [key, object] : objects_) {
    list.push_back(object);
  }
  return list;
}

std::vector<ObjectPtr> ObjectCache::OwnedBy(std::string_view uid) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ObjectPtr> list;
  const auto keys = by_owner_.find(std::string(uid));
  if (keys != by_owner_.end()) {
    for (const ObjectKey& key : keys->second) {
      list.push_back(objects_.find(key)->second);
    }
  }
  return list;
}

size_t ObjectCache::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return objects_.size();
}

void ObjectCache::Put(const ObjectKey& key, const ObjectPtr& object,
                      std::vector<ObjectChange>* changes) {
  const auto entry = objects_.find(key);
  if (entry != objects_.end() && Uid(*entry->second) != Uid(*object)) {
    Remove(key, changes);
  } else if (entry != objects_.end()) {
    const std::string version = ResourceVersion(*object);
    if (!version.empty() && version == ResourceVersion(*entry->second)) {
      return;
    }
  }
  ObjectPtr& stored = objects_[key];
  if (stored != nullptr) {
    Unindex(key, *stored);
  }
  Index(key, *object);
  changes->push_back({key, std::exchange(stored, object), object});
}

void ObjectCache::Remove(const ObjectKey& key, std::vector<ObjectChange>* changes) {
  const auto entry = objects_.find(key);
  if (entry == objects_.end()) {
    return;
  }
  Unindex(key, *entry->second);
  changes->push_back({key, std::move(entry->second), nullptr});
  objects_.erase(entry);
}

void ObjectCache::Index(const ObjectKey& key, const boost::json::object& object) {
  if (const std::optional<OwnerRef> owner = ControllerOf(object)) {
    by_owner_[owner->uid].insert(key);
  }
}

void ObjectCache::Unindex(const ObjectKey& key, const boost::json::object& object) {
  const std::optional<OwnerRef> owner = ControllerOf(object);
  const auto keys = owner.has_value() ? by_owner_.find(owner->uid) : by_owner_.end();
  if (keys != by_owner_.end()) {
    keys->second.erase(key);
    if (keys->second.empty()) {
      by_owner_.erase(keys);
    }
  }
}

}  // namespace squall
