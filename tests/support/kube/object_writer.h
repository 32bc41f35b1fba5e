// What create, update, patch and delete do to the store, with the rules of the real server: who may
// change what, versions, generations, finalizers, owners of fields. Borrows all for its life; the
// caller holds the store's lock.
#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"
#include "tests/support/kube/api_request.h"
#include "tests/support/kube/apply.h"
#include "tests/support/kube/store.h"

namespace squall {

// metav1.Time.
std::string KubeTimestamp(WallTime time);

class ObjectWriter final {
 public:
  ObjectWriter(FakeStore* store, const Clock* clock, Rng* rng)
      : store_(store), clock_(clock), rng_(rng) {}

  ApiAnswer Create(const ApiRoute& route, const ApiRequest& request);
  ApiAnswer Update(const ApiRoute& route, const ApiRequest& request);  // PUT
  ApiAnswer Patch(const ApiRoute& route, const ApiRequest& request);
  ApiAnswer Delete(const ApiRoute& route, const ApiRequest& request);
  ApiAnswer DeleteCollection(const ApiRoute& route, const ApiRequest& request);

 private:
  // Turns the object (or its scale) into what the request wants. A copy of `live` on entry.
  using Edit =
      std::function<ApiRefusal(const boost::json::object& live, boost::json::object* next)>;

  ApiAnswer ApplyPatch(const ApiRoute& route, const ApiRequest& request);
  ApiAnswer Change(const ApiRoute& route, const ApiRequest& request, const Edit& edit,
                   bool is_apply);
  ApiAnswer Insert(const ApiRoute& route, const ApiRequest& request, boost::json::object object,
                   bool is_apply);
  ApiAnswer RemoveObject(const ApiRoute& route, const ApiRequest& request,
                         const boost::json::object& options);
  // Prunes, fills in defaults, checks. `live` is empty for a new object.
  ApiRefusal Admit(const FakeResource& type, const ApiRequest& request,
                   const boost::json::object& live, boost::json::object* next,
                   ApiAnswer* answer) const;
  ApiRefusal CheckNamespace(const ApiRoute& route, const std::string& name) const;
  // What the type shows, stored as the store keeps it; shown again.
  boost::json::object Keep(const ApiRoute& route, boost::json::object object);
  std::string NewUid();

  FakeStore* const store_;
  const Clock* const clock_;
  Rng* const rng_;
};

}  // namespace squall
