#include "daemon/wire/request_proto.h"

#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "protos/squall/v1/step.pb.h"
#include "tests/daemon/wire/mentions.h"

namespace squall {
namespace {

TEST(RequestProtoTest, AnEmptyRequestGetsTheRoot) {
  ProtoReader reader;
  RequestStep request;
  ReadRequest(v1::RequestStep(), &reader, &request);
  EXPECT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(request == RequestStep());
}

TEST(RequestProtoTest, AnEmptyFallbackIsNotTheSameAsNone) {
  RequestStep request;
  request.extract = {Extract{.as = "a", .fallback = ""}, Extract{.as = "b"}};
  v1::RequestStep proto;
  WriteRequest(request, &proto);
  ProtoReader reader;
  RequestStep read;
  ReadRequest(proto, &reader, &read);
  EXPECT_EQ(read.extract[0].fallback, "");
  EXPECT_EQ(read.extract[1].fallback, std::nullopt);
}

TEST(RequestProtoTest, HeadersKeepTheirOrderAndTheirDoubles) {
  const HeaderList headers = {{"B", "1"}, {"A", "2"}, {"B", "3"}};
  HeaderProtos protos;
  WriteHeaders(headers, &protos);
  ProtoReader reader;
  HeaderList read;
  ReadHeaders(protos, &reader, &read);
  EXPECT_EQ(read, headers);
}

TEST(RequestProtoTest, HostileRequestsAreRefused) {
  using Request = v1::RequestStep;
  const std::pair<std::function<void(Request*)>, const char*> rows[] = {
      {[](Request* r) {
         r->set_body("a");
         r->set_json("{}");
       },
       "request.body must be the only one of body, json and form"},
      {[](Request* r) { r->mutable_timeout()->set_nanos(-1); },
       "request.timeout must be a duration from 0s"},
      {[](Request* r) { r->set_redirects_max(-2); }, "request.redirects_max must be from 0"},
      {[](Request* r) { r->mutable_retry()->set_attempts_max(0); },
       "request.retry.attempts_max must be from 1"},
      {[](Request* r) { r->mutable_retry()->add_statuses(42); },
       "request.retry.statuses must be from 100 to 999, got 42"},
      {[](Request* r) { r->add_headers()->set_name(std::string(5000, 'h')); },
       "request.headers[0].name must be at most 4096"},
      {[](Request* r) { r->add_checks(); }, "request.checks[0].test must be one of status, header"},
      {[](Request* r) {
         r->add_checks()->mutable_json()->set_tolerance(std::numeric_limits<double>::infinity());
       },
       "request.checks[0].json.tolerance must be a number from 0"},
      {[](Request* r) {
         r->add_checks()->mutable_response_time()->mutable_limit()->set_seconds(-1);
       },
       "request.checks[0].response_time.limit must be a duration"},
      {[](Request* r) { r->add_extracts()->set_source(static_cast<v1::ExtractSource>(8)); },
       "request.extracts[0].source must be from 1 to 3, got 8"},
      {[](Request* r) { r->add_extracts()->set_scope(static_cast<v1::VariableScope>(3)); },
       "request.extracts[0].scope must be from 1 to 2, got 3"},
  };
  for (const auto& [damage, message] : rows) {
    Request proto;
    damage(&proto);
    ProtoReader reader;
    RequestStep request;
    ReadRequest(proto, &reader, &request);
    EXPECT_TRUE(Mentions(reader.status(), message));
  }
}

TEST(RequestProtoTest, EnumsOfExtractionsCountAsTheProtosDo) {
  EXPECT_EQ(int(Extract::From::kJson) + 1, v1::EXTRACT_SOURCE_JSON);
  EXPECT_EQ(int(Extract::From::kRegex) + 1, v1::EXTRACT_SOURCE_REGEX);
  EXPECT_EQ(int(Extract::From::kHeader) + 1, v1::EXTRACT_SOURCE_HEADER);
}

}  // namespace
}  // namespace squall
