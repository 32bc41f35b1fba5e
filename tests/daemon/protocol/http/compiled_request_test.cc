#include "daemon/protocol/http/compiled_request.h"

#include <string>

#include <gtest/gtest.h>

#include "daemon/base/ascii.h"
#include "daemon/base/base64.h"
#include "tests/daemon/protocol/http/test_user.h"

namespace squall {
namespace {

class CompiledRequestTest : public testing::Test {
 protected:
  CompiledRequestTest() {
    plan_.service.base_url = "http://shop.test:8082";
    step_.path = "/products";
  }

  absl::StatusOr<std::unique_ptr<CompiledHttpRequest>> Make() {
    return CompiledHttpRequest::Make(step_, plan_, user_class_, 0);
  }
  // What the step sends for `user_`, or its error as the head.
  RenderedRequest Render() {
    const auto request = Make();
    if (!request.ok()) {
      return {.head = std::string(request.status().message())};
    }
    RenderedRequest out;
    const absl::Status status = (*request)->Render(user_, &out);
    if (!status.ok()) {
      return {.head = std::string(status.message())};
    }
    return out;
  }
  // Sends the step, then follows a redirect to `url`.
  RenderedRequest Follow(int status, std::string_view url) {
    const auto request = Make();
    EXPECT_TRUE(request.ok()) << request.status();
    RenderedRequest first;
    EXPECT_TRUE((*request)->Render(user_, &first).ok());
    return (*request)->Follow(first, status, *ParseUrl(url));
  }

