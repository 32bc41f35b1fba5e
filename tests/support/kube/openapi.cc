#include "tests/support/kube/openapi.h"

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

namespace json = boost::json;

constexpr std::string_view kRoot = "/openapi/v3";

// "api/v1", "apis/squall.dev/v1alpha1".
std::string GroupPath(const FakeResource& type) {
  return (type.group.empty() ? "api/" : "apis/") + type.ApiVersion();
}

json::object KindOf(const FakeResource& type) {
  return {{"group", type.group}, {"version", type.version}, {"kind", type.kind}};
}

json::object QueryParameter(const char* name) {
  return {{"name", name}, {"in", "query"}, {"schema", json::object{{"type", "string"}}}};
}

json::object Paths(const std::vector<FakeResource>& resources) {
  json::object paths;
  for (const FakeResource& type : resources) {
    paths[GroupPath(type)] =
        json::object{{"serverRelativeURL", fmt::format("{}/{}", kRoot, GroupPath(type))}};
  }
  return {{"paths", std::move(paths)}};
}

json::object Document(const std::vector<FakeResource>& resources, std::string_view group_path) {
  json::object paths;
  json::object schemas;
  for (const FakeResource& type : resources) {
    if (GroupPath(type) != group_path) {
      continue;
    }
    const std::string path =
        fmt::format("/{}/{}{}/{{name}}", group_path,
                    type.namespaced ? "namespaces/{namespace}/" : "", type.plural);
    json::object patch{
        {"parameters", json::array{QueryParameter("dryRun"), QueryParameter("fieldManager"),
                                   QueryParameter("fieldValidation"), QueryParameter("force")}},
        {"responses", json::object()},
        {"x-kubernetes-action", "patch"},
        {"x-kubernetes-group-version-kind", KindOf(type)}};
    paths[path] = json::object{{"patch", std::move(patch)}};
    json::object schema = type.schema;
    schema["type"] = "object";
    schema["x-kubernetes-group-version-kind"] = json::array{KindOf(type)};
    schemas[fmt::format("{}.{}.{}", type.group.empty() ? "core" : type.group, type.version,
                        type.kind)] = std::move(schema);
  }
  return {{"openapi", "3.0.0"},
          {"info", json::object{{"title", "Kubernetes"}, {"version", "fake"}}},
          {"paths", std::move(paths)},
          {"components", json::object{{"schemas", std::move(schemas)}}}};
}

}  // namespace

std::optional<ApiAnswer> DescribeApi(const std::vector<FakeResource>& resources,
                                     const ApiRequest& request) {
  std::string_view path = request.path;
  if (!path.starts_with(kRoot)) {
    return std::nullopt;
  }
  path.remove_prefix(kRoot.size());
  ApiAnswer answer;
  answer.body = path.size() < 2 ? Paths(resources) : Document(resources, path.substr(1));
  return answer;
}

}  // namespace squall
