// All objects of one type as the API server last showed them. Readers get what never changes under
// them: an object is replaced, not edited. Any thread may call everything.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/object.hpp>

#include "operator/kube/api/object.h"
#include "operator/kube/api/watch_frames.h"

namespace squall {

using ObjectPtr = std::shared_ptr<const boost::json::object>;  // shared: readers outlive a change

struct ObjectChange {
  ObjectKey key;
  ObjectPtr before;      // nullptr: it is new
  ObjectPtr after;       // nullptr: it is gone
  bool initial = false;  // it was there at the first list, rather than made just now
};

class ObjectCache final {
 public:
  ObjectCache() = default;
  ObjectCache(const ObjectCache&) = delete;
  ObjectCache& operator=(const ObjectCache&) = delete;

  // `objects` are all there are in `ns` ("": everywhere): the others go, as if their deletion had
  // been watched. Returns what has changed, by key; an object with the same version has not. One
  // that has another uid than before was deleted and made again: two changes.
  std::vector<ObjectChange> Replace(std::string_view ns, std::vector<boost::json::object> objects);
  // Not for bookmarks. At most two changes, as above; none when nothing is new.
  std::vector<ObjectChange> Apply(WatchEvent event);

  ObjectPtr Get(const ObjectKey& key) const;  // nullptr when there is none
  std::vector<ObjectPtr> List() const;        // by key
  // Those whose controller has this uid, by key.
  std::vector<ObjectPtr> OwnedBy(std::string_view uid) const;
  size_t size() const;

 private:
  // With mutex_ held.
  void Put(const ObjectKey& key, const ObjectPtr& object, std::vector<ObjectChange>* changes);
  void Remove(const ObjectKey& key, std::vector<ObjectChange>* changes);
  void Index(const ObjectKey& key, const boost::json::object& object);
  void Unindex(const ObjectKey& key, const boost::json::object& object);

  mutable std::mutex mutex_;
  std::map<ObjectKey, ObjectPtr> objects_;                         // guarded by mutex_
  std::unordered_map<std::string, std::set<ObjectKey>> by_owner_;  // guarded by mutex_
};

}  // namespace squall
