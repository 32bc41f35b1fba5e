// Answers to get, list and watch. Borrows the store for its life; the caller holds its lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_request.h"
#include "tests/support/kube/selector.h"
#include "tests/support/kube/store.h"

namespace squall {

// The stored object as the type shows it: apiVersion, kind, and core v1's names in an event.
boost::json::object ViewAs(const FakeResource& type, const boost::json::object& stored);
// "autoscaling/v1 Scale" of an object with a scale subresource.
boost::json::object ScaleOf(const FakeResource& type, const boost::json::object& object);
ApiRefusal ReadSelector(const FakeResource& type, const ApiRequest& request,
                        ObjectSelector* selector);

// Where a watch stands.
struct WatchCursor {
  const FakeResource* type = nullptr;
  std::string ns;
  ObjectSelector selector;
  bool bookmarks = false;
  uint64_t position = 0;  // everything up to here was delivered
};

class ObjectReader final {
 public:
  explicit ObjectReader(const FakeStore* store) : store_(store) {}

  ApiAnswer Get(const ApiRoute& route) const;
  ApiAnswer List(const ApiRoute& route, const ApiRequest& request) const;

  // `events` gets an ADDED for each object when the watch begins "at any version".
  ApiRefusal OpenWatch(const ApiRoute& route, const ApiRequest& request, WatchCursor* cursor,
                       std::vector<boost::json::object>* events) const;
  // The events since the cursor, which moves on. A cursor that fell out of the log gets one ERROR
  // event (410), and `ended` is set.
  std::vector<boost::json::object> ReadWatch(WatchCursor* cursor, bool* ended) const;

 private:
  struct Page;
  ApiRefusal ReadPage(const ApiRoute& route, const ApiRequest& request, Page* page) const;

  const FakeStore* const store_;
};

// {"type": …, "object": …}
boost::json::object WatchEventOf(const char* type, boost::json::object object);
boost::json::object BookmarkOf(const WatchCursor& cursor);

}  // namespace squall
