// A request and what it is about, and an answer, apart from any connection. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "tests/support/kube/api_error.h"
#include "tests/support/kube/resource_table.h"

namespace squall {

struct ApiRequest {
  std::string method = "GET";
  std::string target;  // as it came: "/api/v1/pods?watch=true"
  std::string path;    // without the query
  std::map<std::string, std::string, std::less<>> query;
  std::string content_type;
  std::string accept;
  std::string user_agent;
  std::string authorization;
  std::string body;

  std::string Query(std::string_view name) const;  // "" when absent
  bool Asks(std::string_view name) const;          // "true" or "1"
};
ApiRequest MakeRequest(std::string_view method, std::string_view target, std::string body = "",
                       std::string content_type = "application/json");

struct ApiRoute {
  const FakeResource* type = nullptr;
  std::string ns;    // "": all namespaces, or a type that has none
  std::string name;  // "": the collection
  std::string subresource;

  // The key of the object in the store.
  std::string Key() const { return ns + "/" + name; }
};
// nullopt for a path below /api or /apis that names no type, and for every other path.
std::optional<ApiRoute> FindRoute(const std::vector<FakeResource>& resources,
                                  std::string_view path);
// As RBAC names them: get, list, watch, create, update, patch, delete, deletecollection.
std::string VerbOf(const ApiRequest& request, const ApiRoute& route);

struct ApiAnswer {
  int code = 200;
  boost::json::object body;
  std::string text;  // in the place of the body: "ok" of /healthz
  std::vector<std::pair<std::string, std::string>> headers;

  bool ok() const { return code < 300; }
};
ApiAnswer AnswerWith(const ApiError& error);

}  // namespace squall
