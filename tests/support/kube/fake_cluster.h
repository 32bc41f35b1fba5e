// A Kubernetes API without a network: requests in, answers out, watches as cursors. Thread-safe:
// one lock around all, as the real server's writes go through one log.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "tests/support/kube/api_request.h"
#include "tests/support/kube/object_reader.h"
#include "tests/support/kube/object_writer.h"
#include "tests/support/kube/resource_table.h"
#include "tests/support/kube/store.h"

namespace squall {

struct FakeClusterOptions {
  std::vector<FakeResource> resources = BuiltinResources();
  size_t log_length_max = 4096;  // changes of one type that a watch can go back
  uint64_t seed = 1;             // of uids and generated names
};

class FakeCluster final {
 public:
  // Has the namespaces default and kube-system. `clock` outlives the cluster.
  FakeCluster(FakeClusterOptions options, const Clock* clock);
  FakeCluster(const FakeCluster&) = delete;
  FakeCluster& operator=(const FakeCluster&) = delete;

  const std::vector<FakeResource>& resources() const { return resources_; }
  // nullopt for discovery, and for what is not there.
  std::optional<ApiRoute> Route(std::string_view path) const;

  // Everything but watches.
  ApiAnswer Call(const ApiRequest& request);
  ApiAnswer Call(std::string_view method, std::string_view target, std::string body = "",
                 std::string content_type = "application/json");

  ApiRefusal OpenWatch(const ApiRoute& route, const ApiRequest& request, WatchCursor* cursor,
                       std::vector<boost::json::object>* events);
  // Waits until something is to be told, for `patience` at most, or until Wake.
  std::vector<boost::json::object> ReadWatch(WatchCursor* cursor, Nanos patience, bool* ended);
  // True as soon as anything was written since `version`; false after `patience` or Wake.
  bool WaitForChange(uint64_t version, Nanos patience);
  // Ends every wait now, and all later ones at once.
  void Wake();

  uint64_t version() const;
  // Forgets history: watches and continued lists must begin again.
  void Compact();
  // Others' writes: the version counts on.
  void SkipVersions(uint64_t versions);

 private:
  ApiAnswer Dispatch(const ApiRoute& route, const ApiRequest& request);

  const std::vector<FakeResource> resources_;
  const Clock* const clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  FakeStore store_;
  Rng rng_;
  ObjectReader reader_;
  ObjectWriter writer_;
};

}  // namespace squall
