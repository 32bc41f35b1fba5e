// The HTTP server of the web page as the programs open it: what its flags name is read, and its
// port is written down.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <absl/status/statusor.h>

#include "daemon/base/clock.h"
#include "daemon/gateway/run_host.h"
#include "daemon/gateway/visit_counter.h"
#include "daemon/http/http_server.h"
#include "daemon/net/token_guard.h"
#include "daemon/programs/web_flags.h"

namespace squall {

// "127.0.0.1:8089", of --web-host and --web-port.
std::string WebAddress(const WebFlags& flags);

class WebDoor final {
 public:
  // `flag` is the one that `listen` came from, for messages. Errors as HttpServer::Start gives
  // them, and those of the files; none of them says what is in a file. `host` and `clock` outlive
  // the door.
  static absl::StatusOr<std::unique_ptr<WebDoor>> Open(const WebFlags& flags,
                                                       const std::string& flag,
                                                       const std::string& listen, bool insecure,
                                                       RunHost* host, const Clock* clock);
  std::string Url() const { return server_->Url(); }
  const VisitCounter& visits() const { return visits_; }

 private:
  explicit WebDoor(std::unique_ptr<TokenGuard> guard) : guard_(std::move(guard)) {}

  const VisitCounter visits_;
  const std::unique_ptr<TokenGuard> guard_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace squall
