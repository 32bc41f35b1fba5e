// The protocol against squall-target: what a well-behaved server and a plan's steps ask of it.
#include "daemon/protocol/http/http_protocol.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/protocol/http/lone_user.h"
#include "tests/daemon/target/test_client.h"

namespace squall {
namespace {

class HttpProtocolTest : public testing::Test {
 protected:
  std::string url() const { return fmt::format("http://127.0.0.1:{}", target_.port()); }

  const RunningTarget target_;
};

Check JsonEquals(std::string path, std::string value) {
  JsonIs test;
  test.path = path;
  test.equals = std::move(value);
  return {std::move(path), std::move(test)};
}

Extract FromJson(std::string as, std::string path) {
  Extract extract;
  extract.as = std::move(as);
  extract.expression = std::move(path);
  return extract;
}

absl::Status MakeError(const Service& service) {
  auto plan = std::make_shared<Plan>();
  plan->service = service;
  return HttpProtocol().MakeShardClient(plan, nullptr, nullptr, nullptr).status();
}

TEST(HttpProtocolSettingsTest, ABadCertificateIsTheUsersError) {
  Service service;
  service.tls.ca_pem = "nonsense";
  EXPECT_EQ(MakeError(service).code(), absl::StatusCode::kInvalidArgument);
}

TEST(HttpProtocolSettingsTest, AProxyMustBePlainHttp) {
  Service service;
  service.proxy = "https://proxy.test";
  EXPECT_EQ(MakeError(service).message(),
            "service.proxy must be an http:// URL, got 'proxy.test:443'");
  service.proxy = "proxy.test:3128";
  EXPECT_EQ(MakeError(service).code(), absl::StatusCode::kInvalidArgument);
}

TEST(HttpProtocolSettingsTest, AStepThatDoesNotCompileIsTheUsersError) {
  RequestStep step = GetStep("/{{");
  EXPECT_EQ(HttpProtocol().Compile(step, Plan{}, UserClass{}, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
  step.path = "/";
  step.checks = {{"bad", BodyMatches{"("}}};
  EXPECT_EQ(HttpProtocol().Compile(step, Plan{}, UserClass{}, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// What an agent that allows only `entries` says of a step of this service.
std::string Refusal(const std::string& entries, const Service& service, const RequestStep& step) {
  HttpProtocolOptions options;
  options.allowed_targets = *ParseTargetAllowList({entries});
  Plan plan;
  plan.service = service;
  const absl::Status status = HttpProtocol(options).Compile(step, plan, UserClass{}, 0).status();
  EXPECT_EQ(status.code(),
            status.ok() ? absl::StatusCode::kOk : absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(HttpProtocolSettingsTest, APlanThatNamesAForbiddenAddressIsRefused) {
  Service service;
  service.base_url = "http://me:secret@10.0.0.1";
  EXPECT_EQ(Refusal("10.0.0.1", service, GetStep("/")), "");
  EXPECT_EQ(Refusal("127.0.0.1,*.test", service, GetStep("/")),
            "agent refuses target '10.0.0.1:80': allowed are 127.0.0.1, *.test");
  EXPECT_EQ(Refusal("10.0.0.1:443", service, GetStep("/{{id}}")),
            "agent refuses target '10.0.0.1:80': allowed are 10.0.0.1:443");
  EXPECT_EQ(Refusal("10.0.0.1", service, GetStep("https://[::1]/")),
            "agent refuses target '[::1]:443': allowed are 10.0.0.1");
  EXPECT_EQ(Refusal("127.0.0.1", service, GetStep("{{url}}")), "") << "only known at run time";
}

TEST(HttpProtocolSettingsTest, APlanThatNamesAHostIsRefusedOnlyWhenNoAddressCouldHelp) {
  Service service;
  service.base_url = "http://shop.test:8080";
  EXPECT_EQ(Refusal("shop.test", service, GetStep("/")), "");
  EXPECT_EQ(Refusal("10.0.0.0/8", service, GetStep("/")), "");
  EXPECT_EQ(Refusal("other.test", service, GetStep("/")),
            "agent refuses target 'shop.test:8080': allowed are other.test");
  service.proxy = "http://10.0.0.1:3128";
  EXPECT_EQ(Refusal("10.0.0.0/8", service, GetStep("/")),
            "agent refuses target 'shop.test:8080': allowed are 10.0.0.0/8")
      << "the proxy, not the agent, looks the name up";
}

TEST(HttpProtocolSettingsTest, AProxyMustBeAnAllowedTargetToo) {
  HttpProtocolOptions options;
  options.allowed_targets = *ParseTargetAllowList({"10.0.0.1:3128"});
  auto plan = std::make_shared<Plan>();
  plan->service.proxy = "http://me:secret@10.0.0.1";
  EXPECT_EQ(
      HttpProtocol(options).MakeShardClient(plan, nullptr, nullptr, nullptr).status().message(),
      "agent refuses target '10.0.0.1:80': allowed are 10.0.0.1:3128");
}

TEST_F(HttpProtocolTest, ChecksAndExtractionsReadTheReply) {
  LoneUser user(url());
  RequestStep step = GetStep("/products/1");
  step.checks = {{"ok", StatusIs{"2xx"}}, {"is JSON", HeaderIs{"content-type", {}, "json"}}};
  step.extract = {FromJson("product", "name")};
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.failures(), "");
  const Value* product = user.user.Find("product");
  ASSERT_NE(product, nullptr);
  ASSERT_NE(product->AsString(), nullptr);
  for (const auto& [key, check] : user.stats().checks) {
    EXPECT_EQ(check.passed, 1U) << key.check;
  }
  EXPECT_EQ(user.stats().checks.size(), 2U);
}

TEST_F(HttpProtocolTest, AVariableOfOneStepIsUsedByTheNext) {
  LoneUser user(url());
  user.user.variables.Set("name", "Laptop \"15\" é");
  RequestStep step = PostStep("/echo", "");
  step.json = R"({"name":"{{name}}"})";
  step.checks = {JsonEquals("body", R"({"name":"Laptop \"15\" é"})"),
                 JsonEquals("headers.Content-Type", "application/json")};
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.failures(), "");
}

TEST_F(HttpProtocolTest, AFormArrivesEncoded) {
  LoneUser user(url());
  RequestStep step = PostStep("/echo", "");
  step.form = {{"a b", "1&2"}};
  step.query = {{"q", "x y"}};
  step.checks = {JsonEquals("body", "a%20b=1%262"), JsonEquals("target", "/echo?q=x%20y")};
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.failures(), "");
}

TEST_F(HttpProtocolTest, AnErrorStatusIsAFailureUnlessExpected) {
  LoneUser user(url());
  EXPECT_FALSE(user.Get("/status/404"));
  EXPECT_EQ(user.failures(), "1x HTTP 404 Not Found");
  RequestStep step = GetStep("/status/404");
  step.checks = {{"missing", StatusIs{"404"}}};
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.total().failures, 1U);
  EXPECT_EQ(user.total().status_classes[4], 2U);
}

TEST_F(HttpProtocolTest, GzipIsCheckedUnpackedAndCountedPacked) {
  LoneUser user(url());
  RequestStep step = GetStep("/gzip");
  step.checks = {JsonEquals("gzipped", "true")};
  EXPECT_TRUE(user.Run(step));
  EXPECT_EQ(user.failures(), "");
  const uint64_t packed = user.total().bytes_received;
  EXPECT_GT(packed, 0U);
  EXPECT_LT(packed, 85U);  // the text itself is longer
}

TEST_F(HttpProtocolTest, EveryFramingIsRead) {
  LoneUser user(url());
  RequestStep chunked = GetStep("/chunked");
  chunked.checks = {JsonEquals("chunked", "true")};
  RequestStep close = GetStep("/close");
  close.checks = {JsonEquals("framing", "until close")};
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(user.Run(chunked));
    EXPECT_TRUE(user.Run(close));
  }
  EXPECT_TRUE(user.Get("/bytes/3000000"));
  EXPECT_EQ(user.failures(), "");
  EXPECT_FALSE(user.Get("/truncate"));
  EXPECT_FALSE(user.Get("/drop"));
}

TEST_F(HttpProtocolTest, CookiesAreKeptForEachUserAlone) {
  LoneUser user(url());
  EXPECT_TRUE(user.Get("/cookie/set?value=mine"));
  RequestStep check = GetStep("/cookie/check");
  check.checks = {JsonEquals("session", "mine")};
  EXPECT_TRUE(user.Run(check));
  EXPECT_EQ(user.failures(), "");
  EXPECT_FALSE(user.RunAsOther(GetStep("/cookie/check")));
  EXPECT_EQ(user.failures(), "1x HTTP 403 Forbidden");
}

TEST_F(HttpProtocolTest, CookiesCanBeSwitchedOff) {
  LoneUser user(url(), [](Service* service) { service->cookies = false; });
  EXPECT_TRUE(user.Get("/cookie/set"));
  EXPECT_FALSE(user.Get("/cookie/check"));
}

TEST_F(HttpProtocolTest, RedirectsAreFollowedAsBrowsersDo) {
  LoneUser user(url());
  for (const auto& [code, method] :
       {std::pair(301, "GET"), std::pair(302, "GET"), std::pair(303, "GET"), std::pair(307, "POST"),
        std::pair(308, "POST")}) {
    RequestStep step = PostStep(fmt::format("/redirect/3?code={}", code), "x");
    step.checks = {JsonEquals("redirects_left", "0"), JsonEquals("method", method)};
    EXPECT_TRUE(user.Run(step)) << code;
  }
  EXPECT_EQ(user.failures(), "");
  EXPECT_EQ(user.total().requests, 5U) << "a request and its redirects are one sample";
}

TEST_F(HttpProtocolTest, CredentialsOfThePlanAreSent) {
  LoneUser basic(url(), [](Service* service) { service->basic_auth = BasicAuth{"demo", "demo"}; });
  EXPECT_TRUE(basic.Get("/basic-auth"));
  LoneUser bearer(url(), [](Service* service) { service->bearer_token = "demo-token"; });
  EXPECT_TRUE(bearer.Get("/bearer"));
  LoneUser in_url(fmt::format("http://demo:demo@127.0.0.1:{}", target_.port()));
  EXPECT_TRUE(in_url.Get("/basic-auth"));
  LoneUser nobody(url());
  EXPECT_FALSE(nobody.Get("/basic-auth"));
}

TEST_F(HttpProtocolTest, ManyRequestsUseOneConnection) {
  LoneUser user(url());
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(user.Get("/products"));
  }
  EXPECT_EQ(user.total().requests, 200U);
  EXPECT_EQ(user.total().times.connect.count(), 1U);
  EXPECT_EQ(target_.counters.TotalRequests(), 200U);
}

}  // namespace
}  // namespace squall
