// A cache of all objects of one type that keeps itself current, and tells what changes. Made once a
// type by main(); handlers are added before Start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "operator/controller/object_cache.h"
#include "operator/controller/reflector.h"

namespace squall {

class Informer final {
 public:
  // Called on a reflector's thread, one at a time for each namespace; must not block. The cache
  // shows the change already.
  using Handler = std::function<void(const ObjectChange&)>;

  // One source a namespace, or a single one for "" (all of them). `options` are for every
  // reflector; its `ns` is set here. `clock` outlives the informer.
  Informer(ReflectorOptions options,
           std::vector<std::pair<std::string, std::unique_ptr<ListWatcher>>> sources,
           const Clock* clock);
  // Of an API server. `namespaces` empty: all. `client` and `clock` outlive the informer.
  static std::unique_ptr<Informer> Make(KubeClient* client, const ResourceType& type,
                                        std::vector<std::string> namespaces,
                                        const std::string& label_selector, ReflectorOptions options,
                                        const Clock* clock);
  ~Informer();  // stops
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  void AddHandler(Handler handler);
  void Start();
  void Stop();

  // Any thread.
  // Every namespace has been listed once, and the handlers have heard of all that was found. Until
  // then, what is not in the cache may exist all the same.
  bool HasSynced() const;
  ObjectPtr Get(const ObjectKey& key) const { return cache_.Get(key); }
  std::vector<ObjectPtr> List() const { return cache_.List(); }
  std::vector<ObjectPtr> OwnedBy(std::string_view uid) const { return cache_.OwnedBy(uid); }
  // The sum over the namespaces: synced if all are, forbidden if one is, an error of any.
  ReflectorStats Stats() const;
  const std::string& resource() const { return resource_; }

 private:
  void OnReplace(const std::string& ns, bool initial, std::vector<boost::json::object> objects);
  void Tell(const std::vector<ObjectChange>& changes);

  const std::string resource_;
  ObjectCache cache_;
  std::vector<Handler> handlers_;  // not changed after Start
  std::vector<std::unique_ptr<ListWatcher>> sources_;
  std::vector<std::unique_ptr<Reflector>> reflectors_;  // last: they use all of the above
};

}  // namespace squall
