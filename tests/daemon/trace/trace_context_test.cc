#include "daemon/trace/trace_context.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

TraceContext Counting() {
  TraceContext context;
  for (uint8_t i = 0; i < 16; ++i) {
    context.trace_id[i] = static_cast<uint8_t>(i * 17);
  }
  for (uint8_t i = 0; i < 8; ++i) {
    context.span_id[i] = static_cast<uint8_t>(0xf0 + i);
  }
  return context;
}

TEST(TraceContextTest, TraceparentIsThatOfTheStandard) {
  std::string text = "traceparent: ";
  AppendTraceparent(Counting(), &text);
  EXPECT_EQ(text, "traceparent: 00-00112233445566778899aabbccddeeff-f0f1f2f3f4f5f6f7-01");
  EXPECT_EQ(text.size() - std::string("traceparent: ").size(), kTraceparentBytes);
}

TEST(TraceContextTest, ATraceparentIsFoundInAnyCaseAndOnlyAsAName) {
  EXPECT_TRUE(HasTraceparent("GET / HTTP/1.1\r\nHost: a\r\nTraceParent: 00-1-2-01\r\n"));
  EXPECT_TRUE(HasTraceparent("traceparent:"));
  EXPECT_FALSE(HasTraceparent(""));
  EXPECT_FALSE(HasTraceparent("\n\n"));
  EXPECT_FALSE(HasTraceparent("X-Traceparent: 1\r\nAccept: traceparent:\r\ntraceparen"));
}

TEST(TraceContextTest, TraceIdIsItsHexDigits) {
  EXPECT_EQ(TraceIdHex(Counting()), "00112233445566778899aabbccddeeff");
}

}  // namespace
}  // namespace squall
