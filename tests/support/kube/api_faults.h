// What goes wrong between a client and the API server, on demand: rules by verb and path, for a
// number of requests or by a seeded chance. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"
#include "daemon/base/rng.h"

namespace squall {

struct ApiFault {
  enum class Kind {
    kError,  // a Status with `code`
    kHtml,   // a page with `code`, as a proxy answers
    kDelay,  // an answer as usual, after `delay`
    kStall,  // nothing more, until the client goes
    kReset,  // the connection is reset
    // Of watches only; all but kWatchError for the whole watch:
    kWatchError,      // an ERROR event with `code` in the place of the first event, then the end
    kHalfLine,        // half of the first event, then an orderly end
    kByteChunks,      // a chunk for every byte
    kMergedEvents,    // several events in one chunk (what comes within `delay`)
    kDuplicateEvent,  // each event twice
    kNoBookmarks,
  };
  enum class Point {
    kRequest,  // before the first byte of the answer
    kHeaders,  // after the head
    kBody,     // in the middle of the body; of a watch: in the middle of its first event
  };

  Kind kind = Kind::kError;
  Point point = Point::kRequest;  // of kStall and kReset
  int code = 500;
  bool after_commit = false;  // what was asked for is done all the same; only the answer is lost
  std::optional<int> retry_after_seconds;
  Nanos delay{0};

  // Which requests: RE2 found in path and query, verbs as RBAC names them, both "" for all.
  std::string path;
  std::string verb;
  int skip = 0;    // let so many pass first
  int count = -1;  // then so many are hit; -1: all
  double probability = 1;
};

// {"kind": "error", "code": 409, "verb": "update", "path": "leases", "count": 2, …}: names as
// above in camelCase, delaySeconds a number. INVALID_ARGUMENT names the field.
absl::StatusOr<ApiFault> ReadFault(const boost::json::object& object);

class ApiFaults final {
 public:
  explicit ApiFaults(uint64_t seed) : rng_(seed) {}

  void Add(ApiFault fault);
  void Clear();
  // The first rule that hits this request; counts it.
  std::optional<ApiFault> Take(std::string_view verb, std::string_view target);
  uint64_t hits() const;

 private:
  struct Rule {
    ApiFault fault;
    int seen = 0;
    int hit = 0;
  };
  mutable std::mutex mutex_;
  Rng rng_;
  std::vector<Rule> rules_;
  uint64_t hits_ = 0;
};

}  // namespace squall
