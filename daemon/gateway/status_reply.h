// absl::Status as HTTP says it. Pure.
#pragma once

#include <absl/status/status.h>

#include "daemon/http/http_message.h"

namespace squall {

// {"error":{"code":"NOT_FOUND","message":"…"}} with the HTTP status that the code stands for; not
// of an OK status.
HttpReply StatusReply(const absl::Status& status);

}  // namespace squall
