// What the API server says when it refuses. A KubeError becomes an absl::Status with the code below
// and travels in its payload, so that callers branch on codes and only look closer when they must.
//
//   400 405 413 415 422  INVALID_ARGUMENT     404  NOT_FOUND
//   401  UNAUTHENTICATED                      409  ALREADY_EXISTS, or ABORTED for a conflict
//   403  PERMISSION_DENIED                    410  OUT_OF_RANGE
//   429  RESOURCE_EXHAUSTED                   504  DEADLINE_EXCEEDED if the wanted resourceVersion
//   other 5xx  UNAVAILABLE                         is not there yet, else UNAVAILABLE
//
// Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <boost/json/object.hpp>

#include "daemon/base/clock.h"

namespace squall {

struct KubeErrorCause {
  std::string field;   // "spec.profile.stages[0].users"; may be ""
  std::string reason;  // "FieldValueInvalid"
  std::string message;
  bool operator==(const KubeErrorCause&) const = default;
};

struct KubeError {
  int http_code = 0;
  std::string reason;   // "NotFound", "Conflict": a word of the server's
  std::string message;  // the server's own sentence, cleaned of line breaks
  std::vector<KubeErrorCause> causes;
  std::optional<Nanos> retry_after;

  bool HasCause(std::string_view cause_reason) const;
  bool operator==(const KubeError&) const = default;
};

// From an answer with a code of 300 or above. A body that is no Status (a proxy's HTML page) gives
// a reason and message made from the code. `retry_after_header` ("5") wins over the body's seconds;
// "" when there was none.
KubeError ReadKubeError(int http_code, std::string_view body,
                        std::string_view retry_after_header = "");
// From a Status object inside a watch.
KubeError KubeErrorFromStatus(const boost::json::object& status);

// One line: "pods \"a\" is forbidden: exceeded quota (403 Forbidden)". `context` goes in front:
// "create pods team-a/a". Never OK.
absl::Status ToStatus(const KubeError& error, std::string_view context = "");
// What ToStatus put in; nullopt for every other status.
std::optional<KubeError> KubeErrorOf(const absl::Status& status);
// What people read of it.
inline std::string StatusText(const absl::Status& status) { return std::string(status.message()); }

}  // namespace squall