  Plan plan_;
  UserClass user_class_;
  RequestStep step_;
  TestUser user_;
};

// The value of a header line in `head`; "-" when there is none, all of them when there are more.
std::string Header(const RenderedRequest& request, std::string_view name) {
  std::string found;
  size_t at = request.head.find("\r\n") + 2;
  while (at < request.head.size()) {
    const size_t end = request.head.find("\r\n", at);
    const std::string line = request.head.substr(at, end - at);
    const size_t colon = line.find(": ");
    if (EqualsIgnoringCase(line.substr(0, colon), name)) {
      found += (found.empty() ? "" : " AND ") + line.substr(colon + 2);
    }
    at = end + 2;
  }
  return found.empty() ? "-" : found;
}

std::string FirstLine(const RenderedRequest& request) {
  return request.head.substr(0, request.head.find("\r\n"));
}

TEST_F(CompiledRequestTest, AStepWithoutVariablesIsConstantBytes) {
  const auto request = Make();
  ASSERT_TRUE(request.ok()) << request.status();
  const RenderedRequest* constant = (*request)->constant();
  ASSERT_NE(constant, nullptr);
  EXPECT_EQ(constant->head,
            "GET /products HTTP/1.1\r\nHost: shop.test:8082\r\nUser-Agent: squall/0.1\r\n"
            "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\n");
  EXPECT_EQ(constant->body, "");
  EXPECT_EQ(constant->origin, (Origin{false, "shop.test", 8082}));
  EXPECT_EQ(*(*request)->constant_name(), "/products");
}

TEST_F(CompiledRequestTest, AVariableAnywhereMakesItVary) {
  const auto varies = [&] {
    const auto request = Make();
    EXPECT_TRUE(request.ok()) << request.status();
    return (*request)->constant() == nullptr;
  };
  EXPECT_FALSE(varies());
  const RequestStep plain = step_;
  step_.path = "/products/{{id}}";
  EXPECT_TRUE(varies());
  step_ = plain;
  step_.query = {{"q", "{{id}}"}};
  EXPECT_TRUE(varies());
  step_ = plain;
  step_.headers = {{"X-Id", "{{id}}"}};
  EXPECT_TRUE(varies());
  step_ = plain;
  step_.form = {{"q", "{{id}}"}};
  EXPECT_TRUE(varies());
  step_ = plain;
  step_.json = R"({"id": {{id}}})";
  EXPECT_TRUE(varies());
  step_ = plain;
  plan_.service.bearer_token = "{{token}}";
  EXPECT_TRUE(varies());
}

TEST_F(CompiledRequestTest, ATemplatedPathIsOneNameInTheStatistics) {
  step_.path = "/products/{{id}}";
  user_.variables.Set("id", 42);
  const auto request = Make();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(*(*request)->constant_name(), "/products/{{id}}");
  RenderedRequest out;
  ASSERT_TRUE((*request)->Render(user_, &out).ok());
  EXPECT_EQ(out.target, "/products/42");
}

TEST_F(CompiledRequestTest, ATemplatedNameVaries) {
  step_.name = "of {{kind}}";
  const auto request = Make();
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->constant_name(), nullptr);
}

TEST_F(CompiledRequestTest, AMissingVariableIsNamed) {
  step_.path = "/products/{{nobody}}";
  EXPECT_NE(Render().head.find("nobody"), std::string::npos);
}

TEST_F(CompiledRequestTest, ReusingTheResultLeavesNothingBehind) {
  step_.path = "/{{id}}";
  step_.body = "{{id}}";
  const auto request = Make();
  ASSERT_TRUE(request.ok());
  RenderedRequest out;
  user_.variables.Set("id", "a long first value");
  ASSERT_TRUE((*request)->Render(user_, &out).ok());
  user_.variables.Set("id", "b");
  ASSERT_TRUE((*request)->Render(user_, &out).ok());
  EXPECT_EQ(FirstLine(out), "GET /b HTTP/1.1");
  EXPECT_EQ(out.body, "b");
  EXPECT_EQ(Header(out, "Content-Length"), "1");
}

TEST_F(CompiledRequestTest, TheBasePathComesFirst) {
  plan_.service.base_url = "http://shop.test/api/v1/";
  EXPECT_EQ(FirstLine(Render()), "GET /api/v1/products HTTP/1.1");
  step_.path = "products";
  EXPECT_EQ(FirstLine(Render()), "GET /api/v1/products HTTP/1.1");
  step_.path = "";
  EXPECT_EQ(FirstLine(Render()), "GET /api/v1/ HTTP/1.1");
}

TEST_F(CompiledRequestTest, TheHostOfTheClassWins) {
  user_class_.host = "https://other.test";
  EXPECT_EQ(Render().origin, (Origin{true, "other.test", 443}));
}

TEST_F(CompiledRequestTest, AnAbsoluteUrlGoesWhereItSays) {
  plan_.service.base_url = "http://shop.test/api";
  step_.path = "https://other.test/x?y=1";
  RenderedRequest out = Render();
  EXPECT_EQ(out.origin, (Origin{true, "other.test", 443}));
  EXPECT_EQ(FirstLine(out), "GET /x?y=1 HTTP/1.1");
  EXPECT_EQ(Header(out, "Host"), "other.test");
  step_.path = "{{link}}";
  user_.variables.Set("link", "http://third.test:81");
  out = Render();
  EXPECT_EQ(FirstLine(out), "GET / HTTP/1.1");
  EXPECT_EQ(Header(out, "Host"), "third.test:81");
  user_.variables.Set("link", "http://third.test?y=1");
  EXPECT_EQ(FirstLine(Render()), "GET /?y=1 HTTP/1.1");
}

TEST_F(CompiledRequestTest, ABadBaseUrlIsRefused) {
  plan_.service.base_url = "shop.test";
  EXPECT_EQ(Make().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CompiledRequestTest, QueryValuesAreEncoded) {
  step_.query = {{"a b", "1&2"}, {"n", "{{n}}"}};
  user_.variables.Set("n", "é=");
  EXPECT_EQ(FirstLine(Render()), "GET /products?a%20b=1%262&n=%C3%A9%3D HTTP/1.1");
  step_.path = "/products?x=1";
  EXPECT_EQ(FirstLine(Render()), "GET /products?x=1&a%20b=1%262&n=%C3%A9%3D HTTP/1.1");
}

TEST_F(CompiledRequestTest, DataInAPathCannotWriteARequest) {
  step_.path = "/products/{{id}}";
  user_.variables.Set("id", "x HTTP/1.1\r\nEvil: 1\r\n\r\n");
  EXPECT_EQ(FirstLine(Render()), "GET /products/x%20HTTP/1.1%0D%0AEvil:%201%0D%0A%0D%0A HTTP/1.1");
}

TEST_F(CompiledRequestTest, HeaderInjectionIsRefused) {
  step_.headers = {{"X-Data", "{{data}}"}};
  for (const std::string& bad : {std::string("a\r\nEvil: 1"), std::string("a\nb"),
                                 std::string("a\rb"), std::string("a\0b", 3)}) {
    user_.variables.Set("data", bad);
    EXPECT_EQ(Render().head, "header X-Data must not hold line breaks");
  }
  plan_.service.bearer_token = "{{data}}";
  step_.headers.clear();
  EXPECT_EQ(Render().head, "header Authorization must not hold line breaks");
}

TEST_F(CompiledRequestTest, BodiesHaveTheirContentTypeAndLength) {
  step_.method = "POST";
  EXPECT_EQ(Header(Render(), "Content-Length"), "0");
  step_.body = "plain";
  RenderedRequest out = Render();
  EXPECT_EQ(out.body, "plain");
  EXPECT_EQ(Header(out, "Content-Type"), "-");
  EXPECT_EQ(Header(out, "Content-Length"), "5");
  step_.body.clear();
  step_.form = {{"a b", "{{n}}"}, {"c", "x&y"}};
  user_.variables.Set("n", "1+1");
  out = Render();
  EXPECT_EQ(out.body, "a%20b=1%2B1&c=x%26y");
  EXPECT_EQ(Header(out, "Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(CompiledRequestTest, JsonIsEscapedWhereItStandsInText) {
  step_.method = "POST";
  step_.json = R"({"name":"{{name}}","n":{{n}}})";
  user_.variables.Set("name", "\"quoted\"\n");
  user_.variables.Set("n", 3);
  const RenderedRequest out = Render();
  EXPECT_EQ(out.body, R"({"name":"\"quoted\"\n","n":3})");
  EXPECT_EQ(Header(out, "Content-Type"), "application/json");
}

TEST_F(CompiledRequestTest, TheStepsHeadersWinOverTheServicesAndTheDefaults) {
  plan_.service.headers = {{"X-A", "service"}, {"X-B", "service"}, {"accept", "text/plain"}};
  step_.headers = {{"x-a", "step"}, {"user-agent", "mine"}, {"Host", "virtual.test"}};
  const RenderedRequest out = Render();
  EXPECT_EQ(Header(out, "X-A"), "step");
  EXPECT_EQ(Header(out, "X-B"), "service");
  EXPECT_EQ(Header(out, "Accept"), "text/plain");
  EXPECT_EQ(Header(out, "User-Agent"), "mine");
  EXPECT_EQ(Header(out, "Host"), "virtual.test");
}

TEST_F(CompiledRequestTest, SettingsChangeTheDefaultHeaders) {
  plan_.service.accept_gzip = false;
  plan_.service.keep_alive = false;
  step_.method = "PUT";
  step_.body = "x";
  step_.expect_continue = true;
  const RenderedRequest out = Render();
  EXPECT_EQ(Header(out, "Accept-Encoding"), "-");
  EXPECT_EQ(Header(out, "Connection"), "close");
  EXPECT_EQ(Header(out, "Expect"), "100-continue");
}

TEST_F(CompiledRequestTest, CredentialsComeFromTheFirstPlaceThatHasThem) {
  plan_.service.base_url = "http://demo:demo@shop.test";
  EXPECT_EQ(Header(Render(), "Authorization"), "Basic ZGVtbzpkZW1v");
  plan_.service.basic_auth = BasicAuth{"{{user}}", "secret"};
  user_.variables.Set("user", "ann");
  EXPECT_EQ(Header(Render(), "Authorization"), "Basic " + EncodeBase64("ann:secret"));
  plan_.service.bearer_token = "t-1";
  EXPECT_EQ(Header(Render(), "Authorization"), "Bearer t-1");
  step_.headers = {{"authorization", "Custom x"}};
  EXPECT_EQ(Header(Render(), "Authorization"), "Custom x");
}

TEST_F(CompiledRequestTest, CredentialsAreNotSentToAnotherHost) {
  plan_.service.bearer_token = "t-1";
  step_.path = "http://other.test/";
  EXPECT_EQ(Header(Render(), "Authorization"), "-");
  step_.path = "http://SHOP.test:8082/";
  EXPECT_EQ(Header(Render(), "Authorization"), "Bearer t-1");
}

TEST_F(CompiledRequestTest, ThroughAProxyTheTargetIsAbsolute) {
  plan_.service.proxy = "http://me:pw@proxy.test:3128";
  const RenderedRequest out = Render();
  EXPECT_EQ(FirstLine(out), "GET http://shop.test:8082/products HTTP/1.1");
  EXPECT_EQ(Header(out, "Host"), "shop.test:8082");
  EXPECT_EQ(Header(out, "Proxy-Authorization"), "Basic " + EncodeBase64("me:pw"));
  // Inside a tunnel the proxy sees nothing.
  plan_.service.base_url = "https://shop.test";
  EXPECT_EQ(FirstLine(Render()), "GET /products HTTP/1.1");
  EXPECT_EQ(Header(Render(), "Proxy-Authorization"), "-");
}

TEST_F(CompiledRequestTest, RedirectsOfAPostBecomeAGetOrStayOne) {
  step_.method = "POST";
  step_.json = R"({"a":1})";
  step_.expect_continue = true;
  for (const int status : {301, 302, 303}) {
    const RenderedRequest next = Follow(status, "http://shop.test:8082/next");
    EXPECT_EQ(FirstLine(next), "GET /next HTTP/1.1") << status;
    EXPECT_EQ(next.method, "GET");
    EXPECT_EQ(next.body, "");
    EXPECT_EQ(Header(next, "Content-Length"), "-");
    EXPECT_EQ(Header(next, "Content-Type"), "-");
    EXPECT_EQ(Header(next, "Expect"), "-");
    EXPECT_EQ(Header(next, "User-Agent"), "squall/0.1");
  }
  for (const int status : {307, 308}) {
    const RenderedRequest next = Follow(status, "http://shop.test:8082/next");
    EXPECT_EQ(FirstLine(next), "POST /next HTTP/1.1") << status;
    EXPECT_EQ(next.body, R"({"a":1})");
    EXPECT_EQ(Header(next, "Content-Length"), "7");
  }
}

TEST_F(CompiledRequestTest, OtherMethodsChangeOnlyOn303) {
  step_.method = "PUT";
  step_.body = "x";
  EXPECT_EQ(Follow(302, "http://shop.test:8082/").method, "PUT");
  EXPECT_EQ(Follow(303, "http://shop.test:8082/").method, "GET");
  step_.method = "HEAD";
  step_.body.clear();
  EXPECT_EQ(Follow(303, "http://shop.test:8082/").method, "HEAD");
}

TEST_F(CompiledRequestTest, ARedirectToAnotherHostLeavesSecretsBehind) {
  plan_.service.bearer_token = "t-1";
  step_.headers = {{"cookie", "session=1"}, {"X-Trace", "9"}};
  RenderedRequest next = Follow(302, "http://shop.test:8082/next");
  EXPECT_EQ(Header(next, "Authorization"), "Bearer t-1");
  EXPECT_EQ(Header(next, "Cookie"), "session=1");
  for (const char* url : {"http://evil.test/", "http://shop.test/", "https://shop.test:8082/"}) {
    next = Follow(302, url);
    EXPECT_EQ(Header(next, "Authorization"), "-") << url;
    EXPECT_EQ(Header(next, "Cookie"), "-") << url;
    EXPECT_EQ(Header(next, "X-Trace"), "9") << url;
  }
}

TEST_F(CompiledRequestTest, AHostSetByHandIsForItsHostOnly) {
  step_.headers = {{"Host", "virtual.test"}};
  EXPECT_EQ(Header(Follow(302, "http://shop.test:8082/next"), "Host"), "virtual.test");
  EXPECT_EQ(Header(Follow(302, "http://other.test/next"), "Host"), "other.test");
}

TEST_F(CompiledRequestTest, ARedirectThroughAProxyIsAbsoluteAndAuthorized) {
  plan_.service.proxy = "http://me:pw@proxy.test:3128";
  const RenderedRequest next = Follow(302, "http://other.test/next");
  EXPECT_EQ(FirstLine(next), "GET http://other.test/next HTTP/1.1");
  EXPECT_EQ(Header(next, "Proxy-Authorization"), "Basic " + EncodeBase64("me:pw"));
  EXPECT_EQ(Header(Follow(302, "https://other.test/next"), "Proxy-Authorization"), "-");
}

TEST_F(CompiledRequestTest, RetriesServerErrorsUnlessTold) {
  auto request = Make();
  EXPECT_TRUE((*request)->RetriesStatus(503));
  EXPECT_FALSE((*request)->RetriesStatus(404));
  step_.retry.on_status = {429};
  request = Make();
  EXPECT_TRUE((*request)->RetriesStatus(429));
  EXPECT_FALSE((*request)->RetriesStatus(503));
}

TEST_F(CompiledRequestTest, StepSettingsWinOverTheServices) {
  plan_.service.timeout = std::chrono::seconds(9);
  plan_.service.redirects_max = 4;
  auto request = Make();
  EXPECT_EQ((*request)->timeout(), std::chrono::seconds(9));
  EXPECT_EQ((*request)->redirects_max(), 4);
  step_.timeout = std::chrono::seconds(2);
  step_.redirects_max = 0;
  request = Make();
  EXPECT_EQ((*request)->timeout(), std::chrono::seconds(2));
  EXPECT_EQ((*request)->redirects_max(), 0);
}

TEST_F(CompiledRequestTest, OnlyMethodsThatMayBeRepeatedAreIdempotent) {
  for (const auto& [method, idempotent] :
       {std::pair("GET", true), std::pair("PUT", true), std::pair("DELETE", true),
        std::pair("POST", false), std::pair("PATCH", false)}) {
    step_.method = method;
    EXPECT_EQ((*Make())->idempotent(), idempotent) << method;
  }
}

}  // namespace
}  // namespace squall
