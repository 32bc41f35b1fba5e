#include "daemon/python/request_tracing.h"

#include <string>
#include <vector>

#include "daemon/trace/span_recorder.h"
#include "tests/daemon/python/embedded_python.h"

namespace squall {
namespace {

using std::chrono::milliseconds;

class RequestTracingTest : public EmbeddedPython {
 protected:
  RequestTracingTest() {
    call.Reset(nullptr);
    call.request.origin.host = "shop.test";
    call.request.origin.port = 8080;
    call.request.target = "/cart?password=hush";
    call.request.user = 5;
    call.begin = clock.Now();
    call.bytes_sent = 100;
    call.bytes_received = 20;
  }

  std::vector<RequestSpan> Taken() {
    std::vector<RequestSpan> taken;
    spans.Drain([&](const RequestSpan& span) { taken.push_back(span); });
    return taken;
  }

  HttpCall call;
  SpanRecorder spans{1, 4, 1};
};

TEST_F(RequestTracingTest, NobodyWhoWantsSpansMeansNone) {
  StartSpan(context.get(), &call.request);
  EXPECT_FALSE(call.request.traced);
  FinishSpan(context.get(), call, Sample(), clock.Now(), "GET", "cart");
}

TEST_F(RequestTracingTest, TheSpanSaysWhatTheSampleSays) {
  context->SetSpans(&spans);
  StartSpan(context.get(), &call.request);
  ASSERT_TRUE(call.request.traced);
  EXPECT_NE(call.request.trace, TraceContext());
  call.first_byte_at = call.begin + milliseconds(3);
  Sample sample;
  sample.status_code = 503;
  sample.failure = "HTTP 503";
  FinishSpan(context.get(), call, sample, call.begin + milliseconds(5), "GET", "cart");
  const std::vector<RequestSpan> taken = Taken();
  ASSERT_EQ(taken.size(), 1U);
  const RequestSpan& span = taken[0];
  EXPECT_EQ(span.context, call.request.trace);
  EXPECT_EQ(span.duration, milliseconds(5));
  EXPECT_EQ(span.first_byte, milliseconds(3));
  EXPECT_EQ(span.method.view(), "GET");
  EXPECT_EQ(span.name.view(), "cart");
  EXPECT_EQ(span.host.view(), "shop.test");
  EXPECT_EQ(span.port, 8080);
  EXPECT_EQ(span.target.view(), "/cart?password=REDACTED");
  EXPECT_EQ(span.status, 503);
  EXPECT_FALSE(span.ok);
  EXPECT_EQ(span.failure.view(), "HTTP 503");
  EXPECT_EQ(span.user, 5U);
  EXPECT_EQ(span.bytes_sent, 100U);
  EXPECT_EQ(span.bytes_received, 20U);
}

TEST_F(RequestTracingTest, ATraceparentOfTheUsersOwnWins) {
  context->SetSpans(&spans);
  call.request.fields = "Accept: */*\r\nTraceParent: 00-1-2-01\r\n";
  StartSpan(context.get(), &call.request);
  EXPECT_FALSE(call.request.traced);
  call.request.fields = "X-Traceparent: 1\r\nAccept: traceparent:\r\n";
  StartSpan(context.get(), &call.request);
  EXPECT_TRUE(call.request.traced);
}

// The run may be over by the time that a reply is looked at.
TEST_F(RequestTracingTest, ASpanThatNobodyWantsAnyMoreIsNotKept) {
  context->SetSpans(&spans);
  StartSpan(context.get(), &call.request);
  context->SetSpans(nullptr);
  FinishSpan(context.get(), call, Sample(), clock.Now(), "GET", "cart");
  EXPECT_TRUE(Taken().empty());
}

}  // namespace
}  // namespace squall
