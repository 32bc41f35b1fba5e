// How objects go: preconditions, grace of pods, finalizers. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "tests/support/kube/api_error.h"
#include "tests/support/kube/resource_table.h"

namespace squall {

// 409 when the object is not the one that the options mean.
ApiRefusal CheckDeletePreconditions(const FakeResource& type, const boost::json::object& object,
                                    const boost::json::object& options);

// Sets deletionTimestamp, grace, and the finalizers that a propagation policy asks for. False when
// the object was on its way out already and nothing changes.
bool MarkDeleted(const FakeResource& type, const boost::json::object& options, WallTime now,
                 boost::json::object* object);

// Being deleted, without a finalizer and without grace.
bool IsReadyToGo(const boost::json::object& object);

// The Status that says what is gone.
boost::json::object DeletedStatus(const FakeResource& type, const boost::json::object& object);

}  // namespace squall
