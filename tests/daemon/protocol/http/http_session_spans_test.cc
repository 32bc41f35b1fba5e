// What a request that was chosen for the traces sends, and what is kept of it.
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/trace/span_recorder.h"
#include "tests/daemon/protocol/http/lone_user.h"
#include "tests/daemon/protocol/http/scripted_server.h"

namespace squall {
namespace {

// Answers each request with the next text, and keeps what was sent.
ServerScript Hears(std::vector<std::string>* heard, std::vector<std::string> texts) {
  return [heard, texts = std::move(texts)](HttpPeer* peer) {
    for (const std::string& text : texts) {
      heard->push_back(peer->ReadRequest());
      peer->Send(text);
    }
    peer->ReadUntilClose();
  };
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

std::string HeaderOf(const TraceContext& context) {
  std::string line = "traceparent: ";
  AppendTraceparent(context, &line);
  return line + "\r\n";
}

// By value: what the queue holds is reused.
std::vector<RequestSpan> SpansOf(SpanRecorder* recorder) {
  std::vector<RequestSpan> spans;
  recorder->Drain([&](const RequestSpan& span) { spans.push_back(span); });
  return spans;
}

TEST(HttpSessionSpansTest, AChosenRequestSaysWhichSpanItIsAndTheSpanSaysWhatBecameOfIt) {
  std::vector<std::string> heard;
  SpanRecorder spans(1, 8, 1);
  ScriptedServer server({Hears(&heard, {Reply("201 Created", "12345")})});
  {
    LoneUser user(server.url());
    user.user.span_recorder = &spans;
    RequestStep step = PostStep("/things?page=2&token=hush", "hello");
    step.name = "make";
    EXPECT_TRUE(user.Run(step));
  }
  server.Join();
  const std::vector<RequestSpan> kept = SpansOf(&spans);
  ASSERT_EQ(kept.size(), 1U);
  const RequestSpan& span = kept.front();
  EXPECT_EQ(CountOf(heard.at(0), HeaderOf(span.context)), 1U) << heard.at(0);
  EXPECT_NE(span.context, TraceContext());
  EXPECT_EQ(span.method.view(), "POST");
  EXPECT_EQ(span.name.view(), "make");
  EXPECT_EQ(span.host.view(), "127.0.0.1");
  EXPECT_EQ(span.port, server.port());
  EXPECT_EQ(span.target.view(), "/things?page=2&token=REDACTED");
  EXPECT_EQ(span.status, 201);
  EXPECT_TRUE(span.ok);
  EXPECT_FALSE(span.tls);
  EXPECT_EQ(span.failure.view(), "");
  EXPECT_EQ(span.user, 7U);
  EXPECT_EQ(span.resend, 0);
  EXPECT_EQ(span.bytes_sent, heard.at(0).size());
  EXPECT_EQ(span.bytes_received, 5U);
  EXPECT_GT(span.duration, Nanos(0));
  EXPECT_GT(span.first_byte, Nanos(0));
  EXPECT_LE(span.first_byte, span.duration);
}

TEST(HttpSessionSpansTest, RequestsThatAreNotChosenAreByteForByteAsWithoutTraces) {
  std::vector<std::string> heard;
  SpanRecorder none(0, 8, 1);
  ScriptedServer server({Hears(&heard, {Reply("200 OK", ""), Reply("200 OK", "")})});
  {
    LoneUser user(server.url());
    EXPECT_TRUE(user.Get("/"));
    user.user.span_recorder = &none;
    EXPECT_TRUE(user.Get("/"));
  }
  server.Join();
  EXPECT_EQ(heard.at(0), heard.at(1));
  EXPECT_EQ(none.sampled(), 0U);
}

TEST(HttpSessionSpansTest, ATraceparentOfThePlanWinsAndThereIsNoSpan) {
  const std::string own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  std::vector<std::string> heard;
  SpanRecorder spans(1, 8, 1);
  ScriptedServer server({Hears(&heard, {Reply("200 OK", "")})});
  {
    LoneUser user(server.url());
    user.user.span_recorder = &spans;
    RequestStep step = GetStep("/");
    step.headers.emplace_back("TraceParent", own);
    EXPECT_TRUE(user.Run(step));
  }
  server.Join();
  EXPECT_EQ(CountOf(heard.at(0), own), 1U) << heard.at(0);
  EXPECT_EQ(CountOf(heard.at(0), "traceparent"), 0U) << heard.at(0);
  EXPECT_EQ(spans.sampled(), 0U);
}

TEST(HttpSessionSpansTest, ARedirectBelongsToTheSameSpanWhichSaysWhereItLed) {
  std::vector<std::string> heard;
  SpanRecorder spans(1, 8, 1);
  ScriptedServer server(
      {Hears(&heard, {Reply("302 Found", "", "Location: /next\r\n"), Reply("200 OK", "x")})});
  {
    LoneUser user(server.url());
    user.user.span_recorder = &spans;
    EXPECT_TRUE(user.Get("/first"));
  }
  server.Join();
  const std::vector<RequestSpan> kept = SpansOf(&spans);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].target.view(), "/next");
  EXPECT_EQ(kept[0].name.view(), "/first");
  for (const std::string& request : heard) {
    EXPECT_EQ(CountOf(request, HeaderOf(kept[0].context)), 1U) << request;
  }
}

TEST(HttpSessionSpansTest, EachAttemptHasASpanOfItsOwnThatCountsTheResends) {
  std::vector<std::string> heard;
  SpanRecorder spans(1, 8, 1);
  const std::string busy = Reply("503 Service Unavailable", "");
  ScriptedServer server({Hears(&heard, {busy, busy, Reply("200 OK", "")})});
  {
    LoneUser user(server.url());
    user.user.span_recorder = &spans;
    RequestStep step = GetStep("/");
    step.retry.attempts_max = 3;
    step.retry.delay = std::chrono::milliseconds(1);
    step.retry.on_status = {503};
    EXPECT_TRUE(user.Run(step));
  }
  server.Join();
  const std::vector<RequestSpan> kept = SpansOf(&spans);
  ASSERT_EQ(kept.size(), 3U);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].resend, i);
    EXPECT_EQ(kept[i].ok, i == 2);
    EXPECT_EQ(CountOf(heard.at(i), HeaderOf(kept[i].context)), 1U);
  }
  EXPECT_NE(kept[0].context, kept[1].context);
  EXPECT_EQ(kept[0].status, 503);
  EXPECT_EQ(kept[0].failure.view(), "HTTP 503 Service Unavailable");
}

