#include "daemon/programs/once_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr size_t kAll = 1 << 20;

TEST(ShowMessageTest, AHeadIsIndentedLineByLine) {
  EXPECT_EQ(ShowMessage("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", kAll),
            "    GET / HTTP/1.1\n    Host: example.org\n    \n");
}

TEST(ShowMessageTest, SecretsAreHiddenHoweverTheirNamesAreWritten) {
  const std::string shown = ShowMessage(
      "GET / HTTP/1.1\r\nAuthorization: Bearer s3cret\r\nCOOKIE: id=s3cret\r\n"
      "set-cookie: id=s3cret\r\nProxy-Authorization: Basic s3cret\r\n\r\n",
      kAll);
  EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
  EXPECT_THAT(shown, HasSubstr("    Authorization: (hidden)\n"));
  EXPECT_THAT(shown, HasSubstr("    COOKIE: (hidden)\n"));
}

TEST(ShowMessageTest, NamesThatOnlyBeginLikeASecretAreShown) {
  EXPECT_EQ(ShowMessage("Cookie-Policy: strict\r\n", kAll), "    Cookie-Policy: strict\n");
  EXPECT_EQ(ShowMessage("Authorization\r\n", kAll), "    Authorization\n");
}

TEST(ShowMessageTest, ABodyIsShownAsItIs) {
  EXPECT_THAT(ShowMessage("POST / HTTP/1.1\r\n\r\nCookie: recipe", kAll),
              HasSubstr("    Cookie: recipe\n"));
}

TEST(ShowMessageTest, ControlCharactersCannotReachTheTerminal) {
  const std::string shown = ShowMessage(std::string("a\x1b[2J\x07\x7f\0\tb", 10), kAll);
  EXPECT_EQ(shown, "    a\\x1b[2J\\x07\\x7f\\x00\tb\n");
}

TEST(ShowMessageTest, LongMessagesAreCutAndSaySo) {
  EXPECT_EQ(ShowMessage("0123456789", 4), "    0123\n    … 6 bytes more\n");
  EXPECT_EQ(ShowMessage("0123", 4), "    0123\n");
  EXPECT_EQ(ShowMessage("", 4), "");
}

TEST(OnceTraceTest, AnExchangeIsToldWithItsChecksAndWithoutColourInAPipe) {
  Sample sample;
  sample.status_code = 503;
  sample.ok = false;
  sample.failure = "status 503";
  sample.service = std::chrono::microseconds(1500);
  RequestTrace::Exchange exchange;
  exchange.name = "Buy";
  exchange.request = "GET / HTTP/1.1\r\nCookie: s3cret\r\n\r\n";
  exchange.response = "HTTP/1.1 503 Down\r\n\r\n";
  exchange.body = "sorry";
  exchange.sample = &sample;
  OnceTrace trace(/*colour=*/false);
  testing::internal::CaptureStdout();
  trace.OnText("task Buyer.buy");
  trace.OnCheck("Buy", "status is 200", false);
  trace.OnExchange(exchange);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("== task Buyer.buy\n"));
  EXPECT_THAT(text, HasSubstr("FAILED Buy: status 503 in 1.50 ms – status 503\n"));
  EXPECT_THAT(text, HasSubstr("    sorry\n"));
  EXPECT_THAT(text, HasSubstr("  ✗ status is 200\n"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(OnceTraceTest, AnEmptyTextIsALineOfItsOwn) {
  OnceTrace trace(/*colour=*/false);
  testing::internal::CaptureStdout();
  trace.OnText("");
  trace.OnText("    ");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "== \n==     \n");
}

}  // namespace
}  // namespace squall
