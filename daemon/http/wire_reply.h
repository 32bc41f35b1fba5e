// A handler's reply as it goes over the wire: what the server adds to it, and what it leaves out.
// Pure, apart from compressing; runs on a worker.
#pragma once

#include <memory>
#include <string>

#include "daemon/http/http_message.h"

namespace squall {

// What of the request shapes the reply.
struct ReplyFor {
  bool get = true;         // or HEAD
  bool head_only = false;  // HEAD
  bool keep_alive = true;
  std::string if_none_match;
  std::string accept_encoding;
};

struct WireReply {
  std::string head;                         // up to and with the empty line
  std::shared_ptr<const std::string> body;  // nullptr: none
  std::unique_ptr<EventFeed> feed;          // goes on as long as it gives something
};

WireReply MakeWireReply(HttpReply reply, const ReplyFor& request);

}  // namespace squall
