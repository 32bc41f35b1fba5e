// How often each verb was asked of each type: a test's proof that nothing is written at rest.
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include <boost/json/object.hpp>

namespace squall {

class RequestCounts final {
 public:
  // `resource` is the plural, "/status" added for a subresource; "" for discovery and the like.
  void Add(std::string_view verb, std::string_view resource, int code);

  // An empty argument means all. Refused requests count, too.
  uint64_t Count(std::string_view verb, std::string_view resource = "") const;
  // create, update, patch, delete, deletecollection; events and leases apart: `besides` names
  // resources that do not count ("leases").
  uint64_t Writes(std::initializer_list<std::string_view> besides = {}) const;
  void Reset();

  // {"writes": 3, "requests": [{"verb": "get", "resource": "pods", "code": 200, "count": 2}]}
  boost::json::object ToJson() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, uint64_t> counts_;
};

}  // namespace squall
