// What the fake refuses with, in the words of the real server: clients and people match on them.
// Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

namespace squall {

struct ApiCause {
  std::string field;
  std::string reason;
  std::string message;
};

struct ApiError {
  int code = 500;
  std::string reason;
  std::string message;
  std::string name, group, kind;  // of details
  std::vector<ApiCause> causes;
  std::optional<int> retry_after_seconds;

  boost::json::object ToStatus() const;
};

// nullopt: not refused.
using ApiRefusal = std::optional<ApiError>;

// "pods", or "loadtests.squall.dev".
struct GroupResource {
  std::string group;
  std::string resource;
  std::string ToString() const;
};

ApiError NotFoundError(const GroupResource& type, std::string_view name);
ApiError AlreadyExistsError(const GroupResource& type, std::string_view name);
ApiError StaleObjectError(const GroupResource& type, std::string_view name);
ApiError PreconditionError(const GroupResource& type, std::string_view name, std::string_view what,
                           std::string_view wanted, std::string_view found);
ApiError QuotaError(const GroupResource& type, std::string_view name);
// "LoadTest.squall.dev "x" is invalid: …": needs at least one cause.
ApiError InvalidError(std::string_view group, std::string_view kind, std::string_view name,
                      std::vector<ApiCause> causes);
ApiError BadRequestError(std::string message);
ApiError ExpiredError(std::string message);
ApiError TooLargeVersionError(std::string_view wanted, std::string_view current);
ApiError UnsupportedMediaError(std::string_view accepted);
ApiError MethodNotAllowedError();
ApiError JsonPatchError(std::string message);
// A refusal that has only its code: the reason and the words follow from it.
ApiError ErrorOfCode(int code);

}  // namespace squall
