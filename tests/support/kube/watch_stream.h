// One watch on one connection: a chunked body of events, with what can go wrong in it. The
// connection's own thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/fake_backend.h"
#include "tests/support/kube/fake_link.h"

namespace squall {

class WatchStream final {
 public:
  // Borrows both. `fault` is one that hits this watch.
  WatchStream(FakeLink* link, FakeBackend* backend, std::optional<ApiFault> fault)
      : link_(link), backend_(backend), fault_(std::move(fault)) {}

  // Until `timeout`, an error, or the client goes. True when the connection can be used again.
  bool Run(WatchCursor cursor, std::vector<boost::json::object> events, Nanos timeout);

 private:
  bool Hits(ApiFault::Kind kind) const { return fault_ && fault_->kind == kind; }
  bool HitsAt(ApiFault::Kind kind, ApiFault::Point point) const {
    return Hits(kind) && fault_->point == point;
  }
  bool SendEvents(const std::vector<boost::json::object>& events);
  bool SendBroken(const std::string& line);
  bool SendChunk(std::string_view text);

  FakeLink* const link_;
  FakeBackend* const backend_;
  const std::optional<ApiFault> fault_;
};

}  // namespace squall
