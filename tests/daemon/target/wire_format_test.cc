#include "daemon/target/wire_format.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

std::string Written(const TargetResponse& response, const ResponseContext& context = {}) {
  std::string out;
  AppendHead(response, context, &out);
  AppendBody(response, context, &out);
  return out;
}

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(WireFormatTest, AnOrdinaryResponse) {
  TargetResponse response = JsonResponse("{}");
  response.headers.emplace_back("X-Test", "1");
  EXPECT_EQ(Written(response),
            "HTTP/1.1 200 OK\r\nServer: squall-target\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nX-Test: 1\r\n\r\n{}");
}

TEST(WireFormatTest, SaysWhenTheConnectionEnds) {
  const TargetResponse response = JsonResponse("{}");
  EXPECT_TRUE(Contains(Written(response, {.keep_alive = false}), "Connection: close\r\n"));
  EXPECT_TRUE(ClosesConnection(response, {.keep_alive = false}));
  EXPECT_FALSE(ClosesConnection(response, {}));
  EXPECT_TRUE(Contains(Written(response, {.http_1_0 = true}), "Connection: keep-alive\r\n"));
}

TEST(WireFormatTest, HeadHasTheLengthAndNoBody) {
  const std::string text = Written(JsonResponse("{}"), {.head_request = true});
  EXPECT_TRUE(Contains(text, "Content-Length: 2\r\n"));
  EXPECT_EQ(text.substr(text.size() - 4), "\r\n\r\n");
}

TEST(WireFormatTest, NoContentHasNeitherLengthNorBody) {
  TargetResponse response = JsonResponse("{}");
  response.status = 204;
  const std::string text = Written(response);
  EXPECT_FALSE(Contains(text, "Content-Length"));
  EXPECT_EQ(text.substr(text.size() - 4), "\r\n\r\n");
}

TEST(WireFormatTest, ChunksAreShortAndComplete) {
  TargetResponse response = JsonResponse("0123456789abc");
  response.framing = BodyFraming::kChunked;
  const std::string text = Written(response);
  EXPECT_TRUE(Contains(text, "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(Contains(text, "\r\n\r\na\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"));
}

TEST(WireFormatTest, Http10GetsNoChunks) {
  TargetResponse response = JsonResponse("0123456789abc");
  response.framing = BodyFraming::kChunked;
  const ResponseContext old{.http_1_0 = true};
  const std::string text = Written(response, old);
  EXPECT_FALSE(Contains(text, "chunked"));
  EXPECT_TRUE(Contains(text, "\r\n\r\n0123456789abc"));
  EXPECT_TRUE(ClosesConnection(response, old));
}

TEST(WireFormatTest, ATruncatedBodyPromisesMoreThanItGives) {
  TargetResponse response = JsonResponse("01234567");
  response.framing = BodyFraming::kTruncated;
  const std::string text = Written(response);
  EXPECT_TRUE(Contains(text, "Content-Length: 8\r\n"));
  EXPECT_TRUE(Contains(text, "\r\n\r\n0123"));
  EXPECT_FALSE(Contains(text, "01234"));
  EXPECT_TRUE(ClosesConnection(response, {}));
}

TEST(WireFormatTest, FillerIsAnnouncedAndLeftToTheSession) {
  TargetResponse response;
  response.filler_bytes = 1000;
  const std::string text = Written(response);
  EXPECT_TRUE(Contains(text, "Content-Length: 1000\r\n"));
  EXPECT_EQ(text.substr(text.size() - 4), "\r\n\r\n");
}

TEST(WireFormatTest, AnUnknownStatusHasAnEmptyReason) {
  TargetResponse response;
  response.status = 599;
  EXPECT_EQ(Written(response).substr(0, 13), "HTTP/1.1 599 ");
}

}  // namespace
}  // namespace squall
