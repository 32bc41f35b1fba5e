#include "tests/support/kube/request_body.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "tests/support/kube/json_tools.h"
#include "tests/support/kube/yaml_json.h"

namespace squall {
namespace {

namespace json = boost::json;

ApiRefusal TakeObject(absl::StatusOr<json::value> parsed, json::object* object) {
  if (!parsed.ok()) {
    return BadRequestError(
        fmt::format("the object provided is unrecognized (must be of type Object): couldn't get "
                    "version/kind; json parse error: {}",
                    std::string(parsed.status().message())));
  }
  if (!parsed->is_object()) {
    return BadRequestError(
        "the object provided is unrecognized: json parse error: cannot "
        "unmarshal into Go value of type struct");
  }
  *object = std::move(parsed->get_object());
  return std::nullopt;
}

}  // namespace

std::string_view MediaType(const ApiRequest& request) {
  std::string_view media = request.content_type;
  media = media.substr(0, media.find(';'));
  while (media.ends_with(' ')) {
    media.remove_suffix(1);
  }
  return media;
}

ApiRefusal ReadObjectBody(const ApiRequest& request, json::object* object) {
  const std::string_view media = MediaType(request);
  if (media == "application/yaml") {
    return TakeObject(YamlToJson(request.body), object);
  }
  if (!media.empty() && media != "application/json" && media != "*/*") {
    return UnsupportedMediaError("application/json, application/yaml");
  }
  return TakeObject(ReadJson(request.body), object);
}

ApiRefusal ReadPatchBody(const ApiRequest& request, json::value* patch) {
  absl::StatusOr<json::value> parsed = ReadJson(request.body);
  if (!parsed.ok()) {
    return BadRequestError(
        fmt::format("error decoding patch: {}", std::string(parsed.status().message())));
  }
  *patch = *std::move(parsed);
  return std::nullopt;
}

ApiRefusal ReadApplyBody(const ApiRequest& request, json::object* intent) {
  if (request.Query("fieldManager").empty()) {
    return InvalidError(
        "meta.k8s.io", "PatchOptions", "",
        {{"fieldManager", "FieldValueRequired", "Required value: is required for apply patch"}});
  }
  absl::StatusOr<json::value> parsed = ReadJson(request.body);
  if (!parsed.ok()) {
    parsed = YamlToJson(request.body);
  }
  if (ApiRefusal bad = TakeObject(std::move(parsed), intent)) {
    return bad;
  }
  if (Dig(*intent, "metadata.managedFields") != nullptr) {
    return BadRequestError("metadata.managedFields must be nil");
  }
  return std::nullopt;
}

ApiRefusal ReadDeleteOptions(const ApiRequest& request, json::object* options) {
  if (!request.body.empty()) {
    if (ApiRefusal bad = ReadObjectBody(request, options)) {
      return bad;
    }
  }
  if (const std::string grace = request.Query("gracePeriodSeconds"); !grace.empty()) {
    (*options)["gracePeriodSeconds"] = std::strtoll(grace.c_str(), nullptr, 10);
  }
  if (const std::string policy = request.Query("propagationPolicy"); !policy.empty()) {
    (*options)["propagationPolicy"] = policy;
  }
  return std::nullopt;
}

ApiRefusal CheckEnvelope(const FakeResource& type, std::string_view ns, std::string_view name,
                         const json::object& object) {
  const std::string kind = DigText(object, "kind");
  const std::string version = DigText(object, "apiVersion");
  if (kind.empty() || version.empty()) {
    return BadRequestError(
        fmt::format("Object '{}' is missing", kind.empty() ? "Kind" : "apiVersion"));
  }
  if (version != type.ApiVersion()) {
    return BadRequestError(
        fmt::format("the API version in the data ({}) does not match the "
                    "expected API version ({})",
                    version, type.ApiVersion()));
  }
  if (kind != type.kind) {
    return BadRequestError(fmt::format(
        "the kind in the data ({}) does not match the expected kind ({})", kind, type.kind));
  }
  const std::string own_name = DigText(object, "metadata.name");
  if (!name.empty() && own_name != name) {
    return BadRequestError(
        fmt::format("the name of the object ({}) does not match the name on the "
                    "URL ({})",
                    own_name, name));
  }
  const std::string own_ns = DigText(object, "metadata.namespace");
  if (type.namespaced && !own_ns.empty() && own_ns != ns) {
    return BadRequestError(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  return std::nullopt;
}

}  // namespace squall
