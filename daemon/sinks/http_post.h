// Posts bodies to one URL, over one connection that stays open. Redirects are not followed, since
// they would carry credentials to others; no proxy of the environment is used.
//
// One thread. Errors: UNAVAILABLE when nothing answers within the time, or with 429 or a 5xx;
// FAILED_PRECONDITION for another answer that is no success, with the beginning of its text;
// PERMISSION_DENIED when none of its addresses is allowed. None of them shows the URL.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "daemon/base/clock.h"

namespace squall {

struct HttpPostOptions {
  std::string url;
  // Those of the body first, those of the user last; sent as they are.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string ca_pem;  // trusted besides the system's store; "" = that alone
  std::string user_agent;
  Nanos connect_timeout = std::chrono::seconds(2);
  // From the name's lookup to the end of the answer. A run's end waits for it: keep it short.
  Nanos timeout = std::chrono::seconds(4);
  // "host:port:address,address": those of a name, instead of what DNS says. For tests.
  std::string resolve;
  // Whether a connection may go to this address; not set: to any.
  std::function<bool(const sockaddr_storage&)> allows_address;
};

class HttpPost final {
 public:
  explicit HttpPost(HttpPostOptions options);
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  absl::Status Send(std::string_view body);
  // The same within `time_left`, too, off which the time that it took is taken.
  absl::Status Send(std::string_view body, Nanos* time_left);

 private:
  struct Handle;
  const HttpPostOptions options_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace squall
