// What a controller calls for each object that needs a look.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "operator/kube/api/object.h"

namespace squall {

struct ReconcileResult {
  Nanos requeue_after{};  // look again then, even if nothing happens; zero: no need
};

class Reconciler {
 public:
  virtual ~Reconciler() = default;
  // Brings the world nearer to what the object `key` wants; the object may be gone. Called on
  // several threads, never twice at once for one key. Blocks for as long as a few requests take,
  // and not for what may take longer: whoever waits for something asks for another look.
  //
  // ABORTED (somebody else has written meanwhile): looked at again soon, and no error. A
  // TerminalError: not looked at again until it changes. Any other error: again and again, less
  // and less often.
  virtual absl::StatusOr<ReconcileResult> Reconcile(const ObjectKey& key) = 0;
};

// The same error, marked: trying again would end the same way. OK stays OK.
absl::Status TerminalError(absl::Status status);
bool IsTerminal(const absl::Status& status);

}  // namespace squall
