// From a method and a path to who answers. Filled once; then any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/http_message.h"

namespace squall {

// What a request must carry.
enum class BodyKind { kNone, kJson, kForm };

struct RouteEntry {
  std::string method;
  std::string pattern;  // "/api/v1/runs/{id}/stats": at most one "{id}", which is a whole segment
  BodyKind body = BodyKind::kNone;
  std::function<HttpReply(const HttpRequest&, const std::string& id)> handle;
};

class RouteTable final {
 public:
  void Add(RouteEntry route) { routes_.push_back(std::move(route)); }

  // 404 for an unknown path, 405 for a known one with another method, 415 for a wrong body.
  HttpReply Answer(const HttpRequest& request) const;
  bool Knows(std::string_view path) const;
  // "GET /api/v1/runs/{id}", sorted.
  std::vector<std::string> Names() const;

 private:
  std::vector<RouteEntry> routes_;
};

}  // namespace squall
