#include "tests/support/kube/api_request.h"

#include <charconv>

namespace squall {
namespace {

std::string Decode(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, code, 16).ptr ==
            text.data() + at + 3) {
      decoded += static_cast<char>(code);
      at += 2;
    } else {
      decoded += text[at] == '+' ? ' ' : text[at];
    }
  }
  return decoded;
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const size_t slash = path.find('/');
    segments.push_back(Decode(path.substr(0, slash)));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  }
  if (!segments.empty() && segments.back().empty()) {
    segments.pop_back();
  }
  return segments;
}

}  // namespace

std::string ApiRequest::Query(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

bool ApiRequest::Asks(std::string_view name) const {
  const std::string value = Query(name);
  return value == "true" || value == "1";
}

ApiRequest MakeRequest(std::string_view method, std::string_view target, std::string body,
                       std::string content_type) {
  ApiRequest request;
  request.method = method;
  request.target = target;
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    request.query[Decode(pair.substr(0, equals))] =
        equals == std::string_view::npos ? "" : Decode(pair.substr(equals + 1));
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  request.body = std::move(body);
  request.content_type = std::move(content_type);
  return request;
}

std::optional<ApiRoute> FindRoute(const std::vector<FakeResource>& resources,
                                  std::string_view path) {
  const std::vector<std::string> parts = Segments(path);
  const bool core = parts.size() > 2 && parts[0] == "api";
  if (!core && (parts.size() < 4 || parts[0] != "apis")) {
    return std::nullopt;
  }
  const std::string group = core ? "" : parts[1];
  const std::string version = core ? parts[1] : parts[2];
  size_t at = core ? 2 : 3;
  ApiRoute route;
  // ".../namespaces/a/pods", but not ".../namespaces/a" or ".../namespaces/a/status".
  if (parts[at] == "namespaces" && parts.size() > at + 2) {
    const FakeResource* const inside = FindResource(resources, group, version, parts[at + 2]);
    if (inside != nullptr && inside->namespaced) {
      route.ns = parts[at + 1];
      at += 2;
    } else if (!core) {
      return std::nullopt;
    }
  }
  route.type = FindResource(resources, group, version, parts[at]);
  const size_t left = parts.size() - at - 1;
  const bool misplaced =
      route.type != nullptr && route.type->namespaced && route.ns.empty() && left > 0;
  if (route.type == nullptr || left > 2 || misplaced) {
    return std::nullopt;
  }
  route.name = left > 0 ? parts[at + 1] : "";
  route.subresource = left > 1 ? parts[at + 2] : "";
  return route;
}

std::string VerbOf(const ApiRequest& request, const ApiRoute& route) {
  const bool one = !route.name.empty();
  if (request.method == "GET" || request.method == "HEAD") {
    return one ? "get" : request.Asks("watch") ? "watch" : "list";
  }
  if (request.method == "POST") {
    return "create";
  }
  if (request.method == "PUT") {
    return "update";
  }
  if (request.method == "PATCH") {
    return "patch";
  }
  return request.method == "DELETE" ? (one ? "delete" : "deletecollection") : request.method;
}

ApiAnswer AnswerWith(const ApiError& error) {
  ApiAnswer answer;
  answer.code = error.code;
  answer.body = error.ToStatus();
  if (error.retry_after_seconds) {
    answer.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_seconds));
  }
  return answer;
}

}  // namespace squall
