#include "tests/support/kube/api_error.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace squall {
namespace {

namespace json = boost::json;

ApiError About(const GroupResource& type, std::string_view name, int code, std::string reason,
               std::string message) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  error.name = name;
  error.group = type.group;
  error.kind = type.resource;
  return error;
}

ApiError Plain(int code, std::string reason, std::string message) {
  return About({}, "", code, std::move(reason), std::move(message));
}

}  // namespace

std::string GroupResource::ToString() const {
  return group.empty() ? resource : resource + "." + group;
}

json::object ApiError::ToStatus() const {
  json::object details;
  const auto set = [&details](const char* key, const std::string& value) {
    if (!value.empty()) {
      details[key] = value;
    }
  };
  set("name", name);
  set("group", group);
  set("kind", kind);
  if (!causes.empty()) {
    json::array list;
    for (const ApiCause& cause : causes) {
      json::object item{{"reason", cause.reason}, {"message", cause.message}};
      if (!cause.field.empty()) {
        item["field"] = cause.field;
      }
      list.push_back(std::move(item));
    }
    details["causes"] = std::move(list);
  }
  if (retry_after_seconds) {
    details["retryAfterSeconds"] = *retry_after_seconds;
  }
  json::object status{{"kind", "Status"},
                      {"apiVersion", "v1"},
                      {"metadata", json::object()},
                      {"status", "Failure"},
                      {"message", message},
                      {"reason", reason},
                      {"details", std::move(details)},
                      {"code", code}};
  return status;
}

ApiError NotFoundError(const GroupResource& type, std::string_view name) {
  return About(type, name, 404, "NotFound",
               fmt::format("{} \"{}\" not found", type.ToString(), name));
}

ApiError AlreadyExistsError(const GroupResource& type, std::string_view name) {
  return About(type, name, 409, "AlreadyExists",
               fmt::format("{} \"{}\" already exists", type.ToString(), name));
}

ApiError StaleObjectError(const GroupResource& type, std::string_view name) {
  return About(
      type, name, 409, "Conflict",
      fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been modified; "
                  "please apply your changes to the latest version and try again",
                  type.ToString(), name));
}

ApiError PreconditionError(const GroupResource& type, std::string_view name, std::string_view what,
                           std::string_view wanted, std::string_view found) {
  return About(type, name, 409, "Conflict",
               fmt::format("Operation cannot be fulfilled on {} \"{}\": Precondition failed: {} in "
                           "precondition: {}, {} in object meta: {}",
                           type.ToString(), name, what, wanted, what, found));
}

ApiError QuotaError(const GroupResource& type, std::string_view name) {
  return About(type, name, 403, "Forbidden",
               fmt::format("{} \"{}\" is forbidden: exceeded quota: team, requested: {}=1, used: "
                           "{}=3, limited: {}=3",
                           type.ToString(), name, type.resource, type.resource, type.resource));
}

ApiError InvalidError(std::string_view group, std::string_view kind, std::string_view name,
                      std::vector<ApiCause> causes) {
  const std::string type = group.empty() ? std::string(kind) : fmt::format("{}.{}", kind, group);
  std::string all;
  for (const ApiCause& cause : causes) {
    all += fmt::format("{}{}: {}", all.empty() ? "" : ", ", cause.field, cause.message);
  }
  if (causes.size() > 1) {
    all = "[" + all + "]";
  }
  ApiError error = Plain(422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", type, name, all));
  error.name = name;
  error.group = group;
  error.kind = kind;
  error.causes = std::move(causes);
  return error;
}

ApiError BadRequestError(std::string message) {
  return Plain(400, "BadRequest", std::move(message));
}

ApiError ExpiredError(std::string message) { return Plain(410, "Expired", std::move(message)); }

ApiError TooLargeVersionError(std::string_view wanted, std::string_view current) {
  ApiError error = Plain(
      504, "Timeout", fmt::format("Too large resource version: {}, current: {}", wanted, current));
  error.causes.push_back({"", "ResourceVersionTooLarge", "Too large resource version"});
  error.retry_after_seconds = 1;
  return error;
}

ApiError UnsupportedMediaError(std::string_view accepted) {
  return Plain(
      415, "UnsupportedMediaType",
      fmt::format("the body of the request was in an unknown format - accepted media types "
                  "include: {}",
                  accepted));
}

ApiError MethodNotAllowedError() {
  return Plain(405, "MethodNotAllowed",
               "the server does not allow this method on the requested resource");
}

ApiError JsonPatchError(std::string message) {
  ApiError error =
      Plain(422, "Invalid", "the server rejected our request due to an error in our request");
  error.causes.push_back({"", "UnexpectedServerResponse", std::move(message)});
  return error;
}

ApiError ErrorOfCode(int code) {
  struct Words {
    int code;
    const char* reason;
    const char* message;
  };
  static constexpr Words kWords[] = {
      {400, "BadRequest", "the server rejected our request for an unknown reason"},
      {401, "Unauthorized", "Unauthorized"},
      {403, "Forbidden", "forbidden: User \"system:anonymous\" cannot do that"},
      {404, "NotFound", "the server could not find the requested resource"},
      {409, "Conflict", "Operation cannot be fulfilled: the object has been modified"},
      {410, "Expired", "The resourceVersion for the provided watch is too old."},
      {429, "TooManyRequests", "Too many requests, please try again later."},
      {500, "InternalError", "Internal error occurred: etcdserver: request timed out"},
      {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
      {504, "Timeout", "Timeout: request did not complete within the allotted timeout"},
  };
  const auto* const known = std::find_if(std::begin(kWords), std::end(kWords),
                                         [code](const Words& words) { return words.code == code; });
  return known == std::end(kWords)
             ? Plain(code, "Unknown", fmt::format("an error on the server: {}", code))
             : Plain(code, known->reason, known->message);
}

}  // namespace squall
