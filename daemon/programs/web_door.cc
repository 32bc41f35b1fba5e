#include "daemon/programs/web_door.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/base/file.h"
#include "daemon/base/status_macros.h"
#include "daemon/gateway/web_handler.h"
#include "daemon/programs/plan_files.h"
#include "daemon/rpc/pem_file.h"

namespace squall {
namespace {

constexpr size_t kAuthBytesMax = 4096;

// USER:PASSWORD on the first line, the only one.
absl::Status ReadAuthFile(const std::string& path, HttpServerOptions* options) {
  absl::StatusOr<std::string> text = ReadTextFile(path, kAuthBytesMax);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        fmt::format("--web-auth-file: {}", std::string(text.status().message())));
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
    text->pop_back();
  }
  const size_t colon = text->find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text->size() ||
      text->find_first_of("\r\n") != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("--web-auth-file: {} must hold one line, USER:PASSWORD", path));
  }
  options->basic_user = text->substr(0, colon);
  options->basic_password = text->substr(colon + 1);
  return absl::OkStatus();
}

}  // namespace

std::string WebAddress(const WebFlags& flags) {
  std::string host = flags.host;
  if (host.empty() || host == "*") {
    host = "0.0.0.0";
  } else if (host.find(':') != std::string::npos && !host.starts_with('[')) {
    host = fmt::format("[{}]", host);
  }
  return fmt::format("{}:{}", host, flags.port);
}

absl::StatusOr<std::unique_ptr<WebDoor>> WebDoor::Open(const WebFlags& flags,
                                                       const std::string& flag,
                                                       const std::string& listen, bool insecure,
                                                       RunHost* host, const Clock* clock) {
  HttpServerOptions options;
  options.flag = flag;
  options.listen = listen;
  options.insecure = insecure;
  options.allowed_hosts = flags.allowed_hosts;
  SQUALL_ASSIGN_OR_RETURN(options.tls_cert_pem, ReadPemFile("--web-tls-cert", flags.tls_cert));
  SQUALL_ASSIGN_OR_RETURN(options.tls_key_pem, ReadPemFile("--web-tls-key", flags.tls_key));
  std::unique_ptr<TokenGuard> guard;
  if (!flags.token_file.empty()) {
    SQUALL_ASSIGN_OR_RETURN(guard, TokenGuard::FromFile(flags.token_file));
    options.guard = guard.get();
  }
  if (!flags.auth_file.empty()) {
    SQUALL_RETURN_IF_ERROR(ReadAuthFile(flags.auth_file, &options));
  }
  options.changing_gets = ChangingGets();
  WebOptions web;
  web.clock = clock;
  web.token_login = options.guard != nullptr;
  web.password_login = !options.basic_user.empty();
  std::unique_ptr<WebDoor> door(new WebDoor(std::move(guard)));
  options.on_own_reply = door->visits_.Count();
  SQUALL_ASSIGN_OR_RETURN(
      door->server_,
      HttpServer::Start(std::move(options), door->visits_.Watch(MakeWebHandler(host, web))));
  if (!flags.port_file.empty()) {
    SQUALL_RETURN_IF_ERROR(
        WriteFileAtomically(flags.port_file, fmt::format("{}\n", door->server_->port())));
  }
  return door;
}

}  // namespace squall
