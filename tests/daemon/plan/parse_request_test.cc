// Requests.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

using std::chrono::milliseconds;

RequestStep RequestOf(const std::string& step) {
  const PlanResult result = ParseText(PlanWithSteps(step));
  EXPECT_EQ(ErrorText(result), "") << step;
  return result.plan.users.empty()
             ? RequestStep()
             : std::get<RequestStep>(result.plan.users[0].tasks[0].steps[0].what);
}

TEST(ParseRequestTest, ShorthandsAreNamedByTheirMethod) {
  EXPECT_EQ(RequestOf("- get: /a"), (RequestStep{.method = "GET", .path = "/a"}));
  EXPECT_EQ(RequestOf("- delete: {path: /a}").method, "DELETE");
  EXPECT_EQ(RequestOf("- request: {path: /a}").method, "GET");
  EXPECT_EQ(RequestOf("- request: {method: purge, path: /a}").method, "PURGE");
  ExpectStepsError("- post: {method: PUT, path: /a}", "must be one of the keys path");
  ExpectStepsError("- request: /a", "must be a map, got '/a'");
  ExpectStepsError("- request: {method: 'G T', path: /a}", "must be an HTTP method such as GET");
  ExpectStepsError("- get: {name: x}", "must have the key 'path'");
}

TEST(ParseRequestTest, PathsStartWithASlashOrAScheme) {
  EXPECT_EQ(RequestOf("- get: http://other/x").path, "http://other/x");
  EXPECT_EQ(RequestOf("- get: \"/x/{{ user_number() }}?a=b\"").path, "/x/{{ user_number() }}?a=b");
  ExpectStepsError("- get: products", "must start with / or http:// or https://, got 'products'");
  ExpectStepsError("- get: /a b", "must not hold blanks (write %20), got '/a b'");
  ExpectStepsError("- get: \"/x/{{oops\"", "steps[0].get: offset 3: '{{' must be closed");
}

TEST(ParseRequestTest, QueryHeadersAndFormsKeepTheirOrder) {
  const RequestStep request = RequestOf(
      "- post:\n"
      "    path: /\n"
      "    query: {b: 1, a: [x, y]}\n"
      "    headers: {X: 1}\n"
      "    form: {name: Laptop, n: \"{{random_int(1,5)}}\"}");
  EXPECT_EQ(request.query, (std::vector<FormField>{{"b", "1"}, {"a", "x"}, {"a", "y"}}));
  EXPECT_EQ(request.headers, (HeaderList{{"X", "1"}}));
  EXPECT_EQ(request.form,
            (std::vector<FormField>{{"name", "Laptop"}, {"n", "{{random_int(1,5)}}"}}));
}

TEST(ParseRequestTest, ThereIsAtMostOneBody) {
  EXPECT_EQ(RequestOf("- post: {path: /, body: \"a={{uuid()}}\"}").body, "a={{uuid()}}");
  ExpectStepsError("- post: {path: /, body: x, json: {a: 1}}",
                   "must have only one of the keys body, json, form, got 'body' and 'json'");
}

TEST(ParseRequestTest, TimeoutRedirectsAndContinueAreRead) {
  const RequestStep request =
      RequestOf("- get: {path: /, timeout: 250ms, max_redirects: 0, expect_continue: true}");
  EXPECT_EQ(request.timeout, milliseconds(250));
  EXPECT_EQ(request.redirects_max, 0);
  EXPECT_TRUE(request.expect_continue);
  ExpectStepsError("- get: {path: /, timeout: 0}", "must be longer than 0 s");
  ExpectStepsError("- get: {path: /, max_redirects: 101}", "must be a whole number from 0 to 100");
}

TEST(ParseRequestTest, RetriesHaveAttemptsADelayAndStatuses) {
  EXPECT_EQ(RequestOf("- get: {path: /, retry: {attempts: 3, delay: 250ms, on_status: [502, 503]}}")
                .retry,
            (Retry{3, milliseconds(250), {502, 503}}));
  EXPECT_EQ(RequestOf("- get: {path: /, retry: {attempts: 2, on_status: 429}}").retry,
            (Retry{2, std::chrono::seconds(1), {429}}));
  ExpectStepsError("- get: {path: /, retry: {delay: 1}}", "must have the key 'attempts'");
  ExpectStepsError("- get: {path: /, retry: {attempts: 0}}",
                   "must be a whole number from 1 to 100");
  ExpectStepsError("- get: {path: /, retry: {attempts: 2, on_status: 42}}",
                   "must be a whole number from 100 to 599");
}

}  // namespace
}  // namespace squall
