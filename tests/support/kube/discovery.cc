#include "tests/support/kube/discovery.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

namespace json = boost::json;

constexpr const char* kMinor = "35";

json::object Version() {
  return {{"major", "1"},
          {"minor", kMinor},
          {"gitVersion", fmt::format("v1.{}.0-fake", kMinor)},
          {"gitCommit", ""},
          {"gitTreeState", "clean"},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", "none"},
          {"compiler", "none"},
          {"platform", "linux/amd64"}};
}

json::array Verbs(std::initializer_list<const char*> names) {
  json::array verbs;
  for (const char* const name : names) {
    verbs.push_back(json::value(name));
  }
  return verbs;
}

json::array Texts(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) {
    list.push_back(json::value(json::string(text)));
  }
  return list;
}

json::object Subresource(const FakeResource& type, const char* name, const char* kind) {
  json::object entry{{"name", fmt::format("{}/{}", type.plural, name)},
                     {"singularName", ""},
                     {"namespaced", type.namespaced},
                     {"kind", kind},
                     {"verbs", Verbs({"get", "patch", "update"})}};
  if (std::string_view(kind) == "Scale") {
    entry["group"] = "autoscaling";
    entry["version"] = "v1";
  }
  return entry;
}

json::object ResourceList(const std::vector<FakeResource>& resources,
                          const std::string& api_version) {
  json::array list;
  for (const FakeResource& type : resources) {
    if (type.ApiVersion() != api_version) {
      continue;
    }
    json::object entry{{"name", type.plural},
                       {"singularName", type.singular},
                       {"namespaced", type.namespaced},
                       {"kind", type.kind},
                       {"verbs", Verbs({"create", "delete", "deletecollection", "get", "list",
                                        "patch", "update", "watch"})}};
    if (!type.short_names.empty()) {
      entry["shortNames"] = Texts(type.short_names);
    }
    if (!type.categories.empty()) {
      entry["categories"] = Texts(type.categories);
    }
    list.push_back(std::move(entry));
    if (type.has_status) {
      list.push_back(Subresource(type, "status", type.kind.c_str()));
    }
    if (type.has_scale()) {
      list.push_back(Subresource(type, "scale", "Scale"));
    }
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", api_version},
          {"resources", std::move(list)}};
}

json::object Group(const FakeResource& type) {
  const json::object version{{"groupVersion", type.ApiVersion()}, {"version", type.version}};
  return {{"name", type.group}, {"versions", json::array{version}}, {"preferredVersion", version}};
}

json::object GroupList(const std::vector<FakeResource>& resources) {
  json::array groups;
  std::vector<std::string> seen;
  for (const FakeResource& type : resources) {
    if (!type.group.empty() && std::find(seen.begin(), seen.end(), type.group) == seen.end()) {
      seen.push_back(type.group);
      groups.push_back(Group(type));
    }
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

std::optional<ApiAnswer> Answer(json::object body) {
  ApiAnswer answer;
  answer.body = std::move(body);
  return answer;
}

}  // namespace

std::optional<ApiAnswer> Discover(const std::vector<FakeResource>& resources,
                                  const ApiRequest& request) {
  std::string_view path = request.path;
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  if (path == "/version") {
    return Answer(Version());
  }
  if (path == "/healthz" || path == "/livez" || path == "/readyz") {
    ApiAnswer answer;
    answer.text = "ok";
    return answer;
  }
  if (path == "/api") {
    return Answer({{"kind", "APIVersions"}, {"versions", json::array{"v1"}}});
  }
  if (path == "/apis") {
    return Answer(GroupList(resources));
  }
  for (const FakeResource& type : resources) {
    const std::string prefix = type.group.empty() ? "/api/" : "/apis/";
    if (path == prefix + type.ApiVersion()) {
      return Answer(ResourceList(resources, type.ApiVersion()));
    }
    if (!type.group.empty() && path == prefix + type.group) {
      json::object group = Group(type);
      group["kind"] = "APIGroup";
      group["apiVersion"] = "v1";
      return Answer(std::move(group));
    }
  }
  return std::nullopt;
}

}  // namespace squall
