// Requests and responses of the target as values: what the router thinks about and the session
// moves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"

namespace squall {

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

// Views into the session's buffers: valid while the request is handled.
struct TargetRequest {
  std::string_view method;
  std::string_view target;  // path and query, as sent
  std::string_view body;
  std::span<const HeaderView> headers;
  bool from_loopback = true;
  TimePoint now;
};

// The request with its address taken apart.
struct TargetCall {
  const TargetRequest& request;
  std::string_view parameter;  // the {…} part of the path
  std::string_view query;      // after '?', still encoded
};

enum class BodyFraming {
  kLength,      // Content-Length
  kChunked,     // a few chunks
  kUntilClose,  // no length: the end of the connection ends the body
  kTruncated,   // promises all, sends half, closes
  kNoAnswer,    // closes without a byte
};

struct TargetResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // static storage
  std::vector<std::pair<std::string_view, std::string>> headers;
  std::string body;
  int64_t filler_bytes = 0;  // when > 0, the body is this many 'x' instead
  BodyFraming framing = BodyFraming::kLength;
  Nanos delay{0};  // wait this long before the first byte
};

TargetResponse JsonResponse(std::string body);
// {"error":"…"} with the status.
TargetResponse ErrorResponse(int status, std::string_view message);

// The first header of that name, in any case.
std::optional<std::string_view> FindHeader(const TargetRequest& request, std::string_view name);
// The first value of a query parameter, decoded; nothing when it is absent or the query is bad.
std::optional<std::string> QueryValue(std::string_view query, std::string_view name);

}  // namespace squall
