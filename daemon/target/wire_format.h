// Responses as HTTP/1.1 bytes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "daemon/target/message.h"

namespace squall {

// What the request's side of the conversation decides about the answer.
struct ResponseContext {
  bool head_request = false;  // HEAD: headers as for GET, no body
  bool http_1_0 = false;      // knows no chunks and closes unless told otherwise
  bool keep_alive = true;
};

// The framing that this peer understands.
BodyFraming EffectiveFraming(const TargetResponse& response, const ResponseContext& context);

// The connection ends after this response.
bool ClosesConnection(const TargetResponse& response, const ResponseContext& context);

// A body is allowed and wanted: not for HEAD, 204 and 304.
bool HasBody(const TargetResponse& response, const ResponseContext& context);

// Status line and headers with the empty line.
void AppendHead(const TargetResponse& response, const ResponseContext& context, std::string* out);

// The body, as the framing wants it (nothing for filler bytes: the session streams them).
void AppendBody(const TargetResponse& response, const ResponseContext& context, std::string* out);

}  // namespace squall
