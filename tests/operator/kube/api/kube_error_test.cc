#include "operator/kube/api/kube_error.h"

#include <string>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::seconds;

constexpr char kInvalid[] = R"({"kind":"Status","apiVersion":"v1","status":"Failure",
  "message":"LoadTest \"p\" is invalid: spec.users: must be positive","reason":"Invalid",
  "details":{"name":"p","causes":[
    {"reason":"FieldValueInvalid","message":"must be positive","field":"spec.users"}]},
  "code":422})";

TEST(KubeErrorTest, ReadsAStatus) {
  const KubeError error = ReadKubeError(422, kInvalid);
  EXPECT_EQ(error.http_code, 422);
  EXPECT_EQ(error.reason, "Invalid");
  ASSERT_EQ(error.causes.size(), 1U);
  EXPECT_EQ(error.causes[0],
            (KubeErrorCause{"spec.users", "FieldValueInvalid", "must be positive"}));
  EXPECT_FALSE(error.retry_after);
}

TEST(KubeErrorTest, EveryCodeHasItsStatus) {
  struct Row {
    int http;
    const char* reason;
    absl::StatusCode code;
  };
  for (const Row& row : {Row{400, "BadRequest", absl::StatusCode::kInvalidArgument},
                         Row{401, "Unauthorized", absl::StatusCode::kUnauthenticated},
                         Row{403, "Forbidden", absl::StatusCode::kPermissionDenied},
                         Row{404, "NotFound", absl::StatusCode::kNotFound},
                         Row{405, "MethodNotAllowed", absl::StatusCode::kInvalidArgument},
                         Row{409, "AlreadyExists", absl::StatusCode::kAlreadyExists},
                         Row{409, "Conflict", absl::StatusCode::kAborted},
                         Row{410, "Expired", absl::StatusCode::kOutOfRange},
                         Row{413, "RequestEntityTooLarge", absl::StatusCode::kInvalidArgument},
                         Row{415, "UnsupportedMediaType", absl::StatusCode::kInvalidArgument},
                         Row{422, "Invalid", absl::StatusCode::kInvalidArgument},
                         Row{429, "TooManyRequests", absl::StatusCode::kResourceExhausted},
                         Row{500, "InternalError", absl::StatusCode::kUnavailable},
                         Row{503, "ServiceUnavailable", absl::StatusCode::kUnavailable},
                         Row{504, "Timeout", absl::StatusCode::kUnavailable},
                         Row{302, "", absl::StatusCode::kUnavailable}}) {
    EXPECT_EQ(ToStatus(KubeError{row.http, row.reason, "m", {}, {}}).code(), row.code)
        << row.http << row.reason;
  }
}

TEST(KubeErrorTest, AVersionThatIsNotThereYetIsAnErrorOfItsOwn) {
  const KubeError error = ReadKubeError(504, R"({"kind":"Status","reason":"Timeout","code":504,
    "message":"Too large resource version: 9, current: 3","details":{"retryAfterSeconds":1,
    "causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}})");
  EXPECT_EQ(ToStatus(error).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(error.retry_after, seconds(1));
}

TEST(KubeErrorTest, SaysAPageThatIsNoStatusInItsOwnWords) {
  const KubeError error = ReadKubeError(502, "<html>\nbad\tgateway</html>");
  EXPECT_EQ(error.message, "the server answered without a Status: <html> bad gateway</html>");
  EXPECT_EQ(ReadKubeError(409, "").reason, "Conflict");
  EXPECT_EQ(ReadKubeError(404, "").message, "the server gave no reason");
  EXPECT_EQ(ReadKubeError(403, R"({"kind":"Pod"})").reason, "Forbidden");
}

TEST(KubeErrorTest, APageInAnyEncodingTravelsThroughAStatus) {
  for (const std::string& page : {std::string("caf\xE9 \xFF"), std::string(5000, '\xFF')}) {
    const KubeError error = ReadKubeError(502, page);
    EXPECT_EQ(KubeErrorOf(ToStatus(error)), error);
  }
  const KubeError error =
      ReadKubeError(500, R"({"kind":"Status","message":")" + std::string(9000, 'x') + "\"}");
  EXPECT_EQ(KubeErrorOf(ToStatus(error)), error);
}

TEST(KubeErrorTest, TheHttpCodeWinsOverTheBodys) {
  EXPECT_EQ(ReadKubeError(503, kInvalid).http_code, 503);
  EXPECT_EQ(ToStatus(ReadKubeError(503, kInvalid)).code(), absl::StatusCode::kUnavailable);
}

TEST(KubeErrorTest, TheHeadersRetryAfterWinsOverTheBodys) {
  const char* body = R"({"kind":"Status","code":429,"details":{"retryAfterSeconds":3}})";
  EXPECT_EQ(ReadKubeError(429, body).retry_after, seconds(3));
  EXPECT_EQ(ReadKubeError(429, body, "7").retry_after, seconds(7));
  EXPECT_EQ(ReadKubeError(429, body, "0").retry_after, seconds(0));
  EXPECT_EQ(ReadKubeError(429, body, "soon").retry_after, seconds(3));
  EXPECT_EQ(ReadKubeError(429, body, "-1").retry_after, seconds(3));
  EXPECT_EQ(ReadKubeError(429, "", "99999999").retry_after, seconds(3600));
  EXPECT_FALSE(ReadKubeError(429, "").retry_after);
}

TEST(KubeErrorTest, TravelsThroughAStatus) {
  KubeError error = ReadKubeError(422, kInvalid, "2");
  const absl::Status status = ToStatus(error, "apply loadtests a/p");
  EXPECT_EQ(std::string(status.message()),
            "apply loadtests a/p: LoadTest \"p\" is invalid: spec.users: must be positive "
            "(422 Invalid)");
  EXPECT_EQ(KubeErrorOf(status), error);
  EXPECT_FALSE(KubeErrorOf(absl::OkStatus()));
  EXPECT_FALSE(KubeErrorOf(absl::NotFoundError("no file")));
}

TEST(KubeErrorTest, AnErrorInAWatchMayLackTheCode) {
  const auto status = [](const char* text) {
    return KubeErrorFromStatus(boost::json::parse(text).as_object());
  };
  EXPECT_EQ(status(R"({"reason":"Expired"})").http_code, 410);
  EXPECT_EQ(status(R"({"reason":"Gone"})").http_code, 410);
  EXPECT_EQ(status(R"({"message":"?"})").http_code, 500);
  EXPECT_EQ(status(R"({"code":-5})").http_code, 500);
}

TEST(KubeErrorTest, AMessageStaysOneLineOfBoundedLength) {
  const std::string body = R"({"kind":"Status","message":"a\nb)" + std::string(9000, 'x') + "\"}";
  const KubeError error = ReadKubeError(500, body);
  EXPECT_EQ(error.message.substr(0, 4), "a bx");
  EXPECT_LT(error.message.size(), 4200U);
}

}  // namespace
}  // namespace squall
