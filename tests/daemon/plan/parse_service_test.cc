// The section `service`.
#include <gtest/gtest.h>

#include "tests/daemon/plan/plan_fixture.h"

namespace squall {
namespace {

std::string ServiceErrors(const std::string& service) {
  return ErrorText(ParseWithUsers("service:\n" + service + "\n"));
}

TEST(ParseServiceTest, DefaultsAreTheSeedDocuments) {
  const Service service = ParseWithUsers("").plan.service;
  EXPECT_EQ(service, Service());
  EXPECT_EQ(service.base_url, "http://localhost:8082");
  EXPECT_EQ(service.timeout, std::chrono::seconds(30));
}

TEST(ParseServiceTest, TheTimeoutHasThreeNamesAndOneValue) {
  for (const char* key : {"timeout: 7s", "timeout_seconds: 7", "request_timeout_seconds: 7"}) {
    const PlanResult result = ParseWithUsers(std::string("service: {") + key + "}\n");
    EXPECT_EQ(ErrorText(result), "");
    EXPECT_EQ(result.plan.service.timeout, std::chrono::seconds(7)) << key;
  }
  EXPECT_NE(
      ServiceErrors("  timeout: 7s\n  timeout_seconds: 7").find("must have only one of the keys"),
      std::string::npos);
  EXPECT_NE(ServiceErrors("  timeout: 0").find("must be longer than 0 s"), std::string::npos);
  EXPECT_NE(ServiceErrors("  timeout_seconds: -1").find("must be a number above 0"),
            std::string::npos);
}

TEST(ParseServiceTest, UrlsAreChecked) {
  for (const auto& [url, message] : std::vector<std::pair<std::string, std::string>>{
           {"localhost:8082", "must start with http:// or https://, got 'localhost:8082'"},
           {"http://", "must look like http://host:8082, got 'http://'"},
           {"http://h:0", "must have a port from 1 to 65535, got 'http://h:0'"},
           {"http://h:99999", "must have a port from 1 to 65535, got 'http://h:99999'"},
           {"http://h:8o", "must have a port from 1 to 65535, got 'http://h:8o'"},
           {"http://u:p@h", "must not hold a user name or password; use service.auth"},
           {"http://h/?a=b", "must not have a query or a fragment"},
           {"'http://a b'", "must look like http://host:8082, got 'http://a b'"},
           {"'http://[::1'", "must look like http://host:8082, got 'http://[::1'"},
           {"''", "must not be empty"}}) {
    EXPECT_EQ(ServiceErrors("  base_url: " + url),
              "plan.yaml:2:13: service.base_url: " + message + "\n");
  }
  for (const char* url : {"http://h", "https://h:1/p", "'http://[::1]:80'", "http://10.0.0.1"}) {
    EXPECT_EQ(ServiceErrors(std::string("  base_url: ") + url), "");
  }
  EXPECT_EQ(ParseWithUsers("service: {base_url: http://h/v1/}\n").plan.service.base_url,
            "http://h/v1");
}

TEST(ParseServiceTest, HeadersAreCheckedAndKeepTheirOrder) {
  const PlanResult result = ParseWithUsers("service: {headers: {B: 1, A: \"x {{uuid()}}\"}}\n");
  EXPECT_EQ(result.plan.service.headers, (HeaderList{{"B", "1"}, {"A", "x {{uuid()}}"}}));
  EXPECT_NE(ServiceErrors("  headers: {'a b': 1}").find("must be a header's name"),
            std::string::npos);
  EXPECT_NE(ServiceErrors("  headers: {A: \"x\\ny\"}").find("must be one line"), std::string::npos);
  EXPECT_NE(ServiceErrors("  headers: {A: '{{'}"), "");
}

TEST(ParseServiceTest, SecretsAreNeverShown) {
  for (const char* auth : {"{bearer: [hunter2]}", "{bearer: \"{{hunter2\"}",
                           "{basic: {username: u, password: {hunter2: 1}}}"}) {
    const std::string errors = ServiceErrors(std::string("  auth: ") + auth);
    EXPECT_NE(errors, "") << auth;
    EXPECT_EQ(errors.find("hunter2"), std::string::npos) << errors;
  }
}

TEST(ParseServiceTest, AuthIsBasicOrBearer) {
  const PlanResult basic = ParseWithUsers("service: {auth: {basic: {username: u, password: p}}}\n");
  EXPECT_EQ(basic.plan.service.basic_auth, (BasicAuth{"u", "p"}));
  EXPECT_EQ(ParseWithUsers("service: {auth: {bearer: t}}\n").plan.service.bearer_token, "t");
  EXPECT_NE(ServiceErrors("  auth: {}").find("must have one of the keys basic, bearer"),
            std::string::npos);
  EXPECT_NE(ServiceErrors("  auth: {basic: {username: u}}").find("must have the key 'password'"),
            std::string::npos);
}

TEST(ParseServiceTest, CertificatesAreReadBesideTheFileThatNamesThem) {
  PlanInputs inputs = InputsOf({std::string("service: {tls: {ca_file: ca.pem}}\n") + kUsersYaml});
  inputs.texts[0].file = "config/plan.yaml";
  std::string asked;
  inputs.read_file = [&](const std::string& path) -> absl::StatusOr<std::string> {
    asked = path;
    return "-----BEGIN CERTIFICATE-----\n";
  };
  const PlanResult result = ParsePlan(inputs);
  EXPECT_EQ(ErrorText(result), "");
  EXPECT_EQ(asked, "config/ca.pem");
  EXPECT_EQ(result.plan.service.tls.ca_pem, "-----BEGIN CERTIFICATE-----\n");

  inputs.read_file = [](const std::string&) { return absl::NotFoundError("no such file"); };
  EXPECT_EQ(ErrorText(ParsePlan(inputs)),
            "config/plan.yaml:1:26: service.tls.ca_file: must name a file that can be read, got "
            "'ca.pem': no such file\n");
  inputs.read_file = [](const std::string&) { return std::string("junk"); };
  EXPECT_NE(ErrorText(ParsePlan(inputs)).find("must name a PEM file"), std::string::npos);
  inputs.read_file = nullptr;
  EXPECT_NE(ErrorText(ParsePlan(inputs)).find("without access to files"), std::string::npos);
}

TEST(ParseServiceTest, AClientCertificateNeedsItsKey) {
  EXPECT_NE(ServiceErrors("  tls: {client_cert_file: a}")
                .find("must have client_cert_file and client_key_file together"),
            std::string::npos);
}

}  // namespace
}  // namespace squall
