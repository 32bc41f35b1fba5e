// Judges requests before anything else sees them, and keeps who has logged in. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/clock.h"
#include "daemon/http/access.h"
#include "daemon/http/http_message.h"
#include "daemon/http/login_sessions.h"
#include "daemon/http/login_throttle.h"
#include "daemon/net/token_guard.h"

namespace squall {

struct Credentials {
  const TokenGuard* guard = nullptr;  // outlives the gatekeeper
  std::string basic_user;             // "" = no basic auth
  std::string basic_password;

  bool asked_for() const { return guard != nullptr || !basic_user.empty(); }
};

class Gatekeeper final {
 public:
  Gatekeeper(AccessRules rules, Credentials credentials, bool tls, uint16_t port);

  // The head of a request: nothing if it may go on, otherwise how it is answered.
  std::optional<HttpReply> Judge(const HttpRequest& request, TimePoint now);

  // POST /login and POST /logout, which Judge let through, with their bodies.
  static bool IsOurs(const HttpRequest& request);
  HttpReply Answer(const HttpRequest& request, TimePoint now);

 private:
  bool Admits(const std::string& authorization) const;
  bool HasCredential(const HttpRequest& request, TimePoint now) const;
  HttpReply AskForCredential(const HttpRequest& request) const;
  HttpReply Login(const HttpRequest& request, TimePoint now);
  HttpReply Logout(const HttpRequest& request);
  std::string Cookie(std::string_view value, Nanos lifetime) const;

  const AccessRules rules_;
  const Credentials credentials_;
  const bool tls_;
  // Browsers share the cookies of a host among its ports.
  const std::string cookie_name_;
  LoginSessions sessions_;
  LoginThrottle throttle_;
};

}  // namespace squall