TEST(HttpSessionSpansTest, ARequestThatNobodyAnswersHasASpanThatSaysWhy) {
  SpanRecorder spans(1, 8, 1);
  LoneUser user(fmt::format("http://127.0.0.1:{}", ClosedPort()));
  user.user.span_recorder = &spans;
  EXPECT_FALSE(user.Get("/"));
  const std::vector<RequestSpan> kept = SpansOf(&spans);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_FALSE(kept[0].ok);
  EXPECT_EQ(kept[0].status, 0);
  EXPECT_EQ(kept[0].first_byte, Nanos(0));
  EXPECT_EQ("1x " + std::string(kept[0].failure.view()), user.failures());
}

// The load goes on, and every lost span is counted.
TEST(HttpSessionSpansTest, AFullQueueCostsSpansAndNoRequests) {
  std::vector<std::string> heard;
  SpanRecorder spans(1, 2, 1);
  ScriptedServer server({Hears(&heard, std::vector<std::string>(5, Reply("200 OK", "")))});
  {
    LoneUser user(server.url());
    user.user.span_recorder = &spans;
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(user.Get("/"));
    }
  }
  server.Join();
  EXPECT_EQ(spans.sampled(), 5U);
  EXPECT_EQ(spans.dropped(), 3U);
  EXPECT_EQ(SpansOf(&spans).size(), 2U);
}

}  // namespace
}  // namespace squall
