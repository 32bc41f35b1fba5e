#include "daemon/otel/http_span.h"

#include <map>
#include <opentelemetry/sdk/trace/span_data.h>

#include <gtest/gtest.h>

namespace squall {
namespace {

using opentelemetry::sdk::trace::SpanData;

RequestSpan Span() {
  RequestSpan span;
  for (uint8_t i = 0; i < 16; ++i) {
    span.context.trace_id.at(i) = i;
  }
  span.context.span_id = {1, 2, 3, 4, 5, 6, 7, 8};
  span.begin = WallTime(std::chrono::seconds(1'700'000'000));
  span.duration = std::chrono::milliseconds(30);
  span.first_byte = std::chrono::milliseconds(20);
  span.user = 7;
  span.bytes_sent = 100;
  span.bytes_received = 2000;
  span.status = 200;
  span.port = 8082;
  span.ok = true;
  span.method.assign("GET");
  span.name.assign("/products/{id}");
  span.host.assign("shop.test");
  span.target.assign("/products/7?x=1");
  span.failure.assign("");
  return span;
}

template <typename T>
T Get(const SpanData& data, const std::string& key) {
  const auto found = data.GetAttributes().find(key);
  if (found == data.GetAttributes().end() ||
      !opentelemetry::nostd::holds_alternative<T>(found->second)) {
    ADD_FAILURE() << key;
    return T();
  }
  return opentelemetry::nostd::get<T>(found->second);
}
std::string Text(const SpanData& data, const std::string& key) {
  return Get<std::string>(data, key);
}

TEST(HttpSpanTest, FollowsTheConventionsOfHttpClients) {
  SpanData data;
  FillRecordable(Span(), &data);
  EXPECT_EQ(std::string(data.GetName()), "GET /products/{id}");
  EXPECT_EQ(data.GetSpanKind(), opentelemetry::trace::SpanKind::kClient);
  EXPECT_EQ(Text(data, "http.request.method"), "GET");
  EXPECT_EQ(Text(data, "url.full"), "http://shop.test:8082/products/7?x=1");
  EXPECT_EQ(Text(data, "server.address"), "shop.test");
  EXPECT_EQ(Get<int64_t>(data, "server.port"), 8082);
  EXPECT_EQ(Text(data, "network.protocol.version"), "1.1");
  EXPECT_EQ(Get<int64_t>(data, "http.response.status_code"), 200);
  EXPECT_EQ(Get<int64_t>(data, "http.request.size"), 100);
  EXPECT_EQ(Get<int64_t>(data, "http.response.body.size"), 2000);
  EXPECT_EQ(Text(data, "squall.request.name"), "/products/{id}");
  EXPECT_EQ(Get<int64_t>(data, "squall.user"), 7);
  EXPECT_FALSE(data.GetAttributes().contains("error.type"));
  EXPECT_FALSE(data.GetAttributes().contains("http.request.resend_count"));
  EXPECT_EQ(data.GetStatus(), opentelemetry::trace::StatusCode::kUnset);
}

TEST(HttpSpanTest, ANameThatIsAUrlHidesWhatTheUrlHides) {
  RequestSpan span = Span();
  AssignTarget("/x?token=hunter2&page=2", &span.target);
  for (const auto& [name, shown] : std::map<std::string, std::string>{
           {"/x?token=hunter2&page=2", "/x?token=REDACTED&page=2"},
           {"http://me:hunter2@shop.test/x?a=1", "http://shop.test/x?a=1"},
           {"http://hunter2@shop.test", "http://shop.test"},
           {"/mail/a@b", "/mail/a@b"},
           {"http://shop.test/mail/a@b", "http://shop.test/mail/a@b"}}) {
    span.name.assign(name);
    span.ok = false;
    span.status = 404;
    span.failure.assign("HTTPError('404 Client Error: Not Found for url: " + name + "')");
    SpanData data;
    FillRecordable(span, &data);
    EXPECT_EQ(std::string(data.GetName()), "GET " + shown);
    EXPECT_EQ(Text(data, "squall.request.name"), shown);
    EXPECT_EQ(std::string(data.GetDescription()).find("hunter2"), std::string::npos);
    for (const auto& [key, value] : data.GetAttributes()) {
      if (const auto* text = opentelemetry::nostd::get_if<std::string>(&value)) {
        EXPECT_EQ(text->find("hunter2"), std::string::npos) << key;
      }
    }
  }
}

TEST(HttpSpanTest, IsARootWithTheIdsThatTheTargetSaw) {
  SpanData data;
  FillRecordable(Span(), &data);
  char trace_id[32];
  data.GetTraceId().ToLowerBase16(trace_id);
  EXPECT_EQ(std::string(trace_id, 32), "000102030405060708090a0b0c0d0e0f");
  char span_id[16];
  data.GetSpanId().ToLowerBase16(span_id);
  EXPECT_EQ(std::string(span_id, 16), "0102030405060708");
  EXPECT_FALSE(data.GetParentSpanId().IsValid());
}

TEST(HttpSpanTest, HasTheTimes) {
  SpanData data;
  FillRecordable(Span(), &data);
  EXPECT_EQ(data.GetStartTime().time_since_epoch(), std::chrono::seconds(1'700'000'000));
  EXPECT_EQ(data.GetDuration(), std::chrono::milliseconds(30));
  ASSERT_EQ(data.GetEvents().size(), 1U);
  EXPECT_EQ(data.GetEvents()[0].GetName(), "first byte");
  EXPECT_EQ(data.GetEvents()[0].GetTimestamp().time_since_epoch(),
            std::chrono::milliseconds(1'700'000'000'020));
}

TEST(HttpSpanTest, AFailureHasTheStatusErrorAndTheReason) {
  RequestSpan span = Span();
  span.ok = false;
  span.status = 503;
  span.failure.assign("HTTP 503");
  SpanData data;
  FillRecordable(span, &data);
  EXPECT_EQ(data.GetStatus(), opentelemetry::trace::StatusCode::kError);
  EXPECT_EQ(data.GetDescription(), "HTTP 503");
  EXPECT_EQ(Text(data, "error.type"), "503");
}

TEST(HttpSpanTest, OneWithoutAReplyHasNoStatusCode) {
  RequestSpan span = Span();
  span.ok = false;
  span.status = 0;
  span.first_byte = Nanos(0);
  span.resend = 2;
  span.failure.assign("connection refused");
  SpanData data;
  FillRecordable(span, &data);
  EXPECT_FALSE(data.GetAttributes().contains("http.response.status_code"));
  EXPECT_EQ(Text(data, "error.type"), "connection refused");
  EXPECT_EQ(Get<int64_t>(data, "http.request.resend_count"), 2);
  EXPECT_TRUE(data.GetEvents().empty());
}

TEST(HttpSpanTest, ErrorTypesAreFew) {
  const auto type = [](uint16_t status, std::string_view failure) {
    RequestSpan span = Span();
    span.status = status;
    span.failure.assign(failure);
    return ErrorType(span);
  };
  EXPECT_EQ(type(404, "HTTP 404"), "404");
  EXPECT_EQ(type(200, "check failed: body must hold 'x'"), "check failed");
  EXPECT_EQ(type(0, "ConnectionRefusedError(111, 'x')"), "ConnectionRefusedError");
  EXPECT_EQ(type(0, "no stock in /x?token=1"), "no stock in /x");
  EXPECT_EQ(type(0, ""), "_OTHER");
}

TEST(HttpSpanTest, MethodsThatNobodyKnowsAreOthers) {
  RequestSpan span = Span();
  span.method.assign("PURGE");
  SpanData data;
  FillRecordable(span, &data);
  EXPECT_EQ(Text(data, "http.request.method"), "_OTHER");
  EXPECT_EQ(Text(data, "http.request.method_original"), "PURGE");
}

TEST(HttpSpanTest, UrlsLeaveTheUsualPortOutAndPutAddressesInBrackets) {
  RequestSpan span = Span();
  span.tls = true;
  span.port = 443;
  EXPECT_EQ(FullUrl(span), "https://shop.test/products/7?x=1");
  span.host.assign("::1");
  span.port = 80;
  EXPECT_EQ(FullUrl(span), "https://[::1]:80/products/7?x=1");
}

TEST(HttpSpanTest, TextsThatWereCutInACharacterAreRepaired) {
  RequestSpan span = Span();
  span.name.assign("caf\xc3");
  SpanData data;
  FillRecordable(span, &data);
  EXPECT_EQ(Text(data, "squall.request.name"), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace squall
