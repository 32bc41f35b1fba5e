// The short way through a reply that has come whole and holds nothing unusual: one pass over its
// head, for what decides framing. Most replies of a load test are such; Beast's parser, which reads
// everything else, costs five times the instructions. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace squall {

struct SimpleReply {
  int status = 0;
  std::string_view head;  // both are parts of the data given; this one with its empty line
  std::string_view body;
};

// `data` as a whole must be one reply: HTTP/1.1, a status with a body, one Content-Length that ends
// exactly at the end of the data, a head of at most `header_bytes_max`, a body of at most
// `body_bytes_max`; no transfer or content coding, no Connection but keep-alive, no Set-Cookie, no
// Location, no folded line. Anything else, or any doubt: nothing, and ResponseReader decides.
std::optional<SimpleReply> ReadSimpleReply(std::string_view data, size_t header_bytes_max,
                                           uint64_t body_bytes_max);

}  // namespace squall
