#include "daemon/gateway/status_reply.h"

#include <string>

#include "daemon/report/json_writer.h"

namespace squall {
namespace {

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

}  // namespace

HttpReply StatusReply(const absl::Status& status) {
  JsonWriter json(JsonWriter::Style::kCompact);
  json.BeginObject().Key("error").BeginObject();
  json.Field("code", absl::StatusCodeToString(status.code()));
  json.Field("message", std::string_view(status.message().data(), status.message().size()));
  json.EndObject().EndObject();
  return JsonReply(HttpStatusOf(status.code()), json.Take());
}

}  // namespace squall
