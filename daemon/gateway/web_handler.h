// What the web port answers: the page, the API (docs/api.md, docs/openapi.yaml), its streams, and
// Locust's endpoints, all on one RunHost. The server (daemon/http) sees to who may ask.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/gateway/run_host.h"
#include "daemon/http/http_server.h"

namespace squall {

struct WebOptions {
  const Clock* clock = nullptr;  // outlives the handler, as the host does
  bool token_login = false;      // what the login page asks for
  bool password_login = false;
};

// May be called by several threads at once.
HttpHandler MakeWebHandler(RunHost* host, WebOptions options);

// For HttpServerOptions::changing_gets.
std::vector<std::string> ChangingGets();

// All routes but the page's own, as "GET /api/v1/runs/{id}", sorted.
std::vector<std::string> WebRouteNames();

}  // namespace squall
