#include "daemon/gateway/route_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "daemon/base/ascii.h"

namespace squall {
namespace {

constexpr std::string_view kIdPart = "{id}";

// What stands in the place of "{id}", or "" when there is none; nothing for another path.
std::optional<std::string> Match(std::string_view pattern, std::string_view path) {
  const size_t at = pattern.find(kIdPart);
  if (at == pattern.npos) {
    return pattern == path ? std::optional<std::string>("") : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kIdPart.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return std::nullopt;
  }
  const std::string_view id =
      path.substr(before.size(), path.size() - before.size() - after.size());
  return id.find('/') == id.npos ? std::optional<std::string>(id) : std::nullopt;
}

// "" when the request's body, if it has one, is what the route asks for.
std::string WrongBody(BodyKind kind, const HttpRequest& request) {
  const std::string header = request.Header("content-type");
  const std::string type = LowerCase(Trim(std::string_view(header).substr(0, header.find(';'))));
  const std::string_view wanted = kind == BodyKind::kJson   ? "application/json"
                                  : kind == BodyKind::kForm ? "application/x-www-form-urlencoded"
                                                            : "";
  if (wanted.empty() || type == wanted || request.body.empty()) {
    return "";
  }
  return fmt::format("Content-Type must be {}, got '{}'", wanted, type);
}

}  // namespace

HttpReply RouteTable::Answer(const HttpRequest& request) const {
  std::vector<std::string> allowed;
  for (const RouteEntry& route : routes_) {
    const std::optional<std::string> id = Match(route.pattern, request.path);
    if (!id.has_value()) {
      continue;
    }
    if (route.method != request.method) {
      allowed.push_back(route.method);
      continue;
    }
    if (const std::string wrong = WrongBody(route.body, request); !wrong.empty()) {
      return ErrorReply(415, wrong);
    }
    return route.handle(request, *id);
  }
  if (allowed.empty()) {
    return ErrorReply(404, fmt::format("no such path: {}; docs/api.md lists them", request.path));
  }
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) {
    allowed.push_back("HEAD");
  }
  std::sort(allowed.begin(), allowed.end());
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  HttpReply reply = ErrorReply(
      405, fmt::format("{} must be asked with {}, got {}", request.path, list, request.method));
  reply.headers.emplace_back("Allow", list);
  return reply;
}

bool RouteTable::Knows(std::string_view path) const {
  return std::any_of(routes_.begin(), routes_.end(), [&](const RouteEntry& route) {
    return Match(route.pattern, path).has_value();
  });
}

std::vector<std::string> RouteTable::Names() const {
  std::vector<std::string> names;
  for (const RouteEntry& route : routes_) {
    names.push_back(fmt::format("{} {}", route.method, route.pattern));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace squall
