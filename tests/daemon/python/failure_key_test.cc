#include "daemon/python/failure_key.h"

#include <string>

#include <gtest/gtest.h>

namespace squall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FailureKeyTest : public testing::Test {
 protected:
  FailureKeyTest() {
    call.request.origin = {false, "shop.test", 8080};
    call.request.target = "/a";
    call.request.connect_timeout = seconds(5);
    call.request.read_timeout = milliseconds(100);
    call.phase = HttpCall::Phase::kReading;
  }
  std::string Key(NetError::Kind kind, const std::string& text = "", bool fast = false) {
    call.error = {kind, text};
    return ErrorKey(call, fast);
  }

  HttpCall call;
};

TEST_F(FailureKeyTest, OfErrorsOfTheSystemIsPythonsOwn) {
  using Kind = NetError::Kind;
  EXPECT_EQ(Key(Kind::kRefused), "ConnectionRefusedError(111, 'Connection refused')");
  EXPECT_EQ(Key(Kind::kReset), "ConnectionResetError(104, 'Connection reset by peer')");
  EXPECT_EQ(Key(Kind::kName, "name not resolved: x: Temporary failure in name resolution"),
            "gaierror(-3, 'Temporary failure in name resolution')");
  EXPECT_EQ(Key(Kind::kName, "name not resolved: x: Name or service not known"),
            "gaierror(-2, 'Name or service not known')");
}

TEST_F(FailureKeyTest, OfTlsIsPythonsButForTheLineOfItsSource) {
  const std::string text = "TLS: certificate not trusted: self-signed certificate";
  const std::string inner =
      "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
      "self-signed certificate')";
  EXPECT_EQ(Key(NetError::Kind::kTls, text), "SSLError(" + inner + ")");
  EXPECT_EQ(Key(NetError::Kind::kTls, text, true), inner);
  EXPECT_EQ(Key(NetError::Kind::kTls, "TLS: it's wrong"), "SSLError(\"TLS: it's wrong\")");
}

TEST_F(FailureKeyTest, OfTooManyRedirectsSaysHowMany) {
  call.too_many_redirects = true;
  call.request.redirects_max = 3;
  call.history.resize(1);
  call.history[0].url = "http://shop.test/";
  EXPECT_EQ(Key(NetError::Kind::kProtocol), "TooManyRedirects('Exceeded 3 redirects.')");
  EXPECT_EQ(Key(NetError::Kind::kProtocol, "", true),
            "RetriesExceeded('http://shop.test/', 'Redirection limit reached (3)')");
}

TEST_F(FailureKeyTest, OfTimeoutsSaysWhichAndHowLong) {
  EXPECT_EQ(Key(NetError::Kind::kTimedOut),
            "ReadTimeout(ReadTimeoutError(\"HTTPConnectionPool(host='shop.test', port=8080): Read "
            "timed out. (read timeout=0.1)\"))");
  EXPECT_EQ(Key(NetError::Kind::kTimedOut, "", true),
            "RetriesExceeded('http://shop.test:8080/a', 0, original=timed out)");
  call.phase = HttpCall::Phase::kConnecting;
  call.request.origin.tls = true;
  EXPECT_EQ(Key(NetError::Kind::kTimedOut),
            "ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x....>, "
            "'Connection to shop.test timed out. (connect timeout=5)')");
}

TEST_F(FailureKeyTest, OfAClosedConnectionSaysWhetherAReplyHadBegun) {
  EXPECT_EQ(Key(NetError::Kind::kClosed),
            "RemoteDisconnected('Remote end closed connection without response')");
  EXPECT_EQ(Key(NetError::Kind::kClosed, "", true), "HTTPConnectionClosed('connection closed.')");
  call.first_byte_at = TimePoint(seconds(1));
  EXPECT_EQ(Key(NetError::Kind::kClosed),
            "ChunkedEncodingError(ProtocolError('Response ended prematurely'))");
  EXPECT_EQ(Key(NetError::Kind::kClosed, "", true), "HTTPParseError('Incomplete response.')");
}

TEST_F(FailureKeyTest, OfAStatusNamesTheRequest) {
  call.reply.status = 404;
  call.reply.head = "HTTP/1.1 404 Not Found\r\n\r\n";
  EXPECT_EQ(StatusKey(call, false, "/[id]"),
            "HTTPError('404 Client Error: Not Found for url: /[id]')");
  EXPECT_EQ(StatusKey(call, true, "/[id]"), "LocustBadStatusCode(code=404)");
  call.reply.status = 503;
  call.reply.head = "HTTP/1.1 503\r\n\r\n";
  EXPECT_EQ(StatusKey(call, false, "x"), "HTTPError('503 Server Error:  for url: x')");
}

TEST(IsOkStatusTest, TheTwoClientsDiffer) {
  for (const int status : {200, 204, 302, 308}) {
    EXPECT_TRUE(IsOkStatus(status, false)) << status;
    EXPECT_TRUE(IsOkStatus(status, true)) << status;
  }
  for (const int status : {209, 300, 305, 310}) {
    EXPECT_TRUE(IsOkStatus(status, false)) << status;
    EXPECT_FALSE(IsOkStatus(status, true)) << status;
  }
  for (const int status : {400, 404, 500, 599}) {
    EXPECT_FALSE(IsOkStatus(status, false)) << status;
    EXPECT_FALSE(IsOkStatus(status, true)) << status;
  }
}

TEST(QuotedTest, QuotesAsPythonDoes) {
  EXPECT_EQ(Quoted("a"), "'a'");
  EXPECT_EQ(Quoted("it's"), "\"it's\"");
  EXPECT_EQ(Quoted("it's \"x\""), "'it\\'s \"x\"'");
  EXPECT_EQ(Quoted("a\\b"), "'a\\\\b'");
}

}  // namespace
}  // namespace squall
