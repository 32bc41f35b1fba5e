// Who may ask for what: the rules of the web port as pure functions of a request. What needs memory
// (sessions, failed logins) is in gatekeeper.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_message.h"

namespace squall {

struct AccessRules {
  std::string listen_host = "127.0.0.1";
  bool loopback = true;
  bool open = false;                       // nobody has to show a credential
  std::string machine;                     // its name
  std::vector<std::string> allowed_hosts;  // besides listen_host and localhost; "*" = any
  std::vector<std::string> changing_gets;
};

// "Example.COM:8089" is "example.com", "[::1]:80" is "[::1]".
std::string HostName(std::string_view host_header);

// A page of a foreign site can let its own name lead to 127.0.0.1 and then read what this server
// says (DNS rebinding), but the browser goes on sending that name as Host. Heeded on loopback,
// where that is the way in, wherever names are listed, and wherever no credential is asked for;
// there, addresses are let through, which no page can turn, and the name of this machine.
bool IsAllowedHost(const AccessRules& rules, std::string_view host_header);

// Whether the request may do more than look.
bool ChangesState(const AccessRules& rules, const HttpRequest& request);

// Whether a browser says that a page which is not ours made it send the request. Programs say
// nothing of the kind.
bool IsFromForeignPage(const HttpRequest& request);

// Whether a browser sent a GET that changes state and said nothing of the page behind it: over
// plain HTTP it leaves out Sec-Fetch-Site, and the page can make it leave out Referer. Told by what
// only browsers ask for; programs do not look like that.
bool IsUntoldBrowserGet(const HttpRequest& request);

// Goes through without a credential: the login page, what it is made of and what browsers ask for
// with any page, and the probe.
bool IsOpen(const HttpRequest& request);

// Whether the body is announced, and as no larger than a login form's.
bool HasSmallBody(const HttpRequest& request);

}  // namespace squall
