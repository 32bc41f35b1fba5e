#include "daemon/wire/redact.h"

#include <string>

#include <gtest/gtest.h>

#include "daemon/wire/plan_proto.h"
#include "protos/squall/v1/plan.pb.h"

namespace squall {
namespace {

constexpr char kSecret[] = "hunter2";

RequestStep SecretRequest() {
  const std::string secret = kSecret;
  RequestStep request;
  request.path = "/login?user=me&token=" + secret;
  request.query = {{.name = "api_key", .value = secret}};
  request.headers = {{"Authorization", "Basic " + secret}, {"X-API-Key", secret}};
  request.json = R"({"user": "me", "password": ")" + secret + "\"}";
  request.checks = {Check{.name = "", .test = HeaderIs{.header = "Set-Cookie", .contains = secret}},
                    Check{.name = "", .test = JsonIs{.path = "$.access_token", .equals = secret}}};
  request.extract = {Extract{.as = "session_token", .fallback = secret}};
  return request;
}

Plan SecretPlan() {
  const std::string secret = kSecret;
  Plan plan;
  plan.service.base_url = "http://me:" + secret + "@shop:8080/api";
  plan.service.proxy = "http://proxy:" + secret + "@proxy:3128";
  plan.service.headers = {{"Cookie", "session=" + secret}, {"Accept", "text/html"}};
  plan.service.basic_auth = BasicAuth{.username = "me", .password = secret};
  plan.service.bearer_token = secret;
  plan.service.tls.client_key_pem = secret;
  const StepList steps = {Step{.what = SecretRequest()},
                          Step{.what = SetStep{.variable = "db_password", .value = secret}}};
  UserClass user_class{.name = "Shopper", .host = "https://x:" + secret + "@other"};
  user_class.on_start = steps;
  user_class.tasks = {Task{.name = "buy",
                           .steps = {Step{.what = LoopStep{.steps = steps}},
                                     Step{.what = IfStep{.then = steps, .otherwise = steps}}}}};
  user_class.on_stop = steps;
  plan.users = {user_class};
  plan.test_data = {{.name = "accounts",
                     .rows = {Value(ValueObject{{"name", "me"}, {"Password", Value(secret)}})}},
                    {.name = "api_keys", .rows = {Value(secret)}}};
  plan.script = Script{.files = {{.path = "locustfile.py", .content = "KEY = '" + secret + "'"}},
                       .arguments = {"--api-token", secret, "--password=" + secret, "--proxy",
                                     "http://me:" + secret + "@proxy"}};
  plan.outputs.traces = TraceOutput{.endpoint = "http://me:" + secret + "@collector:4317",
                                    .headers = {{"X-Innocent", secret}}};
  plan.outputs.metrics = {MetricOutput{.to = "http://influx/write?db=a&u=me&p=" + secret,
                                       .headers = {{"Authorization", "Token " + secret}}}};
  return plan;
}

TEST(RedactTest, NoSecretIsLeftAnywhereInThePlan) {
  v1::Plan proto;
  ASSERT_TRUE(PlanToProto(SecretPlan(), &proto).ok());
  ASSERT_NE(proto.SerializeAsString().find(kSecret), std::string::npos);
  ASSERT_TRUE(PlanToProto(RedactPlan(SecretPlan()), &proto).ok());
  EXPECT_EQ(proto.SerializeAsString().find(kSecret), std::string::npos) << proto.DebugString();
}

TEST(RedactTest, WhatIsNoSecretStays) {
  const Plan shown = RedactPlan(SecretPlan());
  EXPECT_EQ(shown.service.base_url, "http://***@shop:8080/api");
  EXPECT_EQ(shown.service.headers[1].second, "text/html");
  EXPECT_EQ(shown.service.basic_auth->username, "me");
  EXPECT_EQ(std::get<RequestStep>(shown.users[0].on_start[0].what).path, "/login?***");
  EXPECT_EQ(shown.test_data[0].rows[0].Find("name")->ToText(), "me");
}

TEST(RedactTest, AnOrdinaryPlanIsNotTouched) {
  Plan plan;
  RequestStep request;
  request.path = "/products?category=books";
  request.json = R"({"product_id": 3, "quantity": 1})";
  request.headers = {{"X-Request-Id", "{{uuid()}}"}};
  plan.users = {UserClass{.name = "Shopper", .tasks = {Task{.steps = {Step{.what = request}}}}}};
  plan.test_data = {{.name = "products", .rows = {Value(ValueObject{{"id", int64_t{1}}})}}};
  EXPECT_TRUE(RedactPlan(plan) == plan);
}

TEST(RedactTest, AnUnsetSecretStaysUnset) { EXPECT_TRUE(RedactPlan(Plan()) == Plan()); }

TEST(RedactUrlTest, HidesUserAndPasswordOnly) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://shop:8080/api", "http://shop:8080/api"},
      {"http://me:pw@shop", "http://***@shop"},
      {"https://me@shop/a@b?c", "https://***@shop/a@b?c"},
      {"http://p@ss@shop/", "http://***@shop/"},  // up to the last @ of the authority
      {"http://shop/who@home", "http://shop/who@home"},
      {"http://me:pw@shop?x=1", "http://***@shop?x=1"},
      {"/products", "/products"},
      {"", ""},
  };
  for (const auto& [url, shown] : rows) {
    EXPECT_EQ(RedactUrl(url), shown);
  }
}

}  // namespace
}  // namespace squall
